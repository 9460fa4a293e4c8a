"""Working out where members stand in a streak, out of the counters: when nobody followed it, or they were put right.

While a streak is not active, members go on doing what it counts. When it is again, those periods are as good as any:
they lengthen runs, though nothing is paid for them afterwards.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.activities.models import Counter
from guerdon.kernel.engagement.activities.schemas import Consequences
from guerdon.kernel.engagement.activities.service import members
from guerdon.kernel.engagement.streaks.models import StreakRun
from guerdon.kernel.engagement.streaks.service.definitions import Definition, get
from guerdon.kernel.engagement.streaks.service.recomputing import recompute

PORTION = 500


def go_on(session: Session, clock: Clock, streak_id: UUID, after: UUID | None, portion: int = PORTION) -> UUID | None:
    """Work the streak out for the next members.

    Args:
        after: the last member of the portion before.

    Returns:
        The last member of this one; None when there are no more.
    """
    streak = get(session, streak_id)
    if not streak.active:
        return None
    counted = select(Counter.owner_id).where(
        Counter.metric_id == streak.metric_id,
        Counter.period == streak.rules.period,
        Counter.value >= streak.minimum,
    )
    kept = select(StreakRun.owner_id).where(StreakRun.streak_id == streak.id)
    whoever = union(counted, kept).subquery().c.owner_id
    query = select(whoever).order_by(whoever).limit(portion)
    owners = session.scalars(query if after is None else query.where(whoever > after)).all()
    if owners:
        work_out(session, clock.now(), streak, owners)
    return owners[-1] if len(owners) == portion else None


def work_out(session: Session, now: datetime, streak: Definition, owners: Sequence[UUID]) -> None:
    """Work the streak out for some members. Nothing is paid."""
    with members.reaching_all(session):
        members.lock(session, owners)
        unchanged: dict[UUID, list[date]] = {owner_id: [] for owner_id in owners}
        recompute(session, now, streak, unchanged, Consequences(), withdrawn=False)
