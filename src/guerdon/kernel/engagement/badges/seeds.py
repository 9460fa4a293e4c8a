"""What a program says of its badges and achievements."""

from dataclasses import dataclass
from typing import Any, Literal

CriteriaKind = Literal["total", "window", "periods", "streak", "hand"]
WindowPeriod = Literal["day", "week", "month"]

LEVEL_MAX = 5


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a badge counts; each of its levels says how much of it is needed.

    ======== ==================================================== =========================================
    kind     counts                                               for example
    ======== ==================================================== =========================================
    total    a metric over a whole life: its count, sum, number   events attended, total steps, kinds of
             of distinct values or largest value                  event, redemptions
    window   the best day, week or month of a metric              steps on one day
    periods  in the best ``window``, the days on which a metric   days with 5,000 steps in a month
             reached ``minimum``
    streak   the longest run of a streak                          weeks in a row
    hand     nothing: staff award it                              helper of the year
    ======== ==================================================== =========================================

    Attributes:
        metric: code of a metric of the same program, or ``program:code`` of another's.
        streak: code of a streak, likewise.
        window: the window of ``window`` and ``periods``.
        minimum: for ``periods``.
    """

    kind: CriteriaKind
    metric: str = ""
    streak: str = ""
    window: WindowPeriod | None = None
    minimum: int = 1

    @classmethod
    def total(cls, metric: str) -> "Criteria":
        """A metric over a whole life."""
        return cls("total", metric)

    @classmethod
    def best(cls, metric: str, window: WindowPeriod) -> "Criteria":
        """The best day, week or month of a metric."""
        return cls("window", metric, window=window)

    @classmethod
    def days(cls, metric: str, minimum: int, window: Literal["week", "month"] = "month") -> "Criteria":
        """Within the best week or month, the days on which a metric reached ``minimum``."""
        return cls("periods", metric, window=window, minimum=minimum)

    @classmethod
    def longest(cls, streak: str) -> "Criteria":
        """The longest run of a streak."""
        return cls("streak", streak=streak)

    @classmethod
    def by_hand(cls) -> "Criteria":
        """Nothing is counted; staff award it."""
        return cls("hand")

    def document(self) -> dict[str, Any]:
        """The criteria as JSON keeps them."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.metric:
            found["metric"] = self.metric
        if self.streak:
            found["streak"] = self.streak
        if self.window:
            found["window"] = self.window
        if self.kind == "periods":
            found["minimum"] = self.minimum
        return found


@dataclass(frozen=True, slots=True)
class BadgeLevel:
    """A level of a badge: how much is needed for it, and what it earns.

    Attributes:
        threshold: of what the criteria count; above that of the level below. For ``hand`` it says nothing.
        unit, amount_minor: the reward; none without a unit.
    """

    threshold: int
    unit: str | None = None
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class BadgeSeed:
    """A badge, put in when a program is installed; staff change it afterwards.

    Attributes:
        code: unique within its program.
        name, description: message ids; operators may write texts of their own instead.
        levels: one to five.
        icon: a name of ``guerdon.web.icons``.
        colour: ``#rrggbb``.
        category, type: how badges are grouped, free words (``attendance``, ``standard``).
        hidden: not shown to members until they have it.
        display_order: smaller comes first.
        active: whether it can be earned.
    """

    code: str
    name: str
    description: str
    criteria: Criteria
    levels: tuple[BadgeLevel, ...]
    icon: str = "star"
    colour: str = "#b7791f"
    category: str = "general"
    type: str = "standard"
    hidden: bool = False
    display_order: int = 0
    active: bool = True
