"""Moving value: single transfers, batches, reversals and adjustments."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.api.bodies import (
    AdjustmentIn,
    BatchIn,
    BatchItem,
    BatchOut,
    ReversalIn,
    TransferIn,
    TransferOut,
)
from guerdon.kernel.ledger.api.shapes import (
    KeyHeader,
    KeyHeaderOrField,
    amount_minor,
    in_decimals,
    posting_of,
    show_transfer,
    the_key,
)
from guerdon.kernel.ledger.catalogue import catalogue, unit_of
from guerdon.kernel.ledger.errors import BatchTooLargeError, KeyMissingError
from guerdon.kernel.ledger.schemas import Account, Posted, Posting

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])

Poster = Annotated[Principal, Depends(requires("ledger:post"))]
Adjuster = Annotated[Principal, Depends(requires("ledger:adjust"))]

ITEMS_MAX = 10_000
"""The most transfers in a batch over HTTP; from Python it is ten times as many."""
BODY_LIMITS = {"/api/v1/ledger/transfers/batch": 8 * 1_048_576}
"""A batch of that size needs a larger body than requests may have otherwise."""

REPLAY: dict[int | str, dict[str, Any]] = {
    200: {"model": TransferOut, "description": "It stood there already: `replayed` is true."}
}


@router.post("/transfers", status_code=201, responses={**REPLAY, **problem_responses(404, 409)})
def post_transfer(
    body: TransferIn,
    response: Response,
    who: Poster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeaderOrField = None,
) -> TransferOut:
    """Move value from one account to another."""
    posting = posting_of(session, body, the_key(idempotency_key, body.idempotency_key), who)
    posted = service.post(session, posting, clock.now())
    return answer(session, response, service.owner_of(posting), posted)


def answer(session: Session, response: Response, owner_id: UUID, posted: Posted) -> TransferOut:
    """The transfer that a posting made, or had made before (then with status 200)."""
    if posted.transfer_id is None:
        raise AssertionError("a posting that was not refused has a transfer")
    if posted.replayed:
        response.status_code = 200
    return show_transfer(session, owner_id, posted.transfer_id, replayed=posted.replayed)


@router.post("/transfers/batch", responses=problem_responses(404, 409))
def post_batch(body: BatchIn, who: Poster, session: SessionDep, clock: ClockDep) -> BatchOut:
    """Move value many times at once, in order: all or nothing, or with a verdict for each transfer."""
    if len(body.transfers) > ITEMS_MAX:
        raise BatchTooLargeError(field="transfers", items=len(body.transfers), items_max=ITEMS_MAX)
    atomic = body.mode == "atomic"
    postings: list[Posting] = []
    numbers: list[int] = []
    refused: dict[int, Posted] = {}
    for number, item in enumerate(body.transfers, start=1):
        try:
            if item.idempotency_key is None:
                raise KeyMissingError(field="idempotency_key")
            postings.append(posting_of(session, item, item.idempotency_key, who))
            numbers.append(number)
        except GuerdonError as exc:
            if atomic:
                raise _of_item(exc, number) from exc
            refused[number] = Posted(number, exc.code.replace("-", "_"), None, None, None, dict(exc.params))
    act = service.dry_run if body.dry_run else service.post_batch
    try:
        outcomes = act(session, postings, clock.now(), all_or_nothing=atomic)
    except GuerdonError as exc:
        raise _of_item(exc, exc.params.get("item")) from exc
    judged = dict(zip(numbers, outcomes, strict=True))
    found = {**refused, **judged}
    items = [
        _show_item(session, number, found[number], item.debit.unit, dry_run=body.dry_run)
        for number, item in enumerate(body.transfers, start=1)
    ]
    return BatchOut(
        dry_run=body.dry_run,
        posted=sum(each.verdict == "posted" for each in items),
        replayed=sum(each.verdict == "replayed" for each in items),
        refused=sum(each.verdict not in ("posted", "replayed") for each in items),
        items=items,
    )


def _of_item(exc: GuerdonError, number: int | None) -> GuerdonError:
    """The same error, its field as a path from the body's root."""
    if number is not None:
        exc.field = f"transfers.{number - 1}" + (f".{exc.field}" if exc.field else "")
    return exc


def _show_item(session: Session, number: int, posted: Posted, unit: str, *, dry_run: bool) -> BatchItem:
    known = catalogue(session).units.get(unit)
    scale = known[1].scale if known else 0
    return BatchItem(
        item=number,
        verdict=posted.verdict,
        transfer_id=None if dry_run and not posted.replayed else posted.transfer_id,
        debit_after=to_text(posted.debit_after, scale) if posted.debit_after is not None else None,
        credit_after=to_text(posted.credit_after, scale) if posted.credit_after is not None else None,
        problem={} if posted.accepted else in_decimals(posted.problem, scale),
    )


@router.post(
    "/owners/{owner_id}/transfers/{transfer_id}/reverse",
    status_code=201,
    responses={**REPLAY, **problem_responses(404, 409)},
)
def reverse_transfer(
    owner_id: UUID,
    transfer_id: UUID,
    body: ReversalIn,
    response: Response,
    who: Poster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeader = None,
) -> TransferOut:
    """Take a transfer back by a new one, in whole or in part; of a gift, from the one who received it."""
    key = the_key(idempotency_key)
    unit = unit_of(session, show_transfer(session, owner_id, transfer_id, replayed=True).unit)
    posted = service.reverse(
        session,
        owner_id,
        transfer_id,
        key=key,
        at=clock.now(),
        amount_minor=amount_minor(body.amount, unit) if body.amount is not None else None,
        reason=body.reason,
        actor_id=who.user_id,
    )
    if not posted.replayed:
        new = {"reverses_id": transfer_id, "transfer_id": posted.transfer_id}
        announce(
            session,
            Act("ledger.transfer_reversed", "owner", owner_id, actor_id=who.user_id, new=new, reason=body.reason),
        )
    return answer(session, response, owner_id, posted)


@router.post("/adjustments", status_code=201, responses={**REPLAY, **problem_responses(404, 409)})
def adjust(
    body: AdjustmentIn,
    response: Response,
    who: Adjuster,
    session: SessionDep,
    clock: ClockDep,
    idempotency_key: KeyHeader = None,
) -> TransferOut:
    """Correct a balance by hand, with a reason; never one's own."""
    key = the_key(idempotency_key)
    unit = unit_of(session, body.unit)
    posted = service.adjust(
        session,
        Account(body.owner_id, body.unit),
        to_minor(body.amount, unit),
        reason=body.reason,
        actor_id=who.user_id,
        key=key,
        at=clock.now(),
    )
    return answer(session, response, body.owner_id, posted)
