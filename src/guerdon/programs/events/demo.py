"""Demo data: three months of evenings that members attended, some that are to come, and what costs something."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, FixedClock
from guerdon.kernel.program import DemoPeople
from guerdon.programs.events.schemas import EventIn, Repetition
from guerdon.programs.events.service import (
    changing,
    connections,
    doors,
    invitations,
    making,
    paying,
    registering,
    results,
)
from guerdon.programs.events.service.passes import pass_of
from guerdon.programs.events.service.results import Placing
from guerdon.programs.events.service.tickets import TicketSigner

EVENINGS = (
    ("Quiz at the library", "trivia_night", "Library, ground floor"),
    ("Board games", "social", "Community hall"),
    ("Mending clothes", "workshop", "Community hall"),
    ("Walk along the shore", "outdoors", "Meet at the lighthouse"),
    ("Stories of the quarter", "talk", "Under the baobab"),
    ("Planting trees", "volunteering", "School garden"),
)
WEEKS_PAST, WEEKS_TO_COME = 12, 4
ZONE = ZoneInfo("UTC")


def make(session: Session, clock: Clock, people: DemoPeople) -> None:
    """Hold an evening each week; some come to all of them, some stay away, some meet, one brings another."""
    monday = clock.now().date() - timedelta(days=clock.now().weekday())
    first = datetime.combine(monday - timedelta(weeks=WEEKS_PAST), time(12), ZONE)
    link = invitations.link_of(session, FixedClock(first), people.members[0])
    invitations.accept(session, FixedClock(first), people.members[-1], link.code)
    for week in range(-WEEKS_PAST, WEEKS_TO_COME):
        start = datetime.combine(monday + timedelta(weeks=week, days=3), time(18), ZONE)
        if week < 0:
            _hold(session, people, start, week + WEEKS_PAST)
        elif start > clock.now():
            _announce(session, clock, people, start, week + WEEKS_PAST)
    _sell(session, clock, people)


def _sell(session: Session, clock: Clock, people: DemoPeople) -> None:
    """A workshop with a price and few places, one of them paid, with a waiting list; and a series in the making."""
    start = datetime.combine(clock.now().date() + timedelta(days=16), time(10), ZONE)
    given = EventIn(
        title="Pottery for beginners",
        description="Clay and tools are there; wear something that may get dirty.",
        event_type="workshop",
        location="Workshop behind the market",
        map_url="https://www.openstreetmap.org/",
        start_time=start,
        end_time=start + timedelta(hours=3),
        time_zone="Africa/Dakar",
        max_participants=3,
        price=Decimal("7.50"),
        points_reward=25,
    )
    staff = people.staff[0]
    [event] = making.create(session, clock, staff, given)
    changing.publish(session, clock, staff, event.id)
    made = [registering.register(session, clock, member, event.id) for member in people.members[:5]]
    paying.record(session, clock, staff, made[1].id, channel="mobile_money")
    weekly = given.model_copy(
        update={"title": "Singing together", "event_type": "social", "price": Decimal(0), "map_url": None}
    )
    making.create(session, clock, staff, weekly, repetition=Repetition(weekdays=[start.isoweekday()], count=6))


def _event(session: Session, at: FixedClock | Clock, people: DemoPeople, start: datetime, number: int) -> UUID:
    title, event_type, place = EVENINGS[number % len(EVENINGS)]
    given = EventIn(
        title=title,
        event_type=event_type,
        location=place,
        start_time=start,
        end_time=start + timedelta(hours=2),
        time_zone="UTC",
        max_participants=8 if number % 4 == 3 else None,
        walk_ins_allowed=number % 2 == 0,
    )
    [event, *_none] = making.create(session, at, people.staff[0], given)
    changing.publish(session, at, people.staff[0], event.id)
    return event.id


def _announce(session: Session, clock: Clock, people: DemoPeople, start: datetime, number: int) -> None:
    event_id = _event(session, clock, people, start, number)
    for member in people.members[: 3 + number % 4]:
        registering.register(session, clock, member, event_id)


def _hold(session: Session, people: DemoPeople, start: datetime, number: int) -> None:
    at = FixedClock(start - timedelta(days=5))
    event_id = _event(session, at, people, start, number)
    came: list[UUID] = []
    registered = []
    for place, member in enumerate(people.members):
        # The first member never misses an evening; the others come more rarely, the later they are in the list.
        if place == 0 or (number + place) % (1 + place % 4) == 0:
            registered.append((member, registering.register(session, at, member, event_id).id))
    at.move(timedelta(days=5, minutes=-10))
    for member, registration_id in registered:
        at.move(timedelta(minutes=1))
        if (number + people.members.index(member)) % 9 == 8:
            continue  # registered, and stayed away
        number_of = pass_of(session, at, registration_id, holder_id=member).ticket.code
        doors.check_in(session, at, TicketSigner(b""), event_id, number_of, actor_id=people.staff[0])
        came.append(member)
    at.move(timedelta(hours=2))
    if number % len(EVENINGS) == 0 and len(came) > 1:
        placings = [Placing(member, place) for place, member in enumerate(came[:3], start=1)]
        results.enter_results(session, at, event_id, placings, actor_id=people.staff[0])
    _meet(session, at, event_id, came, number)


def _meet(session: Session, at: Clock, event_id: UUID, came: list[UUID], number: int) -> None:
    """The first of those who came asks another one, whom they do not know yet, and they agree."""
    known = {each.other_id for each in connections.known(session, came[0])} if came else set()
    strangers = [member for member in came[1:] if member not in known]
    if strangers and number % 2:
        asked = connections.request(session, at, event_id, came[0], strangers[0])
        connections.agree(session, at, asked.id, strangers[0])
