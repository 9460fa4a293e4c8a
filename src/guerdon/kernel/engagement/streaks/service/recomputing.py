"""Works streaks out from the beginning, out of the counters: for late facts, withdrawals, pauses and pardons."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Counter
from guerdon.kernel.engagement.activities.schemas import Consequences
from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.engagement.streaks.computing import Neutral, Run, follow
from guerdon.kernel.engagement.streaks.service import bonuses, following
from guerdon.kernel.engagement.streaks.service.definitions import Definition
from guerdon.kernel.engagement.streaks.service.neutrality import Neutrality

Lengths = dict[date, int]


def recompute(
    session: Session,
    now: datetime,
    streak: Definition,
    changed: Mapping[UUID, Sequence[date]],
    found: Consequences,
    *,
    withdrawn: bool,
    unrewarded: bool = False,
) -> None:
    """Work the streak out anew for members some of whose periods became active, or did not stay so.

    Args:
        changed: the periods, by member.
        found: gets the bonuses that fall due and what to tell.
        withdrawn: periods may have fallen away; what they were paid is taken back as far as it is there.
        unrewarded: periods that came count as paid.
    """
    active = active_periods(session, streak, changed)
    every = [period for periods in (*active.values(), *changed.values()) for period in periods] or [date.min]
    neutrality = Neutrality(session, streak, changed, min(every), max(every))
    after: dict[UUID, Run] = {}
    due: list[bonuses.Due] = []
    for owner_id, periods in changed.items():
        present = active.get(owner_id, set())
        # What was so before: without the periods that came, with those that fell away.
        former = present.symmetric_difference(periods)
        neutral = neutrality.of(owner_id)
        after[owner_id], lengths = _lengths(present, streak, neutral)
        before = _lengths(former, streak, neutral)[1]
        due += differences(owner_id, before, lengths)
    following.keep(session, streak.id, after, now)
    paid = bonuses.pay(
        session, now, streak, [each for each in due if each.length > each.before], found, unrewarded=unrewarded
    )
    if withdrawn:
        bonuses.reclaim(session, now, streak, [each for each in due if each.length < each.before])
    for owner_id, run in after.items():
        following.tell(found, streak, owner_id, run, paid.get(owner_id, 0))


def _lengths(active: Collection[date], streak: Definition, neutral: Neutral) -> tuple[Run, Lengths]:
    lengths: Lengths = {}
    return follow(active, streak.rules, neutral, lengths.__setitem__), lengths


def differences(owner_id: UUID, before: Lengths, after: Lengths) -> list[bonuses.Due]:
    """The periods whose length is another than it was."""
    return [
        bonuses.Due(owner_id, period, after.get(period, 0), before.get(period, 0))
        for period in sorted(before.keys() | after.keys())
        if after.get(period, 0) != before.get(period, 0)
    ]


def active_periods(session: Session, streak: Definition, owners: Collection[UUID]) -> dict[UUID, set[date]]:
    """The periods in which each of some members reached what the streak asks for."""
    rows = session.execute(
        select(Counter.owner_id, Counter.period_start).where(
            among(Counter.owner_id, owners),
            Counter.metric_id == streak.metric_id,
            Counter.period == streak.rules.period,
            Counter.value >= streak.minimum,
        )
    )
    found: dict[UUID, set[date]] = defaultdict(set)
    for row in rows:
        found[row.owner_id].add(row.period_start)
    return found
