"""What attending is worth at first: kinds of facts, metrics, rules, the weekly streak and the badges.

All of it is data once it is installed: staff change numbers by new versions, and what they changed is left alone.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, MetricSeed
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, BadgeSeed, Criteria
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.streaks.seeds import StreakBonus, StreakSeed
from guerdon.kernel.ledger.schemas import Effect
from guerdon.web.i18n import msgid

UNIT = "POINT"
ATTENDED = "events.attended"
PLACED = "events.placed"
CONNECTED = "events.connected"
BROUGHT = "events.brought"
SPECIAL = "events.special"
SPECIAL_POINTS_MAX = 1000
TRIVIA = "trivia_night"
WEEKLY = "weekly"

CARRIED_IN = "events.carried_in"
CARRIED_OUT = "events.carried_out"
"""Points that members had earned, or spent, in the system that they come from."""

TRANSFER_KINDS = {
    ATTENDED: Effect.EARN,
    SPECIAL: Effect.EARN,
    CARRIED_IN: Effect.EARN,
    CARRIED_OUT: Effect.SPEND,
}

ACTIVITY_KINDS = (
    ActivityKind(
        ATTENDED,
        msgid("Attended an event"),
        {"event_type": str, "points": int, "walk_in": bool},
        words=(msgid("Event type"), msgid("Points"), msgid("Walk in")),
    ),
    ActivityKind(
        PLACED,
        msgid("Took a place at an event"),
        {"event_type": str, "placed": int},
        words=(msgid("Event type"), msgid("Placed")),
    ),
    ActivityKind(CONNECTED, msgid("Met another attendee")),
    ActivityKind(BROUGHT, msgid("Brought somebody to their first event")),
    ActivityKind(
        SPECIAL,
        msgid("Special activity"),
        {"points": int, "title": str},
        outside=True,
        words=(msgid("Points"), msgid("Title")),
    ),
)

METRICS = (
    MetricSeed("attendances", msgid("Events attended"), (ATTENDED,)),
    MetricSeed("event_types", msgid("Types of events attended"), (ATTENDED,), Aggregate.DISTINCT, "event_type"),
    MetricSeed("wins", msgid("Events won"), (PLACED,), condition="activity.placed == 1"),
    MetricSeed(
        "trivia_wins",
        msgid("Trivia nights won"),
        (PLACED,),
        condition=f"activity.placed == 1 && activity.event_type == '{TRIVIA}'",
    ),
    MetricSeed("connections", msgid("Attendees met"), (CONNECTED,)),
    MetricSeed("brought", msgid("New members brought"), (BROUGHT,)),
)

RULES = (
    RuleSeed(
        code="attendance",
        activity_kind=ATTENDED,
        unit=UNIT,
        condition="activity.points > 0",
        amount="ratio(activity.points * params.percent, 100)",
        params={"percent": 100},
        note=msgid("What the event is worth, or what its type is worth where the event says nothing."),
        words=(msgid("Attendance"), msgid("points"), msgid("percent")),
        transfer_kind=ATTENDED,
    ),
    RuleSeed(
        code="special_activity",
        activity_kind=SPECIAL,
        unit=UNIT,
        amount="activity.points",
        note=msgid("What staff give for a special activity."),
        words=(msgid("Special activity"), msgid("points")),
        caps={"act": SPECIAL_POINTS_MAX},
        transfer_kind=SPECIAL,
    ),
)


def weeks_held(session: Session, start: date, end: date) -> Collection[date]:
    """The Mondays in ``[start, end)`` of the weeks, on the community's clock, in which an event took place or will."""
    found = session.execute(
        text(
            "SELECT DISTINCT date_trunc('week', e.start_time AT TIME ZONE c.time_zone)::date"
            " FROM events.events AS e, engagement.community AS c"
            " WHERE e.status = 'published'"
            " AND e.start_time >= CAST(:start AS timestamp) AT TIME ZONE c.time_zone"
            " AND e.start_time < CAST(:end AS timestamp) AT TIME ZONE c.time_zone"
        ),
        {"start": start, "end": end},
    )
    return frozenset(found.scalars())


STREAKS = (
    StreakSeed(
        WEEKLY,
        msgid("Weeks in a row"),
        "attendances",
        period="week",
        description=msgid("Attend at least one event each week. A week without events does not count against you."),
        freeze_every=4,
        freeze_max=2,
        bonus=StreakBonus.rising(UNIT, 5, 50),
        milestones=(4, 12, 26, 52),
        held=weeks_held,
    ),
)

_REWARDS = (10, 20, 40, 80, 160)


def _levels(*thresholds: int) -> tuple[BadgeLevel, ...]:
    return tuple(BadgeLevel(threshold, UNIT, reward) for threshold, reward in zip(thresholds, _REWARDS, strict=True))


def _milestone(weeks: int, name: str, reward: int, colour: str) -> BadgeSeed:
    return BadgeSeed(
        f"streak_{weeks}",
        name,
        msgid("Attend an event in every week, for weeks on end."),
        Criteria.longest(WEEKLY),
        (BadgeLevel(weeks, UNIT, reward),),
        icon="flame",
        colour=colour,
        category="streak",
        type="special",
        display_order=20 + weeks,
    )


BADGES = (
    BadgeSeed(
        "event_explorer",
        msgid("Event Explorer"),
        msgid("Attend different types of events."),
        Criteria.total("event_types"),
        _levels(1, 2, 3, 4, 6),
        icon="compass",
        colour="#2b6cb0",
        category="attendance",
        display_order=1,
    ),
    BadgeSeed(
        "social_butterfly",
        msgid("Social Butterfly"),
        msgid("Connect with people whom you met at events."),
        Criteria.total("connections"),
        _levels(1, 5, 10, 25, 50),
        icon="people",
        colour="#b83280",
        category="community",
        display_order=2,
    ),
    BadgeSeed(
        "trivia_master",
        msgid("Trivia Master"),
        msgid("Win trivia nights."),
        Criteria.total("trivia_wins"),
        _levels(1, 3, 5, 10, 25),
        icon="trophy",
        colour="#b7791f",
        category="results",
        display_order=3,
    ),
    BadgeSeed(
        "consistent_attendee",
        msgid("Consistent Attendee"),
        msgid("Come week after week."),
        Criteria.longest(WEEKLY),
        _levels(2, 3, 5, 10, 20),
        icon="calendar",
        colour="#2f855a",
        category="attendance",
        display_order=4,
    ),
    BadgeSeed(
        "community_builder",
        msgid("Community Builder"),
        msgid("Bring people to their first event."),
        Criteria.total("brought"),
        _levels(1, 3, 5, 10, 25),
        icon="gift",
        colour="#6b46c1",
        category="community",
        display_order=5,
    ),
    _milestone(4, msgid("Four weeks in a row"), 25, "#c05621"),
    _milestone(12, msgid("Twelve weeks in a row"), 75, "#c53030"),
    _milestone(26, msgid("Half a year in a row"), 150, "#9b2c2c"),
    _milestone(52, msgid("A year in a row"), 300, "#702459"),
)

BOARDS = (
    BoardSeed("points", msgid("Most points"), f"ledger:earned.{UNIT}"),
    BoardSeed("attendances", msgid("Most events attended"), "attendances", display_order=1),
)
