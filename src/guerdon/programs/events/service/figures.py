"""What staff see of the whole: who came, who did not, who came back, and what was given out.

Periods are weeks or months on the community's clock, by when events began. Everything is read where it stands, by
queries that group; nothing is kept beside it that could disagree.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.kernel.engagement.activities.service.community import zone_of_community
from guerdon.programs.events.evening_errors import (
    RangeInvalidError,
)

DAYS_MAX = 3660
WEEKS_UP_TO = timedelta(days=27 * 7)
"""Ranges longer than this are shown by months."""
MONTHS_LATER_MAX = 11


class Step(StrEnum):
    """How long a period is."""

    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Range:
    """Days, both included, and the step in which they are shown."""

    first: date
    last: date

    def __post_init__(self) -> None:
        # The day after the last one is reckoned with; the very last day that there is has none.
        if not timedelta() <= self.last - self.first <= timedelta(days=DAYS_MAX) or self.last == date.max:
            raise RangeInvalidError(field="until", days_max=DAYS_MAX)

    @property
    def step(self) -> Step:
        """Weeks for a short range, months for a long one."""
        return Step.WEEK if self.last - self.first <= WEEKS_UP_TO else Step.MONTH

    def parameters(self, now: datetime) -> dict[str, object]:
        """As the queries take it."""
        return {"first": self.first, "past": self.last + timedelta(days=1), "step": self.step.value, "now": now}


@dataclass(frozen=True, slots=True)
class Turnout:
    """One period: what took place in it, who came to it, and who had registered and did not."""

    start: date
    events: int
    came: int
    walk_ins: int
    absent: int

    @property
    def absent_share(self) -> float | None:
        """The no-shows among those who had registered; None if nobody had."""
        registered = self.came - self.walk_ins + self.absent
        return self.absent / registered if registered else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who came for the first time in one month.

    Attributes:
        returned: by months later, how many of them attended in that month; of months that have begun only.
    """

    month: date
    size: int
    returned: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Issued:
    """Points of one period by why they were given, net of what was taken back."""

    start: date
    by_kind: Mapping[str, int]


_PERIODS = """
    WITH zone AS (SELECT time_zone AS name FROM engagement.community),
    bounds AS (
        SELECT CAST(:first AS timestamp) AT TIME ZONE zone.name AS since,
            CAST(:past AS timestamp) AT TIME ZONE zone.name AS until
        FROM zone),
    periods AS (
        SELECT starts::date AS start
        FROM generate_series(date_trunc(:step, CAST(:first AS timestamp)),
            CAST(:past AS timestamp) - interval '1 day', CAST('1 ' || :step AS interval)) AS starts)
"""

_TURNOUT = text(  # both parts are constants
    _PERIODS  # noqa: S608
    + """,
    found AS (
        SELECT date_trunc(:step, e.start_time AT TIME ZONE zone.name)::date AS start,
            count(DISTINCT e.id) AS events,
            count(*) FILTER (WHERE r.status = 'attended') AS came,
            count(*) FILTER (WHERE r.status = 'attended' AND r.is_walk_in) AS walk_ins,
            count(*) FILTER (WHERE r.status = 'registered') AS absent
        FROM zone, bounds, events.events AS e
        LEFT JOIN events.registrations AS r ON r.event_id = e.id AND r.status IN ('attended', 'registered')
        WHERE e.status = 'published' AND e.end_time <= :now
            AND e.start_time >= bounds.since AND e.start_time < bounds.until
        GROUP BY 1)
    SELECT start, coalesce(events, 0) AS events, coalesce(came, 0) AS came, coalesce(walk_ins, 0) AS walk_ins,
        coalesce(absent, 0) AS absent
    FROM periods LEFT JOIN found USING (start)
    ORDER BY start
    """
)

_COHORTS = text(
    """
    WITH zone AS (SELECT time_zone AS name FROM engagement.community),
    visits AS (
        SELECT DISTINCT a.user_id, date_trunc('month', e.start_time AT TIME ZONE zone.name)::date AS month
        FROM zone, events.event_attendees AS a
        JOIN events.events AS e ON e.id = a.event_id
        WHERE a.status = 'attended'),
    firsts AS (SELECT user_id, min(month) AS month FROM visits GROUP BY user_id)
    SELECT f.month,
        (extract(year FROM v.month) - extract(year FROM f.month))::integer * 12
            + (extract(month FROM v.month) - extract(month FROM f.month))::integer AS later,
        count(*) AS members
    FROM firsts AS f JOIN visits AS v USING (user_id)
    WHERE f.month >= date_trunc('month', CAST(:first AS timestamp)) AND f.month < CAST(:past AS timestamp)
    GROUP BY 1, 2
    ORDER BY 1, 2
    """
)

_ISSUED = text(  # both parts are constants
    _PERIODS  # noqa: S608
    + """,
    found AS (
        SELECT date_trunc(:step, t.transaction_date AT TIME ZONE zone.name)::date AS start, t.transaction_type AS kind,
            sum(t.points) AS points
        FROM zone, bounds, events.points_transactions AS t
        JOIN ledger.transfer_kinds AS k ON k.code = t.transaction_type AND k.effect = 1
        WHERE t.transaction_date >= bounds.since AND t.transaction_date < bounds.until
        GROUP BY 1, 2)
    SELECT start, kind, points FROM periods LEFT JOIN found USING (start) ORDER BY start, kind
    """
)


def turnout(session: Session, chosen: Range, now: datetime) -> list[Turnout]:
    """Every period of a range, with those in which nothing took place."""
    rows = session.execute(_TURNOUT, chosen.parameters(now))
    return [Turnout(row.start, row.events, row.came, row.walk_ins, row.absent) for row in rows]


def cohorts(session: Session, chosen: Range, now: datetime) -> list[Cohort]:
    """Who came back, by the month of their first event; months that are to come are left out."""
    counted: dict[date, dict[int, int]] = defaultdict(dict)
    for row in session.execute(_COHORTS, {"first": chosen.first, "past": chosen.last + timedelta(days=1)}):
        counted[row.month][row.later] = row.members
    found = []
    today = local_date(now, zone_of_community(session))
    for month, members in counted.items():
        begun = (today.year - month.year) * 12 + today.month - month.month
        returned = {later: members.get(later, 0) for later in range(1, min(begun, MONTHS_LATER_MAX) + 1)}
        found.append(Cohort(month, members[0], returned))
    return found


def issued(session: Session, chosen: Range, now: datetime) -> list[Issued]:
    """Points by period and by why they were given."""
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for row in session.execute(_ISSUED, chosen.parameters(now)):
        kinds = found[row.start]
        if row.kind is not None:
            kinds[row.kind] = int(row.points)
    return [Issued(start, kinds) for start, kinds in found.items()]


def kinds_of(found: Sequence[Issued]) -> list[str]:
    """Every kind that occurs, the one that gave most first."""
    totals: dict[str, int] = defaultdict(int)
    for period in found:
        for kind, points in period.by_kind.items():
            totals[kind] += points
    return sorted(totals, key=lambda kind: (-totals[kind], kind))
