"""Places that become free: offered to those who wait, in their order, for a limited time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, literal_column, or_, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.events.models import Event, EventStatus, Registration, RegistrationStatus
from guerdon.programs.events.service import notices

SWEEP_EVENTS = 100
"""Events that one run of the job settles."""

_SETTLE = text("SELECT id, user_id, status, offer_expires_at FROM events.settle_places(:event_id, :now)")


def settle(session: Session, clock: Clock, event_id: UUID) -> None:
    """Let offers lapse that are over, offer free places to the next in order, and tell them.

    The database does it in one step under the event's lock (``sql/20_places.sql``).
    """
    changed = session.execute(_SETTLE, {"event_id": event_id, "now": clock.now()}).all()
    if not changed:
        return
    event = session.scalars(select(Event).where(Event.id == event_id).execution_options(populate_existing=True)).one()
    offered = [row for row in changed if row.status == RegistrationStatus.OFFERED]
    if offered:  # all at once, so until the same moment
        notices.places_offered(session, event, _by_member(offered), offered[0].offer_expires_at)
    lapsed = [row for row in changed if row.status != RegistrationStatus.OFFERED]
    if lapsed and event.start_time > clock.now():
        notices.offers_lapsed(session, event, _by_member(lapsed))


def _by_member(rows: Sequence[Row[Any]]) -> dict[UUID, UUID]:
    return {row.user_id: row.id for row in rows}


def unsettled(session: Session, now: datetime, limit: int = SWEEP_EVENTS) -> Sequence[UUID]:
    """Events where an offer is over, a free place meets somebody who waits, or somebody waits after the start."""
    lapsed = select(Registration.event_id).where(
        Registration.status == RegistrationStatus.OFFERED, Registration.offer_expires_at <= now
    )
    free = select(Event.id).where(
        Event.status == EventStatus.PUBLISHED,
        Event.waiting > 0,
        or_(
            Event.start_time <= now,
            Event.max_participants.is_(None),
            Event.places_taken < Event.max_participants,
        ),
    )
    query: Select[Any] = select(literal_column("event_id")).select_from(lapsed.union(free).subquery())
    return session.scalars(query.order_by(literal_column("event_id")).limit(limit)).all()


def sweep(session: Session, clock: Clock) -> int:
    """Settle every event that needs it, up to a bound; returns how many did."""
    found = unsettled(session, clock.now())
    for event_id in found:
        settle(session, clock, event_id)
    return len(found)


def waiting_before(session: Session, registration_id: UUID) -> int | None:
    """How many wait before a registration; None unless it waits."""
    found: int | None = session.scalar(select(func.events.waiting_before(registration_id)))
    return found
