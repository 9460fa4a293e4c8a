"""Making events: one, a series, a copy of one."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.models import Event, EventStatus
from guerdon.programs.events.schemas import EventIn, Repetition
from guerdon.programs.events.service import reading
from guerdon.programs.events.service.checking import Checked, checked
from guerdon.programs.events.service.series import days_of, series_of, start_on

COPIED = (
    *("title", "description", "event_type", "location", "map_url", "time_zone", "max_participants", "points_reward"),
    *("price_minor", "currency", "walk_ins_allowed", "offer_s"),
)
"""What a copy takes over."""


def create(
    session: Session, clock: Clock, actor_id: UUID, given: EventIn, *, repetition: Repetition | None = None
) -> Sequence[Event]:
    """Make an event, or all those of a series, as drafts.

    Every event of a series begins at the same time of day in its zone, whatever the clocks do in between.

    Returns:
        The events, the first one first.

    Raises:
        FieldErrors: everything that is wrong with what was said.
        SeriesEndError, NoOccurrenceError, TooManyOccurrencesError, TooFarAheadError: the repetition.
    """
    found = checked(session, clock.now(), given)
    if repetition is None:
        made = [_event(given, found, actor_id)]
        session.add_all(made)
    else:
        made = _occurrences(session, given, found, repetition, actor_id)
    session.flush()
    for event in made:
        session.refresh(event)
    first = made[0]
    told = {"title": first.title, "start_time": first.start_time, "events": len(made)}
    announce(session, Act("events.event_made", "event", first.id, actor_id=actor_id, new=told))
    return made


def _occurrences(
    session: Session, given: EventIn, found: Checked, repetition: Repetition, actor_id: UUID
) -> list[Event]:
    days = days_of(repetition, found.start.astimezone(found.zone).date())
    series = series_of(repetition, days, found)
    series.id, series.created_by = new_id(), actor_id
    session.add(series)
    session.flush()
    made = [_event(given, _on(day, found), actor_id) for day in days]
    for event, day in zip(made, days, strict=True):
        event.series_id, event.occurrence = series.id, day
    session.add_all(made)
    return made


def _on(day: date, found: Checked) -> Checked:
    start = start_on(day, found.start, found.zone)
    return Checked(start, start + (found.end - found.start), found.zone, found.price_minor)


def _event(given: EventIn, found: Checked, actor_id: UUID) -> Event:
    return Event(id=new_id(), created_by=actor_id, status=EventStatus.DRAFT, **found.values(given))


def duplicate(session: Session, clock: Clock, actor_id: UUID, event_id: UUID) -> Event:
    """Make a draft like an event, a week after it, or after now if that is past; on its own, outside of any series.

    It begins at the same time of day in its zone, whatever the clocks do in between.

    Raises:
        EventNotFoundError: there is no such event.
    """
    source = reading.get(session, event_id)
    zone = ZoneInfo(source.time_zone)
    day = source.start_time.astimezone(zone).date()
    start = source.start_time
    while start <= max(clock.now(), source.start_time):
        day += timedelta(weeks=1)
        start = start_on(day, source.start_time, zone)
    made = Event(
        id=new_id(),
        created_by=actor_id,
        status=EventStatus.DRAFT,
        start_time=start,
        end_time=start + (source.end_time - source.start_time),
        **{name: getattr(source, name) for name in COPIED},
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    announce(
        session,
        Act("events.event_made", "event", made.id, actor_id=actor_id, new={"title": made.title, "like": event_id}),
    )
    return made
