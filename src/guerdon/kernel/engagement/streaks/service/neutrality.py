"""Which periods neither break nor lengthen, for many members at once."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.service.sets import among
from guerdon.kernel.engagement.streaks.calendar import following, period_of
from guerdon.kernel.engagement.streaks.computing import Neutral
from guerdon.kernel.engagement.streaks.models import StreakPardon, StreakPause
from guerdon.kernel.engagement.streaks.service.definitions import Definition

Why = Literal["not_held", "paused", "pardoned"]


class Neutrality:
    """Answers for some members and a span of time, from three queries.

    Args:
        owners: whom it will be asked about.
        first, last: periods, by their first days, within which it will be asked.
    """

    def __init__(self, session: Session, streak: Definition, owners: Collection[UUID], first: date, last: date) -> None:
        self._period = streak.rules.period
        self._held: frozenset[date] | None = None
        if streak.held is not None:
            end = following(last, self._period)
            self._held = frozenset(period_of(day, self._period) for day in streak.held(session, first, end))
        self._pauses: dict[UUID, list[tuple[date, date]]] = defaultdict(list)
        self._pardoned: dict[UUID, set[date]] = defaultdict(set)
        wanted = list(owners)
        for pause in session.execute(
            select(StreakPause.owner_id, StreakPause.starts_on, StreakPause.ends_on).where(
                among(StreakPause.owner_id, wanted), StreakPause.streak_id == streak.id, StreakPause.ends_on > first
            )
        ):
            self._pauses[pause.owner_id].append((pause.starts_on, pause.ends_on))
        for pardon in session.execute(
            select(StreakPardon.owner_id, StreakPardon.period_start).where(
                among(StreakPardon.owner_id, wanted), StreakPardon.streak_id == streak.id
            )
        ):
            self._pardoned[pardon.owner_id].add(pardon.period_start)

    def of(self, owner_id: UUID) -> Neutral:
        """The question for one member."""
        return lambda period: self.why(owner_id, period) is not None

    def why(self, owner_id: UUID, period: date) -> Why | None:
        """``not_held``, ``paused`` or ``pardoned``; None for a period that counts."""
        if self._held is not None and period not in self._held:
            return "not_held"
        if any(starts_on <= period < ends_on for starts_on, ends_on in self._pauses.get(owner_id, ())):
            return "paused"
        return "pardoned" if period in self._pardoned.get(owner_id, ()) else None
