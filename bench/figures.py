"""Figures: what was measured, against what, and whether it is as good as it has to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Measurement = Callable[[], float]
"""Runs a contestant once and returns a rate; higher is better."""

Progress = Callable[[str], None]
"""Is told what has just been done."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        ours, baseline: medians, in ``unit``; the baseline may be missing.
        value: what is held against the target: a ratio, or a number of its own.
        target: None where a figure is shown only for comparison.
        at_most: whether the target is a ceiling instead of a floor.
        rounds: over how many measurements the medians go.
    """

    name: str
    against: str
    ours: float
    baseline: float | None
    unit: str
    value: float
    rounds: int
    target: float | None = None
    at_most: bool = False

    @property
    def passed(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


class Rounds:
    """Measurements of several contestants taken in turns, so that what else the machine does hits all of them alike."""

    def __init__(self, contestants: Mapping[str, Measurement], rounds: int, progress: Progress) -> None:
        names = list(contestants)
        self.count = rounds
        self._rates: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(rounds):
            # Forwards, then backwards: nobody always follows the same contestant.
            for name in names if turn % 2 == 0 else reversed(names):
                self._rates[name].append(contestants[name]())
                progress(name)

    def rate(self, name: str) -> float:
        """The median rate of a contestant."""
        return median(self._rates[name])

    def ratio(self, name: str, baseline: str) -> float:
        """The median of the ratios of each round, in which the two stood side by side."""
        pairs = zip(self._rates[name], self._rates[baseline], strict=True)
        return median(ours / theirs for ours, theirs in pairs)

    def figure(self, title: str, name: str, baseline: str, against: str, target: float | None = None) -> Figure:
        """One contestant against another as a line of the table."""
        return Figure(
            title,
            against,
            self.rate(name),
            self.rate(baseline),
            "transfers/s",
            self.ratio(name, baseline),
            self.count,
            target,
        )
