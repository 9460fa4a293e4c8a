"""Who comes, what they paid, what has to be handed back: for staff."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import ConflictError, FieldError
from guerdon.core.money import parse_decimal
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.streaming import stream
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, attempt
from guerdon.kernel.identity.service.accounts import names_of
from guerdon.programs.events.errors import OwnPaymentError, RegistrationNotFoundError
from guerdon.programs.events.models import Event, Registration, RegistrationStatus
from guerdon.programs.events.pages.asked import PAGE_SIZE, Word
from guerdon.programs.events.pages.registering import tell_refusal
from guerdon.programs.events.pages.shown import AS_IS, page
from guerdon.programs.events.schemas import AttendeeFilters
from guerdon.programs.events.service import attendees, changing, paying, reading, registering
from guerdon.programs.events.service.changing import state_at
from guerdon.programs.events.service.holders import HOLDING, AccountState, held_by_nobody, state_of_account
from guerdon.programs.events.service.providers import DESK
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import SentForm
from guerdon.web.typed import plain_number
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/events")

Keeper = Annotated[Principal, Depends(requires("events:attendees"))]

NO_SHOW, UNPAID, SUSPENDED = "no_show", "unpaid", "suspended"


def narrowed(clock: ClockDep, q: Word = "", status: Word = "") -> AttendeeFilters:
    """Dependency: what the list is narrowed to. What makes no sense filters nothing."""
    return AttendeeFilters(
        status=next((each for each in RegistrationStatus if each.value == status), None),
        no_show_by=clock.now() if status == NO_SHOW else None,
        unpaid=status == UNPAID,
        suspended=status == SUSPENDED,
        search=q,
    )


Narrowed = Annotated[AttendeeFilters, Depends(narrowed)]


@router.get("/{event_id}/attendees")
def show_attendees(
    request: Request,
    event_id: UUID,
    _who: Keeper,
    session: SessionDep,
    clock: ClockDep,
    filters: Narrowed,
    q: Word = "",
    status: Word = "",
    cursor: Cursor = None,
) -> Response:
    """Registrations, in the order in which they were made."""
    event = reading.get(session, event_id)
    after = decode_cursor(cursor, datetime, UUID)
    rows = attendees.listed(
        session, event_id, filters, after=(after[0], after[1]) if after else None, limit=PAGE_SIZE + 1
    )
    shown = rows[:PAGE_SIZE]
    last = shown[-1].registration if len(rows) > PAGE_SIZE else None
    context = {
        "event": event,
        "rows": shown,
        "filters": FormState({"q": q, "status": status}),
        "narrowed": bool(q or status),
        "counts": attendees.counts(session, event_id),
        "suspended": held_by_nobody(session, event_id),
        "freeable": state_at(event, clock.now()) in ("published", "running"),
        "cursor": cursor,
        "next_cursor": encode_cursor(last.registration_date, last.id) if last else None,
    }
    return page(request, "staff/attendees.html", context)


@router.get("/{event_id}/attendees.csv")
def export(
    request: Request, event_id: UUID, _who: Keeper, session: SessionDep, database: DatabaseDep, filters: Narrowed
) -> Response:
    """The registrations that the filters find, streamed."""
    reading.get(session, event_id)

    def rows() -> Iterator[str]:
        with database.transaction() as own:
            yield from attendees.export_csv(own, event_id, filters)

    csv_type = "text/csv; charset=utf-8"
    return stream(request, rows(), media_type=csv_type, filename="attendees.csv", each_on_its_own=False)


@router.post("/{event_id}/attendees/free-suspended")
def free_suspended(request: Request, event_id: UUID, who: Keeper, session: SessionDep, clock: ClockDep) -> Response:
    """Give the places of suspended and closed accounts to others."""
    try:
        with attempt(session):
            freed = registering.free_suspended(session, clock, event_id, actor_id=who.user_id)
    except ConflictError as exc:
        tell_refusal(request, exc)
    else:
        text = viewer_of(request).translator.ngettext(
            "{number} registration cancelled.", "{number} registrations cancelled.", freed
        )
        flash(request, AS_IS, text=text)
    return redirect(request, f"/staff/events/{event_id}/attendees")


@router.get("/registrations/{registration_id}")
def show_registration(request: Request, registration_id: UUID, _who: Keeper, session: SessionDep) -> Response:
    """One registration: who, where it stands, what was paid."""
    return _registration(request, session, registration_id, FormState())


def _registration(
    request: Request, session: Session, registration_id: UUID, state: FormState, status: int = 200
) -> Response:
    found = _found(session, registration_id)
    context = {
        "registration": found,
        "event": session.get_one(Event, found.event_id),
        "name": names_of(session, {found.user_id}).get(found.user_id, ""),
        "payments": paying.of_registrations(session, [found.id]).get(found.id, []),
        "channels": DESK.channels,
        "cancellable": found.status in HOLDING,
        "suspended": found.status in HOLDING and state_of_account(session, found.user_id) is not AccountState.OPEN,
        "state": state,
    }
    return page(request, "staff/registration.html", context, status)


def _found(session: Session, registration_id: UUID) -> Registration:
    found = session.get(Registration, registration_id, populate_existing=True)
    if found is None:
        raise RegistrationNotFoundError
    return found


@router.post("/registrations/{registration_id}/cancel")
def cancel(
    request: Request, registration_id: UUID, who: Keeper, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Cancel somebody's registration, with a reason that they read."""
    try:
        with attempt(session):
            registering.cancel(session, clock, registration_id, actor_id=who.user_id, reason=sent.get("reason", ""))
    except (FieldError, ConflictError) as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("The registration is cancelled; the member is told."))
    return redirect(request, f"/staff/events/registrations/{registration_id}")


@router.post("/registrations/{registration_id}/pay")
def record_payment(
    request: Request,
    registration_id: UUID,
    who: Keeper,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Record that they paid at the desk."""
    try:
        with attempt(session):
            paying.record(session, clock, who.user_id, registration_id, channel=sent.get("channel", ""))
    except (FieldError, ConflictError, OwnPaymentError) as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("The payment is recorded."))
    return redirect(request, f"/staff/events/registrations/{registration_id}")


@router.post("/payments/{payment_id}/refund")
def refund(
    request: Request,
    payment_id: UUID,
    who: Keeper,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Give back a charge, or part of it."""
    registration_id = paying.get(session, payment_id).registration_id
    try:
        with attempt(session):
            why = changing.checked_reason(sent.get("reason", ""))
            text = plain_number(sent.get("amount", ""))
            amount = parse_decimal(text, field="amount") if text else None
            seen = sent.get("seen_minor", "")
            seen_minor = int(seen) if seen.isdecimal() and len(seen) < 20 else None
            paying.refund(session, clock, who.user_id, payment_id, reason=why, amount=amount, seen_minor=seen_minor)
    except (FieldError, ConflictError, OwnPaymentError) as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("The refund is under way."))
    return redirect(request, f"/staff/events/registrations/{registration_id}")


@router.get("/payouts")
def show_payouts(request: Request, _who: Keeper, session: SessionDep) -> Response:
    """Refunds that the desk has to hand back."""
    rows = paying.payouts(session)
    context = {
        "rows": rows,
        "names": names_of(session, {each.user_id for each in rows}),
        "titles": reading.titles(session, {each.event_id for each in rows}),
    }
    return page(request, "staff/payouts.html", context)


@router.post("/payments/{payment_id}/handed-back")
def hand_back(request: Request, payment_id: UUID, who: Keeper, session: SessionDep, clock: ClockDep) -> Response:
    """Say that one was handed back."""
    try:
        with attempt(session):
            paying.hand_back(session, clock, who.user_id, payment_id)
    except (ConflictError, OwnPaymentError) as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("Noted: it was handed back."))
    return redirect(request, "/staff/events/payouts")
