"""Registering, waiting, taking an offer, paying, cancelling, looking back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceDep, OnceIfKeyedDep
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.transaction import ClockDep, SessionDep, act_as_staff
from guerdon.programs.events.api.bodies import (
    BegunOut,
    CancelRegistrationIn,
    OwnOut,
    PayIn,
    RegisterIn,
    RegistrationOut,
)
from guerdon.programs.events.api.shapes import show_own, show_own_registration, show_payment
from guerdon.programs.events.schemas import Own
from guerdon.programs.events.service import paying, reading
from guerdon.programs.events.service import registering as service

router = APIRouter()

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/registrations")
def list_own(
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    upcoming: Annotated[bool, Query(description="Only live ones of events to come, the next first.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[OwnOut]:
    """Your registrations, the latest event first; cancelled and lapsed ones too."""
    after = decode_cursor(cursor, datetime, UUID)
    rows = reading.own(
        session,
        who.user_id,
        after=(after[0], after[1]) if after else None,
        limit=limit + 1,
        upcoming_at=clock.now() if upcoming else None,
    )
    return page_of(rows, limit, show=show_own, key=_key)


def _key(row: Own) -> tuple[datetime, UUID]:
    return row.event.start_time, row.registration.id


@router.post(
    "/{event_id}/registrations", status_code=201, response_model=RegistrationOut, responses=problem_responses(409)
)
def register(
    event_id: UUID,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    once: OnceIfKeyedDep,
    body: RegisterIn | None = None,
) -> Response:
    """Register for an event; when every place is taken, you join its waiting list."""

    def effect() -> RegistrationOut:
        wait = (body or RegisterIn()).join_waiting_list
        made = service.register(session, clock, who.user_id, event_id, wait=wait)
        return show_own_registration(session, made)

    return once.run(effect, status=201)


@router.get("/registrations/{registration_id}")
def get_registration(registration_id: UUID, who: Member, session: SessionDep) -> RegistrationOut:
    """One of your registrations, with its payments."""
    return show_own_registration(session, service.get_own(session, who.user_id, registration_id))


@router.post("/registrations/{registration_id}/accept", responses=problem_responses(409))
def accept(registration_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> RegistrationOut:
    """Take the place that is offered to you."""
    return show_own_registration(session, service.accept(session, clock, who.user_id, registration_id))


@router.post("/registrations/{registration_id}/cancel", responses=problem_responses(409))
def cancel(
    registration_id: UUID,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    body: CancelRegistrationIn | None = None,
) -> RegistrationOut:
    """Cancel your registration before the event begins; what you paid is given back.

    Staff who give a reason cancel anybody's.
    """
    if body is not None and body.reason is not None and who.may("events:attendees"):
        act_as_staff(session)
        gone = service.cancel(session, clock, registration_id, actor_id=who.user_id, reason=body.reason)
    else:
        gone = service.cancel(session, clock, registration_id, user_id=who.user_id)
    return show_own_registration(session, gone)


@router.post(
    "/registrations/{registration_id}/payments",
    status_code=201,
    response_model=BegunOut,
    responses=problem_responses(409),
)
def pay(
    registration_id: UUID, body: PayIn, who: Member, session: SessionDep, clock: ClockDep, once: OnceDep
) -> Response:
    """Begin to pay for your registration."""

    def effect() -> BegunOut:
        charge, answer = paying.begin(session, clock, who.user_id, registration_id, channel=body.channel)
        return BegunOut(payment=show_payment(charge), url=answer.url)

    return once.run(effect, status=201)
