"""Changing, publishing, cancelling and discarding events."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.texts import is_blank
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.errors import (
    CancellationReasonError,
    CapacityBelowTakenError,
    EventChangedError,
    EventStateError,
    InThePastError,
    NotInASeriesError,
)
from guerdon.programs.events.models import Event, EventStatus, Registration, RegistrationStatus
from guerdon.programs.events.schemas import REASON_LENGTH_MAX, EventIn, Scope
from guerdon.programs.events.service import notices, paying, places, reading
from guerdon.programs.events.service.checking import Checked, checked, zone_named
from guerdon.programs.events.service.counted import check_stays
from guerdon.programs.events.service.holders import HOLDING
from guerdon.programs.events.service.series import start_on

TOLD = ("title", "start_time", "end_time", "location", "max_participants", "points_reward", "price_minor", "currency")
"""What of an event goes on record when it changes."""

MOVED = ("start_time", "end_time", "location")
"""What those who are registered are told of when it changes."""


def change(
    session: Session,
    clock: Clock,
    actor_id: UUID,
    event_id: UUID,
    given: EventIn,
    *,
    scope: Scope = Scope.ONE,
    revision: int | None = None,
) -> Event:
    """Change an event, or it and all that follow in its series.

    Those that follow keep their days and take everything else, with the new time of day; what is cancelled or has begun
    stays as it is. Whoever is registered is told when time or place change; a capacity that grows is offered to those
    who wait.

    Args:
        revision: what the editor saw; refused if it has changed since.

    Raises:
        EventNotFoundError, EventChangedError: there is none; it changed since ``revision``.
        EventStateError: it is cancelled.
        FieldErrors: everything that is wrong with what was said.
        InThePastError: one that follows would have begun by now; nothing changes.
        CapacityBelowTakenError: more places are taken, at this event or one that follows; nothing changes.
        EventAttendedError: it would be on another day or of another type, and somebody is checked in; nothing changes.
        NotInASeriesError: it stands alone, and those that follow were asked for.
    """
    event = locked(session, event_id, revision)
    if event.status is EventStatus.CANCELLED:
        raise EventStateError(status=event.status.value)
    if scope is Scope.FOLLOWING and event.series_id is None:
        raise NotInASeriesError(field="scope")
    found = checked(session, clock.now(), given, present=event)
    following = _following(session, clock, event) if scope is Scope.FOLLOWING else []
    before = {each.id: _told(each, (*TOLD, *MOVED)) for each in (event, *following)}
    _take(session, clock, event, given, found)
    for each in following:
        _take(session, clock, each, given, _same_day(each, found, clock.now()))
    session.flush()
    for each in (event, *following):
        session.refresh(each)
        _after_change(session, clock, actor_id, each, before[each.id])
    return event


def _following(session: Session, clock: Clock, event: Event) -> Sequence[Event]:
    query = (
        select(Event)
        .where(
            Event.series_id == event.series_id,
            Event.occurrence > event.occurrence,
            Event.status != EventStatus.CANCELLED,
            Event.start_time > clock.now(),
        )
        .order_by(Event.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def _same_day(each: Event, found: Checked, now: datetime) -> Checked:
    """What was said of one event, for another of its series, which may be on today before that time of day is over."""
    zone = zone_named(each.time_zone) or found.zone
    start = start_on(each.start_time.astimezone(zone).date(), found.start, found.zone)
    if start <= now:
        raise InThePastError(field="start_time")
    return Checked(start, start + (found.end - found.start), found.zone, found.price_minor)


def _take(session: Session, clock: Clock, event: Event, given: EventIn, found: Checked) -> None:
    check_stays(session, event, start=found.start, event_type=given.event_type)
    if given.max_participants is not None and given.max_participants < event.places_taken:
        day = event.start_time.astimezone(found.zone).date()
        occasion = f" ({day.isoformat()})" if event.series_id else ""
        raise CapacityBelowTakenError(field="max_participants", taken=event.places_taken, occasion=occasion)
    for name, value in found.values(given).items():
        setattr(event, name, value)
    event.revision += 1
    event.updated_at = clock.now()


def _after_change(session: Session, clock: Clock, actor_id: UUID, event: Event, before: dict[str, Any]) -> None:
    after = _told(event, (*TOLD, *MOVED))
    old = {name: value for name, value in before.items() if after[name] != value}
    announce(
        session,
        Act(
            "events.event_changed",
            "event",
            event.id,
            actor_id=actor_id,
            old=old,
            new={name: after[name] for name in old},
        ),
    )
    if event.status is not EventStatus.PUBLISHED:
        return
    if any(name in old for name in MOVED) and event.end_time > clock.now():
        notices.moved(session, event, _registered(session, event.id))
    places.settle(session, clock, event.id)


def _told(event: Event, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(event, name) for name in names}


def _registered(session: Session, event_id: UUID) -> Sequence[UUID]:
    query = select(Registration.user_id).where(Registration.event_id == event_id, Registration.status.in_(HOLDING))
    return session.scalars(query).all()


def publish(
    session: Session, clock: Clock, actor_id: UUID, event_id: UUID, *, scope: Scope = Scope.ONE
) -> Sequence[Event]:
    """Publish a draft, or it and the drafts that follow in its series; from now on members see it and register.

    Raises:
        EventNotFoundError, EventStateError: there is none, or it is no draft.
        InThePastError: it would have begun.
        NotInASeriesError: it stands alone, and those that follow were asked for.
    """
    event = locked(session, event_id)
    if event.status is not EventStatus.DRAFT:
        raise EventStateError(status=event.status.value)
    if event.start_time <= clock.now():
        raise InThePastError(field="start_time")
    if scope is Scope.FOLLOWING and event.series_id is None:
        raise NotInASeriesError(field="scope")
    following = _following(session, clock, event) if scope is Scope.FOLLOWING else []
    chosen = [event, *(each for each in following if each.status is EventStatus.DRAFT)]
    for each in chosen:
        each.status, each.published_at, each.updated_at = EventStatus.PUBLISHED, clock.now(), clock.now()
        each.revision += 1
        announce(session, Act("events.event_published", "event", each.id, actor_id=actor_id))
    session.flush()
    for each in chosen:
        session.refresh(each)
    return chosen


def cancel(
    session: Session, clock: Clock, actor_id: UUID, event_id: UUID, *, reason: str, scope: Scope = Scope.ONE
) -> Sequence[Event]:
    """Cancel an event, or it and all that follow in its series.

    Whoever is registered or waits is told why; what they paid is given back. Who attended already (an event may be
    broken off) keeps registration, payment and points.

    Raises:
        EventNotFoundError, EventStateError: there is none; it is cancelled, or over.
        CancellationReasonError: no reason, or one that is too long.
        NotInASeriesError: it stands alone, and those that follow were asked for.
    """
    why = checked_reason(reason)
    event = locked(session, event_id)
    if event.status is EventStatus.CANCELLED or event.end_time <= clock.now():
        raise EventStateError(status="cancelled" if event.status is EventStatus.CANCELLED else "over")
    if scope is Scope.FOLLOWING and event.series_id is None:
        raise NotInASeriesError(field="scope")
    chosen = [event, *(_following(session, clock, event) if scope is Scope.FOLLOWING else ())]
    for each in chosen:
        _call_off(session, clock, actor_id, each, why)
    return chosen


def _call_off(session: Session, clock: Clock, actor_id: UUID, event: Event, why: str) -> None:
    now = clock.now()
    event.status, event.cancelled_at, event.cancellation_reason = EventStatus.CANCELLED, now, why
    event.updated_at, event.revision = now, event.revision + 1
    session.flush()
    gone, refunded = end_registrations(session, clock, actor_id, event, why)
    announce(
        session,
        Act(
            "events.event_cancelled",
            "event",
            event.id,
            actor_id=actor_id,
            reason=why,
            detail={"registrations": gone, "refunded": refunded},
        ),
    )


def end_registrations(session: Session, clock: Clock, actor_id: UUID, event: Event, why: str) -> tuple[int, int]:
    """End what still holds a place at a cancelled event or waits for one: those members are told, and paid back.

    Returns:
        How many there were, and how many got money back.
    """
    gone = session.execute(
        update(Registration)
        .where(Registration.event_id == event.id, Registration.status.in_(HOLDING))
        .values(
            status=RegistrationStatus.CANCELLED,
            cancelled_at=clock.now(),
            cancelled_by=actor_id,
            cancellation_reason=why,
        )
        .returning(Registration.id, Registration.user_id)
        .execution_options(synchronize_session=False)
    ).all()
    refunded = paying.give_back_many(session, clock, [row.id for row in gone], reason=why)
    notices.called_off(session, event, [row.user_id for row in gone], refunded=refunded)
    session.refresh(event)
    return len(gone), len(refunded)


def discard(session: Session, actor_id: UUID, event_id: UUID) -> None:
    """Delete a draft.

    Raises:
        EventNotFoundError, EventStateError: there is none, or it was published.
    """
    event = locked(session, event_id)
    if event.status is not EventStatus.DRAFT:
        raise EventStateError(status=event.status.value)
    told = {"title": event.title, "start_time": event.start_time}
    session.delete(event)
    session.flush()
    announce(session, Act("events.event_discarded", "event", event_id, actor_id=actor_id, old=told))


def locked(session: Session, event_id: UUID, revision: int | None = None) -> Event:
    """An event, locked: every change of it and of who holds its places begins here.

    Raises:
        EventNotFoundError, EventChangedError: there is none; it changed since ``revision``.
    """
    event = reading.get(session, event_id, lock=True)
    if revision is not None and event.revision != revision:
        raise EventChangedError
    return event


def checked_reason(reason: str) -> str:
    """A reason without surrounding space.

    Raises:
        CancellationReasonError: none, or one that is too long.
    """
    why = reason.strip()
    if is_blank(why) or len(why) > REASON_LENGTH_MAX:
        raise CancellationReasonError(field="reason", length_max=REASON_LENGTH_MAX)
    return why


def state_at(event: Event, now: datetime) -> str:
    """Where an event stands: ``draft``, ``published``, ``running``, ``over`` or ``cancelled``."""
    if event.status is not EventStatus.PUBLISHED:
        return event.status.value
    if event.end_time <= now:
        return "over"
    return "running" if event.start_time <= now else "published"
