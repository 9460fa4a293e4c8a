"""Who comes to an event, for staff: listed, searched, exported."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from guerdon.core.csv_text import cell, lines
from guerdon.kernel.identity.models import User
from guerdon.programs.events.models import (
    LIVE,
    Attendance,
    AttendanceStatus,
    Event,
    PaymentStatus,
    Registration,
    RegistrationStatus,
)
from guerdon.programs.events.schemas import Attendee, AttendeeFilters
from guerdon.programs.events.service.checking import price_text
from guerdon.programs.events.service.holders import HELD_BY_NOBODY, account_state

AttendeeSelect = Select[Registration, str, str | None, str, datetime]

CHUNK_ROWS = 1000
COLUMNS = (
    *(
        "registration_id",
        "name",
        "email",
        "account",
        "status",
        "registered_at",
        "walk_in",
        "queue_number",
        "check_in_time",
    ),
    *("payment_status", "price", "currency", "cancelled_at", "cancellation_reason"),
)


def listed(
    session: Session,
    event_id: UUID,
    filters: AttendeeFilters,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Attendee]:
    """Registrations for an event, in the order in which they were made."""
    query = _query(event_id, filters).order_by(Registration.registration_date, Registration.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Registration.registration_date, Registration.id) > after)
    return [Attendee(*row) for row in session.execute(query)]


def counts(session: Session, event_id: UUID) -> dict[RegistrationStatus, int]:
    """How many registrations of an event stand where."""
    query = select(Registration.status, func.count()).where(Registration.event_id == event_id)
    found = {row[0]: row[1] for row in session.execute(query.group_by(Registration.status))}
    return {status: found.get(status, 0) for status in RegistrationStatus}


def _query(event_id: UUID, filters: AttendeeFilters) -> AttendeeSelect:
    query: AttendeeSelect = (
        select(Registration, User.name, User.email, account_state(), Attendance.check_in_time)
        .join(User, User.id == Registration.user_id)
        .outerjoin(
            Attendance,
            (Attendance.registration_id == Registration.id) & (Attendance.status == AttendanceStatus.ATTENDED),
        )
        .where(Registration.event_id == event_id)
    )
    if filters.no_show_by is not None:
        over = select(Event.id).where(Event.id == event_id, Event.end_time <= filters.no_show_by).exists()
        query = query.where(Registration.status == RegistrationStatus.REGISTERED, over)
    elif filters.status is not None:
        query = query.where(Registration.status == filters.status)
    if filters.unpaid:
        query = query.where(Registration.payment_status == PaymentStatus.PENDING, Registration.status.in_(LIVE))
    if filters.suspended:
        query = query.where(*HELD_BY_NOBODY)
    for word in filters.search.split():
        query = query.where(
            or_(User.name.icontains(word, autoescape=True), User.email.icontains(word, autoescape=True))
        )
    return query


def export_csv(session: Session, event_id: UUID, filters: AttendeeFilters) -> Iterator[str]:
    """The registrations that a filter finds as CSV, in chunks of many lines."""
    yield lines([COLUMNS])
    after = None
    while rows := listed(session, event_id, filters, after=after, limit=CHUNK_ROWS):
        yield lines(_row(each) for each in rows)
        last = rows[-1].registration
        after = (last.registration_date, last.id)
        session.expunge_all()


def _row(one: Attendee) -> list[str]:
    kept = one.registration
    values = (
        *(kept.id, one.name, one.email, one.account, kept.status.value, kept.registration_date),
        *("yes" if kept.is_walk_in else "no", kept.queue_number, one.check_in_time, kept.payment_status.value),
        *(price_text(kept.price_minor, kept.currency), kept.currency, kept.cancelled_at, kept.cancellation_reason),
    )
    return [cell(each.isoformat(timespec="seconds") if isinstance(each, datetime) else each) for each in values]
