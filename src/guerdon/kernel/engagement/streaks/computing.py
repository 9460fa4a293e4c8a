"""What a streak is: a pure function of the periods in which a member was active and of those that do not count.

A run grows by one with every active period. A period without activity that counts takes a freeze if one is kept, and
ends the run if not. Neutral periods (the community held nothing, the member paused, staff forgave it) do neither.
After every ``freeze_every`` periods of a run a freeze is earned, up to ``freeze_max``; a run that ends leaves none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from guerdon.kernel.engagement.streaks.calendar import between
from guerdon.kernel.engagement.streaks.seeds import StreakPeriod

Neutral = Callable[[date], bool]
"""Whether a period, named by its first day, neither breaks nor lengthens."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of a streak."""

    period: StreakPeriod
    freeze_every: int
    freeze_max: int


@dataclass(frozen=True, slots=True)
class Run:
    """Where a member stood with their last active period.

    Attributes:
        current: periods of the run that it belongs to.
        longest: of all runs.
        freezes: kept.
        started: the first period of the run.
        last: the last active period; None when there was none ever.
    """

    current: int = 0
    longest: int = 0
    freezes: int = 0
    started: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands in the present period.

    Attributes:
        current, longest, freezes, started, last: as in ``Run``; a run that has ended counts 0.
        active: whether the present period is done.
        saved: periods since the last active one in which a freeze was used.
        lost: how long the run was that ended after ``last``; 0 if none did.
        broken: the period that ended it.
    """

    current: int
    longest: int
    freezes: int
    started: date | None
    last: date | None
    active: bool
    saved: tuple[date, ...] = ()
    lost: int = 0
    broken: date | None = None


def advance(run: Run, period: date, rules: Rules, neutral: Neutral) -> Run:
    """The run with one more active period, later than its last one."""
    before = _through_gap(run, period, rules, neutral)[0]
    current = before.current + 1
    freezes = before.freezes
    if rules.freeze_every and current % rules.freeze_every == 0:
        freezes = min(freezes + 1, rules.freeze_max)
    return Run(
        current,
        max(before.longest, current),
        freezes,
        before.started if before.current else period,
        period,
    )


def standing(run: Run, present: date, rules: Rules, neutral: Neutral) -> Standing:
    """Where a member stands in the present period, which is open: it is not missed before it ends."""
    after, saved, broken = _through_gap(run, present, rules, neutral)
    return Standing(
        after.current,
        after.longest,
        after.freezes,
        after.started,
        after.last,
        run.last is not None and run.last >= present,
        saved,
        run.current if broken else 0,
        broken,
    )


def follow(
    active: Iterable[date], rules: Rules, neutral: Neutral, seen: Callable[[date, int], None] | None = None
) -> Run:
    """The run after all active periods, in whatever order they are given.

    Args:
        seen: told each active period with the length that the run had with it.
    """
    run = Run()
    for period in sorted(active):
        run = advance(run, period, rules, neutral)
        if seen is not None:
            seen(period, run.current)
    return run


def _through_gap(run: Run, period: date, rules: Rules, neutral: Neutral) -> tuple[Run, tuple[date, ...], date | None]:
    """The run as it arrives at a period, the periods in which freezes were used, and the one that ended it."""
    if run.last is None or run.current == 0:
        return run, (), None
    freezes = run.freezes
    saved: list[date] = []
    for missed in between(run.last, period, rules.period):
        if neutral(missed):
            continue
        if freezes == 0:
            return replace(run, current=0, freezes=0, started=None), tuple(saved), missed
        freezes -= 1
        saved.append(missed)
    return replace(run, freezes=freezes), tuple(saved), None
