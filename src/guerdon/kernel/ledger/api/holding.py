"""Holds: value set aside, captured or released."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.api.bodies import CaptureIn, HoldIn, HoldOut, ReleaseIn, TransferOut
from guerdon.kernel.ledger.api.posting import REPLAY, answer
from guerdon.kernel.ledger.api.shapes import (
    KeyHeader,
    OwnerPath,
    amount_minor,
    readable_owner,
    reference_of,
    show_hold,
    target_of,
    the_key,
)
from guerdon.kernel.ledger.catalogue import catalogue, unit_of
from guerdon.kernel.ledger.schemas import Account

router = APIRouter(prefix="/api/v1/ledger/owners", tags=["ledger"])

Poster = Annotated[Principal, Depends(requires("ledger:post"))]
HELD_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": HoldOut, "description": "It was held already: `replayed` is true."}
}


@router.post("/{owner_id}/holds", status_code=201, responses={**HELD_BEFORE, **problem_responses(404, 409)})
def hold(
    owner_id: UUID,
    body: HoldIn,
    response: Response,
    who: Poster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeader = None,
) -> HoldOut:
    """Set aside what is available, so that nothing else can spend it.

    What was due before it was asked for is given back at once, and the answer says so.
    """
    key = the_key(idempotency_key)
    posted = service.hold(
        session,
        Account(owner_id, body.unit),
        amount_minor(body.amount, unit_of(session, body.unit)),
        key=key,
        at=clock.now(),
        due_at=body.due_at,
        into=body.into,
        reference=reference_of(body.reference),
        actor_id=who.user_id,
    )
    if posted.transfer_id is None:
        raise AssertionError("a hold that was not refused has a transfer")
    if posted.replayed:
        response.status_code = 200
    service.settle_owner(session, owner_id, clock.now())
    return show_hold(session, service.get_hold(session, owner_id, posted.transfer_id), replayed=posted.replayed)


@router.get("/{owner_id}/holds/{hold_id}", responses=problem_responses(404))
def get_hold(owner_id: OwnerPath, hold_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> HoldOut:
    """A hold and what is left of it; others' need ``ledger:read``."""
    owner = readable_owner(session, owner_id, who)
    service.settle_owner(session, owner, clock.now())
    return show_hold(session, service.get_hold(session, owner, hold_id))


@router.post(
    "/{owner_id}/holds/{hold_id}/capture", status_code=201, responses={**REPLAY, **problem_responses(404, 409)}
)
def capture(
    owner_id: UUID,
    hold_id: UUID,
    body: CaptureIn,
    response: Response,
    who: Poster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeader = None,
) -> TransferOut:
    """Spend what a hold has set aside, in whole or in part; what is left stays held."""
    key = the_key(idempotency_key)
    posted = service.capture(
        session,
        owner_id,
        hold_id,
        key=key,
        at=clock.now(),
        amount_minor=_amount(session, owner_id, hold_id, body),
        to=target_of(body.to),
        kind=body.kind,
        actor_id=who.user_id,
    )
    return answer(session, response, owner_id, posted)


@router.post(
    "/{owner_id}/holds/{hold_id}/release", status_code=201, responses={**REPLAY, **problem_responses(404, 409)}
)
def release(
    owner_id: UUID,
    hold_id: UUID,
    body: ReleaseIn,
    response: Response,
    who: Poster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeader = None,
) -> TransferOut:
    """Give back what a hold has set aside, in whole or in part; let a pending award mature now."""
    key = the_key(idempotency_key)
    posted = service.release(
        session,
        owner_id,
        hold_id,
        key=key,
        at=clock.now(),
        amount_minor=_amount(session, owner_id, hold_id, body),
        actor_id=who.user_id,
    )
    return answer(session, response, owner_id, posted)


def _amount(session: Session, owner_id: UUID, hold_id: UUID, body: CaptureIn | ReleaseIn) -> int | None:
    if body.amount is None:
        return None
    held = service.get_hold(session, owner_id, hold_id)
    return amount_minor(body.amount, catalogue(session).units_by_id[held.unit_id])
