"""What a program says of its streaks."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from sqlalchemy.orm import Session

StreakPeriod = Literal["day", "week", "month"]

Held: TypeAlias = Callable[[Session, date, date], Collection[date]]
"""The first days of the periods in ``[start, end)`` in which the community held anything. All others are neutral:
they neither break nor lengthen the streak. Asked in one query for many periods, at each reading, so it cannot go
stale."""


@dataclass(frozen=True, slots=True)
class StreakBonus:
    """What each period of a streak earns on top, by the length that the streak has with it.

    Attributes:
        unit: what it pays in.
        amounts_minor: for lengths 1, 2, 3 …; the last one holds for every longer streak.
    """

    unit: str
    amounts_minor: tuple[int, ...]

    @classmethod
    def rising(cls, unit: str, step_minor: int, cap_minor: int) -> "StreakBonus":
        """``step_minor`` more for each period of the streak, up to ``cap_minor``."""
        return cls(unit, (*range(step_minor, cap_minor, step_minor), cap_minor))

    def for_length(self, length: int) -> int:
        """The bonus of the period with which a streak has this length; 0 for a length of 0."""
        return self.amounts_minor[min(length, len(self.amounts_minor)) - 1] if length > 0 else 0


@dataclass(frozen=True, slots=True)
class StreakSeed:
    """A streak, put in when a program is installed; staff change its numbers afterwards.

    A period belongs to the streak when the member's counter of ``metric`` reaches ``minimum`` in it; the metric's zone,
    the member's or the community's, says where days begin.

    Attributes:
        code: unique within its program.
        name, description: message ids.
        metric: code of a metric of this program, or ``program:code`` of another's.
        period: what is counted in a row; weeks are ISO weeks, from Monday.
        minimum: what the counter has to reach.
        freeze_every: after every so many periods in a row a freeze is earned, which by itself saves the streak in
            a period that is missed; 0 for none.
        freeze_max: no more are kept than these.
        bonus: what each period earns; None for nothing.
        milestones: lengths to look forward to; badges for them are ``BadgeSeed`` with ``Criteria.longest``.
        held: in which periods the community held anything; None when every period counts.
        pause_periods_max: for how many periods within any twelve months members may pause by themselves.
    """

    code: str
    name: str
    metric: str
    period: StreakPeriod = "week"
    description: str = ""
    minimum: int = 1
    freeze_every: int = 4
    freeze_max: int = 2
    bonus: StreakBonus | None = None
    milestones: tuple[int, ...] = (4, 12, 26, 52)
    held: Held | None = None
    pause_periods_max: int = 8
