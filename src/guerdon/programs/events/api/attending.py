"""Who comes, and what they paid: for staff."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from guerdon.db.database import Database
from guerdon.http.access import Principal, requires
from guerdon.http.idempotency import OnceDep
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.schemas import Text
from guerdon.http.streaming import stream
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep
from guerdon.programs.events.api.bodies import AttendeeOut, FreedOut, PaymentOut, RecordPaymentIn, RefundIn
from guerdon.programs.events.api.shapes import show_attendee, show_payment
from guerdon.programs.events.models import RegistrationStatus
from guerdon.programs.events.schemas import Attendee, AttendeeFilters
from guerdon.programs.events.service import attendees, changing, paying, reading, registering

router = APIRouter()

Keeper = Annotated[Principal, Depends(requires("events:attendees"))]
CSV = "text/csv; charset=utf-8"
CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": "CSV in UTF-8.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
StatusQuery = Annotated[RegistrationStatus | None, Query(description="Where the registration stands.")]
NoShowQuery = Annotated[bool, Query(description="Who had a place and did not come; nobody before the event is over.")]
UnpaidQuery = Annotated[bool, Query(description="Who still has to pay.")]
SuspendedQuery = Annotated[
    bool, Query(description="Who holds a place or a turn, and cannot be let in: suspended or closed.")
]
SearchQuery = Annotated[Text, Query(max_length=200, description="Part of a name or address.")]


def narrowed(
    clock: ClockDep,
    status: StatusQuery = None,
    no_show: NoShowQuery = False,
    unpaid: UnpaidQuery = False,
    suspended: SuspendedQuery = False,
    search: SearchQuery = "",
) -> AttendeeFilters:
    """Dependency: what the list is narrowed to."""
    return AttendeeFilters(
        status=status,
        no_show_by=clock.now() if no_show else None,
        unpaid=unpaid,
        suspended=suspended,
        search=search,
    )


Narrowed = Annotated[AttendeeFilters, Depends(narrowed)]


@router.get("/{event_id}/attendees")
def list_attendees(
    event_id: UUID,
    _who: Keeper,
    session: SessionDep,
    filters: Narrowed,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AttendeeOut]:
    """Registrations for an event, in the order in which they were made."""
    reading.get(session, event_id)
    after = decode_cursor(cursor, datetime, UUID)
    rows = attendees.listed(session, event_id, filters, after=(after[0], after[1]) if after else None, limit=limit + 1)
    payments = paying.of_registrations(session, [row.registration.id for row in rows])
    return page_of(rows, limit, show=lambda row: show_attendee(row, payments.get(row.registration.id, ())), key=_key)


def _key(row: Attendee) -> tuple[datetime, UUID]:
    return row.registration.registration_date, row.registration.id


@router.get("/{event_id}/attendees/export", response_class=Response, responses=CSV_RESPONSE)
def export_attendees(
    request: Request, event_id: UUID, _who: Keeper, session: SessionDep, database: DatabaseDep, filters: Narrowed
) -> Response:
    """The same as CSV, whole."""
    reading.get(session, event_id)
    return stream(
        request, _chunks(database, event_id, filters), media_type=CSV, filename="attendees.csv", each_on_its_own=False
    )


def _chunks(database: Database, event_id: UUID, filters: AttendeeFilters) -> Iterator[str]:
    # The request's own transaction ends before the first byte goes out.
    with database.transaction() as session:
        yield from attendees.export_csv(session, event_id, filters)


@router.post("/{event_id}/attendees/free-suspended", responses=problem_responses(409))
def free_suspended(event_id: UUID, who: Keeper, session: SessionDep, clock: ClockDep) -> FreedOut:
    """Give the places and turns of suspended and closed accounts to others; what was paid is given back."""
    return FreedOut(freed=registering.free_suspended(session, clock, event_id, actor_id=who.user_id))


@router.post(
    "/registrations/{registration_id}/payments/record",
    status_code=201,
    response_model=PaymentOut,
    responses=problem_responses(403, 409),
)
def record_payment(
    registration_id: UUID, body: RecordPaymentIn, who: Keeper, session: SessionDep, clock: ClockDep, once: OnceDep
) -> Response:
    """Record that somebody paid at the desk."""

    def effect() -> PaymentOut:
        return show_payment(
            paying.record(session, clock, who.user_id, registration_id, channel=body.channel, amount=body.amount)
        )

    return once.run(effect, status=201)


@router.post(
    "/payments/{payment_id}/refund", status_code=201, response_model=PaymentOut, responses=problem_responses(403, 409)
)
def refund(
    payment_id: UUID, body: RefundIn, who: Keeper, session: SessionDep, clock: ClockDep, once: OnceDep
) -> Response:
    """Give back a charge, or part of it."""

    def effect() -> PaymentOut:
        why = changing.checked_reason(body.reason)
        return show_payment(paying.refund(session, clock, who.user_id, payment_id, reason=why, amount=body.amount))

    return once.run(effect, status=201)


@router.post("/payments/{payment_id}/handed-back", responses=problem_responses(403, 409))
def hand_back(payment_id: UUID, who: Keeper, session: SessionDep, clock: ClockDep) -> PaymentOut:
    """Say that a refund of the desk was handed back."""
    return show_payment(paying.hand_back(session, clock, who.user_id, payment_id))


@router.get("/payments/payouts")
def list_payouts(_who: Keeper, session: SessionDep) -> list[PaymentOut]:
    """Refunds that the desk still has to hand back, oldest first."""
    return [show_payment(each) for each in paying.payouts(session)]
