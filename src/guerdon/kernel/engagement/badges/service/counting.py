"""How far members have come towards badges, out of counters and streaks."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Counter
from guerdon.kernel.engagement.badges.service.definitions import Definition
from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.engagement.streaks.models import StreakRun


def values(session: Session, badge: Definition, owners: Collection[UUID]) -> dict[UUID, int]:
    """What the criteria of a badge count for each of some members; who has nothing is left out."""
    wanted = list(owners)
    if not wanted or badge.kind == "hand":
        return {}
    if badge.kind == "streak":
        query = select(StreakRun.owner_id, StreakRun.longest.label("value")).where(
            StreakRun.streak_id == badge.streak_id, among(StreakRun.owner_id, wanted)
        )
    elif badge.kind == "periods":
        start = func.engagement.period_start(badge.within, Counter.period_start)
        days = (
            select(Counter.owner_id, func.count().label("days"))
            .where(
                among(Counter.owner_id, wanted),
                Counter.metric_id == badge.metric_id,
                Counter.period == "day",
                Counter.value >= badge.minimum,
            )
            .group_by(Counter.owner_id, start)
            .subquery()
        )
        query = select(days.c.owner_id, func.max(days.c.days).label("value")).group_by(days.c.owner_id)
    else:
        query = (
            select(Counter.owner_id, func.max(Counter.value).label("value"))
            .where(
                among(Counter.owner_id, wanted),
                Counter.metric_id == badge.metric_id,
                Counter.period == ("life" if badge.kind == "total" else badge.within),
            )
            .group_by(Counter.owner_id)
        )
    return {row.owner_id: row.value for row in session.execute(query)}
