"""What a program says of its leaderboards."""

from dataclasses import dataclass
from typing import Literal

BoardPeriod = Literal["day", "week", "month", "life"]
Ranking = Literal["rank", "dense", "row"]

PERIODS: tuple[BoardPeriod, ...] = ("day", "week", "month", "life")
RANKINGS: tuple[Ranking, ...] = ("rank", "dense", "row")
CLOSE_DELAY_H = 12


@dataclass(frozen=True, slots=True)
class BoardSeed:
    """A leaderboard over a metric, put in when a program is installed; staff change and hide it afterwards.

    Attributes:
        code: unique within its program.
        title, description: message ids; operators may write texts of their own instead.
        metric: code of a metric of the same program, or ``program:code`` of another's. What members earned of a unit
            is ``ledger:earned.UNIT``.
        periods: which boards there are; ``life`` is of all time.
        ranking: how equals are numbered: ``rank`` 1, 2, 2, 4; ``dense`` 1, 2, 2, 3; ``row`` 1, 2, 3, 4.
        close_delay_h: how long after its end a period still takes late facts, before it is closed for good.
        display_order: smaller comes first.
    """

    code: str
    title: str
    metric: str
    description: str = ""
    periods: tuple[BoardPeriod, ...] = ("week", "month", "life")
    ranking: Ranking = "rank"
    close_delay_h: int = CLOSE_DELAY_H
    display_order: int = 0
