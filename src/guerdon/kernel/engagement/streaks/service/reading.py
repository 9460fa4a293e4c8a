"""Where members stand with their streaks, computed when it is read: a streak that has lapsed shows so at once."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.kernel.engagement.activities.models import Counter
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.streaks.calendar import following, period_of
from guerdon.kernel.engagement.streaks.computing import Run, Standing, advance, standing
from guerdon.kernel.engagement.streaks.models import StreakPause, StreakRun
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions
from guerdon.kernel.engagement.streaks.service.neutrality import Neutrality, Why
from guerdon.kernel.identity.models import User

PeriodState = Literal["active", "open", "saved", "missed", "not_begun", "not_held", "paused", "pardoned"]


@dataclass(frozen=True, slots=True)
class MemberStreak:
    """A streak as a member sees it.

    Attributes:
        present: the first day of the period that is open now.
        neutral: why the present period does not count, if it does not.
        at_risk: the present period counts, is not done, and missing it would cost the run or a freeze.
        pauses: those that are not over.
    """

    streak: Definition
    standing: Standing
    present: date
    neutral: Why | None
    pauses: tuple[StreakPause, ...] = ()

    @property
    def at_risk(self) -> bool:
        """Whether something is lost if nothing happens before the period ends."""
        return self.standing.current > 0 and not self.standing.active and self.neutral is None

    @property
    def next_milestone(self) -> int | None:
        """What to look forward to."""
        return self.streak.next_milestone(self.standing.current)

    @property
    def ends_on(self) -> date:
        """The first day after the present period."""
        return following(self.present, self.streak.rules.period)


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """One period of a member's streak calendar."""

    start: date
    state: PeriodState
    value: int


def present_period(session: Session, streak: Definition, owner_id: UUID, now: datetime) -> date:
    """The first day of the period that is open now, by the clock that the streak goes by."""
    return period_of(local_date(now, zone_of(session, streak, owner_id)), streak.rules.period)


def zone_of(session: Session, streak: Definition, owner_id: UUID) -> ZoneInfo:
    """The zone in which a member's periods of a streak begin."""
    name: str | None = None
    if streak.zone == "member":
        name = session.scalars(select(User.time_zone).where(User.id == owner_id)).first()
    return ZoneInfo(name or time_zone(session))


def of_member(session: Session, now: datetime, owner_id: UUID, program: str | None = None) -> list[MemberStreak]:
    """Every active streak of all programs, or of one, and where a member stands with it."""
    wanted = [each for each in definitions(session).all if each.active and (program is None or each.program == program)]
    return [one_of_member(session, now, owner_id, each) for each in wanted]


def one_of_member(session: Session, now: datetime, owner_id: UUID, streak: Definition) -> MemberStreak:
    """Where a member stands with a streak."""
    present = present_period(session, streak, owner_id, now)
    run = run_of(session, owner_id, streak.id)
    neutrality = Neutrality(session, streak, [owner_id], min(run.last or present, present), present)
    pauses = session.scalars(
        select(StreakPause)
        .where(StreakPause.owner_id == owner_id, StreakPause.streak_id == streak.id, StreakPause.ends_on > present)
        .order_by(StreakPause.starts_on)
    )
    return MemberStreak(
        streak,
        standing(run, present, streak.rules, neutrality.of(owner_id)),
        present,
        neutrality.why(owner_id, present),
        tuple(pauses),
    )


def run_of(session: Session, owner_id: UUID, streak_id: UUID) -> Run:
    """The run that is kept of a member."""
    row = session.get(StreakRun, (owner_id, streak_id), populate_existing=True)
    return Run(row.current, row.longest, row.freezes, row.started, row.last) if row else Run()


def calendar(
    session: Session, now: datetime, owner_id: UUID, streak: Definition, periods: int = 26
) -> list[CalendarPeriod]:
    """What became of a member's last periods, the earliest first, the present one last.

    Nobody has missed a period before their first one: there was nothing to keep up yet.

    Args:
        periods: how many.
    """
    present = present_period(session, streak, owner_id, now)
    first = following(present, streak.rules.period, 1 - periods)
    values = {
        row.period_start: row.value
        for row in session.execute(
            select(Counter.period_start, Counter.value).where(
                Counter.owner_id == owner_id,
                Counter.metric_id == streak.metric_id,
                Counter.period == streak.rules.period,
            )
        )
    }
    active = {start for start, value in values.items() if value >= streak.minimum}
    begun = min(active, default=present)
    earliest = min(begun, first)
    neutrality = Neutrality(session, streak, [owner_id], earliest, present)
    saved = _saved(active, streak, neutrality, owner_id, present)
    shown = (following(first, streak.rules.period, number) for number in range(periods))
    return [
        CalendarPeriod(
            start,
            "active"
            if start in active
            else "saved"
            if start in saved
            else neutrality.why(owner_id, start) or _unfinished(start, begun, present),
            values.get(start, 0),
        )
        for start in shown
    ]


def _saved(
    active: set[date], streak: Definition, neutrality: Neutrality, owner_id: UUID, present: date
) -> frozenset[date]:
    """The periods in which freezes were used."""
    found: set[date] = set()
    run = Run()
    neutral = neutrality.of(owner_id)
    for period in [*sorted(each for each in active if each <= present), None]:
        found.update(standing(run, period or present, streak.rules, neutral).saved)
        if period is not None:
            run = advance(run, period, streak.rules, neutral)
    return frozenset(found)


def _unfinished(start: date, begun: date, present: date) -> PeriodState:
    if start == present:
        return "open"
    return "not_begun" if start < begun else "missed"
