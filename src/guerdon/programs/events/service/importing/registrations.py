"""Who registered for the events of another system. Whoever came without having done so counts as a walk-in."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from guerdon.kernel.engagement.service.sets import among
from guerdon.programs.events.models import LIVE, EventStatus, Registration, RegistrationStatus
from guerdon.programs.events.service.importing.context import WHY, Context, Pair
from guerdon.programs.events.service.importing.source import AttendeeRow

STATUSES: Mapping[str, RegistrationStatus] = {
    "registered": RegistrationStatus.REGISTERED,
    "confirmed": RegistrationStatus.REGISTERED,
    "no_show": RegistrationStatus.REGISTERED,
    "attended": RegistrationStatus.ATTENDED,
    "waiting": RegistrationStatus.WAITING,
    "waitlist": RegistrationStatus.WAITING,
    "waitlisted": RegistrationStatus.WAITING,
    "cancelled": RegistrationStatus.CANCELLED,
    "canceled": RegistrationStatus.CANCELLED,
}
CAME = ("attended", "present", "checked_in", "checked_out")


@dataclass(slots=True)
class Wish:
    """A registration that is to come in, or is here.

    Attributes:
        name: under which ``Registered.wishes`` has it: its id in the source, or one of its own.
        row: of the source; 0 where there is none.
    """

    id: UUID
    pair: Pair
    made_at: datetime
    status: RegistrationStatus
    name: str = ""
    is_new: bool = True
    walk_in: bool = False
    row: int = 0


@dataclass(slots=True)
class Registered:
    """All registrations that an import is about.

    Attributes:
        wishes: by their id in the source.
        live: those that hold or held a place, or wait for one.
    """

    wishes: dict[str, Wish] = field(default_factory=dict)
    live: dict[Pair, Wish] = field(default_factory=dict)


def bring_registrations(context: Context) -> Registered:
    """Bring in registrations in the order in which they were made."""
    found = Registered()
    here = context.here(Registration, "registrations", context.source.registrations)
    starts = context.starts()
    for row in context.source.registrations:
        pair = context.pair("registrations", row.row, row.user_id, row.event_id)
        status = STATUSES.get(row.status.lower())
        if status is None:
            problem = f"'{row.status}' is no status of a registration"
            context.report.fault("registrations", row.row, "status", problem)
        elif pair is not None:
            key, made_at = context.key("registrations", row.id), row.registration_date or starts[pair[1]]
            known = here.get(key)
            stands = status if known is None else _standing(known.status, status)
            _plan(context, found, Wish(key, pair, made_at, stands, name=row.id, is_new=known is None, row=row.row))
    _join_those_here(context, found)
    _plan_walk_ins(context, found, starts)
    fresh = [wish for wish in found.wishes.values() if wish.is_new]
    _check_events(context, found, fresh)
    context.report.new["registrations"] += len(fresh)
    fresh.sort(key=lambda each: (each.made_at, each.row))
    context.keep([_registration(wish, starts[wish.pair[1]], context.clock.now()) for wish in fresh])
    return found


def _plan(context: Context, found: Registered, wish: Wish) -> None:
    if wish.status in LIVE:
        if wish.pair in found.live:
            context.report.fault("registrations", wish.row, "user_id", "they are registered for this event already")
            return
        found.live[wish.pair] = wish
    found.wishes[wish.name] = wish


def _join_those_here(context: Context, found: Registered) -> None:
    """Leave out who has registered here meanwhile, or came in before."""
    events = [event.id for event in context.events.values()]
    query = select(Registration).where(among(Registration.event_id, events), Registration.status.in_(LIVE))
    for each in context.session.scalars(query):
        pair = each.user_id, each.event_id
        wish = found.live.get(pair)
        if wish is None or wish.is_new:
            joined = Wish(each.id, pair, each.registration_date, each.status, is_new=False)
            if wish is not None:
                joined.status = _standing(each.status, wish.status)
                found.wishes[wish.name] = joined
            found.live[pair] = joined


def _standing(here: RegistrationStatus, there: RegistrationStatus) -> RegistrationStatus:
    """Where a registration that is here stands: as it does here, but for who is registered and has come there since."""
    came = here is RegistrationStatus.REGISTERED and there is RegistrationStatus.ATTENDED
    return there if came else here


def _plan_walk_ins(context: Context, found: Registered, starts: Mapping[UUID, datetime]) -> None:
    for row in context.source.event_attendees:
        pair = _came(context, row)
        if pair is None:
            continue
        wish = found.live.get(pair)
        if wish is None:
            made_at, name = row.check_in_time or starts[pair[1]], f"walk-in {row.id}"
            key = context.key("walk-ins", row.id)
            wish = Wish(key, pair, made_at, RegistrationStatus.REGISTERED, name=name, walk_in=True)
            found.live[pair] = found.wishes[name] = wish
        elif wish.is_new and wish.status is RegistrationStatus.WAITING:  # and got a place in the end
            wish.status = RegistrationStatus.REGISTERED


def _came(context: Context, row: AttendeeRow) -> Pair | None:
    """Who came where, if they came; what is wrong with the row is told once, when attendances come in."""
    user, event = context.people.get(row.user_id), context.events.get(row.event_id)
    return None if user is None or event is None or row.status.lower() not in CAME else (user, event.id)


def _check_events(context: Context, found: Registered, fresh: list[Wish]) -> None:
    """That there is a place for each, at an event that takes place."""
    taken = Counter(wish.pair[1] for wish in found.live.values() if wish.status is not RegistrationStatus.WAITING)
    added = Counter(wish.pair[1] for wish in fresh)
    for row in context.source.events:
        event = context.events.get(row.id)
        if event is None:
            continue
        if event.status is not EventStatus.PUBLISHED and added[event.id]:
            problem = f"{added[event.id]} more are registered for it, and it is {event.status.value} here"
            context.report.fault("events", row.row, "", problem)
        if event.max_participants is not None and taken[event.id] > event.max_participants:
            problem = f"{taken[event.id]} have a place; make it at least as many"
            context.report.fault("events", row.row, "max_participants", problem)


def _registration(wish: Wish, start: datetime, now: datetime) -> Registration:
    status = wish.status
    if status is RegistrationStatus.ATTENDED:  # which comes with the check-in
        status = RegistrationStatus.REGISTERED
    elif status is RegistrationStatus.WAITING and start <= now:
        status = RegistrationStatus.LAPSED
    cancelled = status is RegistrationStatus.CANCELLED
    return Registration(
        id=wish.id,
        user_id=wish.pair[0],
        event_id=wish.pair[1],
        registration_date=wish.made_at,
        status=status,
        is_walk_in=wish.walk_in,
        cancelled_at=wish.made_at if cancelled else None,
        cancellation_reason=WHY if cancelled else None,
    )
