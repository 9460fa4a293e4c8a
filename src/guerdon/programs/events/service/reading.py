"""Reading events: one, lists, a month, a member's own."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from guerdon.programs.events.errors import EventNotFoundError
from guerdon.programs.events.models import (
    LIVE,
    Event,
    EventStatus,
    EventType,
    Registration,
    RegistrationStatus,
)
from guerdon.programs.events.schemas import Filters, ListedEvent, Own
from guerdon.programs.events.service import paying, places

ListedSelect = Select[Event, str, int, Registration]

MONTH_EVENTS_MAX = 500
"""A month's grid shows no more events than these."""


def get(session: Session, event_id: UUID, *, lock: bool = False) -> Event:
    """An event that the reader may see: members see what was ever published.

    Raises:
        EventNotFoundError: there is none.
    """
    query = select(Event).where(Event.id == event_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise EventNotFoundError
    return found


def one(session: Session, event_id: UUID, user_id: UUID | None = None) -> ListedEvent:
    """An event as lists show it.

    Raises:
        EventNotFoundError: there is none that the reader may see.
    """
    query = _listed(Filters(user_id=user_id)).where(Event.id == event_id).execution_options(populate_existing=True)
    row = session.execute(query).one_or_none()
    if row is None:
        raise EventNotFoundError
    return ListedEvent(*row)


def listed(
    session: Session,
    filters: Filters,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    latest_first: bool = False,
) -> list[ListedEvent]:
    """Events by when they begin.

    Args:
        after: start and id of the last one of the page before.
    """
    key = tuple_(Event.start_time, Event.id)
    query = _listed(filters)
    if latest_first:
        query = query.order_by(Event.start_time.desc(), Event.id.desc())
    else:
        query = query.order_by(Event.start_time, Event.id)
    if after is not None:
        query = query.where(key < after if latest_first else key > after)
    return [ListedEvent(*row) for row in session.execute(query.limit(limit))]


def points_of(event: Event, type_: EventType) -> int:
    """What attending is worth: what the event says, or else what its type gives."""
    return type_.default_points if event.points_reward is None else event.points_reward


def _listed(filters: Filters) -> ListedSelect:
    live = (
        and_(
            Registration.event_id == Event.id,
            Registration.user_id == filters.user_id,
            Registration.status.in_(LIVE),
        )
        if filters.user_id is not None
        else false()
    )
    query: ListedSelect = (
        select(
            Event,
            EventType.name,
            func.coalesce(Event.points_reward, EventType.default_points),
            Registration,
        )
        .join(EventType, EventType.code == Event.event_type)
        .outerjoin(Registration, live)
    )
    wanted = []
    if filters.event_type:
        wanted.append(Event.event_type == filters.event_type)
    if filters.since is not None:
        wanted.append(Event.end_time > filters.since)
    if filters.until is not None:
        wanted.append(Event.start_time < filters.until)
    if filters.mine:
        wanted.append(Registration.id.is_not(None))
    if filters.status is not None:
        wanted.append(Event.status == filters.status)
    if filters.series_id is not None:
        wanted.append(Event.series_id == filters.series_id)
    for word in filters.search.split():
        wanted.append(
            or_(
                *(
                    column.icontains(word, autoescape=True)
                    for column in (Event.title, Event.description, Event.location)
                )
            )
        )
    return query.where(*wanted)


def own(
    session: Session,
    user_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    upcoming_at: datetime | None = None,
    past_at: datetime | None = None,
) -> list[Own]:
    """A member's registrations, the latest event first: every one, cancelled and lapsed ones too.

    Args:
        after: start of the event and id of the registration that ended the page before.
        upcoming_at: only those that are live, of events that end after this moment, the next one first.
        past_at: only the others, as of this moment.
    """
    query = (
        select(Registration, Event, EventType.name)
        .join(Event, Event.id == Registration.event_id)
        .join(EventType, EventType.code == Event.event_type)
        .where(Registration.user_id == user_id)
    )
    key = tuple_(Event.start_time, Registration.id)
    if upcoming_at is not None:
        query = query.where(_upcoming(upcoming_at)).order_by(Event.start_time, Registration.id)
    else:
        query = query.order_by(Event.start_time.desc(), Registration.id.desc())
    if past_at is not None:
        query = query.where(not_(_upcoming(past_at)))
    if after is not None:
        query = query.where(key > after if upcoming_at is not None else key < after)
    rows = session.execute(query.limit(limit)).all()
    payments = paying.of_registrations(session, [row[0].id for row in rows])
    return [
        Own(
            registration,
            event,
            type_name,
            places.waiting_before(session, registration.id)
            if registration.status is RegistrationStatus.WAITING
            else None,
            tuple(payments.get(registration.id, ())),
        )
        for registration, event, type_name in rows
    ]


def _upcoming(at: datetime) -> ColumnElement[bool]:
    return and_(Registration.status.in_(LIVE), Event.end_time > at, Event.status == EventStatus.PUBLISHED)


def titles(session: Session, event_ids: Collection[UUID]) -> dict[UUID, str]:
    """The titles of some events, by id."""
    found = session.execute(select(Event.id, Event.title).where(Event.id.in_(event_ids)))
    return {row.id: row.title for row in found}


def currency_used_last(session: Session) -> str:
    """The currency of the latest event that was made, for the form of the next one."""
    return session.scalar(select(Event.currency).order_by(Event.created_at.desc()).limit(1)) or "USD"
