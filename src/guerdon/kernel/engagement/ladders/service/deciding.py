"""The rules of a ladder, without a database: what counts on a day, who rises, who falls and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from guerdon.kernel.engagement.schemas import Tier

AHEAD_DAYS_MAX = 1_500
"""How far a fall is looked for: the longest grace after the longest usual window."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How tiers are reached and kept.

    Attributes:
        basis: ``balance``, ``earned`` (all time, net of reversals) or ``window`` (earned in the last ``window_length``
            days, calendar months or calendar years, the present one included).
        downgrade: what happens to who falls short: ``never`` anything, ``at_once`` when grace is over, or one step at
            each ``period_end``.
        review_period: whose end ``period_end`` means: ``month``, ``quarter`` or ``year``.
        grace_days: how long after falling short nothing happens yet.
        notice_days: how long before a fall members are told; 0 for not at all.
    """

    basis: str = "earned"
    window_unit: str | None = None
    window_length: int | None = None
    downgrade: str = "at_once"
    review_period: str = "month"
    grace_days: int = 0
    notice_days: int = 0

    @property
    def remembers(self) -> bool:
        """Whether a member may stand higher than what counts would put them."""
        return self.basis == "window" or self.downgrade != "at_once" or self.grace_days > 0


@dataclass(frozen=True, slots=True)
class Ladder:
    """A program's tiers, the lowest first, and how they are kept."""

    program: str
    unit: str
    scale: int
    steps: tuple[Tier, ...]
    keeping: Keeping

    def reached(self, amount_minor: int) -> int:
        """The number of the step that an amount reaches."""
        return max(
            (number for number, step in enumerate(self.steps) if step.threshold_minor <= amount_minor), default=0
        )

    def number(self, code: str) -> int:
        """The number of a step by its code; the lowest for one that there is no more."""
        return next((number for number, step in enumerate(self.steps) if step.code == code), 0)


@dataclass(frozen=True, slots=True)
class State:
    """Where somebody stands, as settled on a day.

    Attributes:
        step: number of the tier.
        short_since: since when they have too little for it.
    """

    step: int
    settled_on: date
    short_since: date | None = None


def window_start(keeping: Keeping, day: date) -> date:
    """The first day that counts on a day; the SQL function of this name computes the same."""
    length = keeping.window_length or 1
    if keeping.window_unit == "day":
        return day - timedelta(days=length - 1)
    if keeping.window_unit == "year":
        return date(day.year - length + 1, 1, 1)
    months = day.year * 12 + day.month - length
    return date(months // 12, months % 12 + 1, 1)


def amount_on(keeping: Keeping, earned: Sequence[tuple[date, int]], day: date) -> int:
    """What counts on a day of what was earned on each day."""
    first = window_start(keeping, day)
    return sum(amount for at, amount in earned if first <= at <= day)


def is_review(period: str, day: date) -> bool:
    """Whether a day is the first after the end of a review period."""
    return day.day == 1 and (
        period == "month"
        or (period == "quarter" and day.month in (1, 4, 7, 10))
        or (period == "year" and day.month == 1)
    )


def step(ladder: Ladder, state: State, day: date, amount_minor: int) -> State:
    """The state on a day with what counts then. May be asked again on the same day, when more was earned."""
    keeping, target = ladder.keeping, ladder.reached(amount_minor)
    if target >= state.step:
        return State(target, max(day, state.settled_on))
    if day < state.settled_on:
        # The clock has stepped back, or the community has taken a zone further west: this day was settled already.
        return state
    short_since = state.short_since or day
    over = day >= short_since + timedelta(days=keeping.grace_days)
    if keeping.downgrade == "at_once" and over:
        return State(target, day)
    # A review happens once: on the first settling of its day, and never on the day on which somebody fell short.
    due = is_review(keeping.review_period, day) and state.settled_on < day and short_since < day
    if keeping.downgrade == "period_end" and over and due:
        lower = state.step - 1
        return State(lower, day, short_since if target < lower else None)
    return replace(state, settled_on=day, short_since=short_since)


@dataclass(frozen=True, slots=True)
class Fall:
    """A fall that comes if nothing more is earned.

    Attributes:
        on: the day of the fall; ``to`` the number of the tier then.
        missing_minor: what has to be earned before, so that it does not come.
    """

    on: date
    to: int
    missing_minor: int


def next_fall(
    ladder: Ladder, state: State, earned: Sequence[tuple[date, int]], amount_minor: int, *, days: int = AHEAD_DAYS_MAX
) -> Fall | None:
    """The next fall within so many days if nothing more is earned; None if there is none.

    Args:
        earned: by day, for a window.
        amount_minor: what counts, for every other basis.
    """
    if state.step == 0 or ladder.keeping.downgrade == "never":
        return None
    today = state.settled_on
    for ahead in range(1, days + 1):
        day = today + timedelta(days=ahead)
        amount = amount_on(ladder.keeping, earned, day) if ladder.keeping.basis == "window" else amount_minor
        after = step(ladder, state, day, amount)
        if after.step < state.step:
            return Fall(day, after.step, ladder.steps[state.step].threshold_minor - amount)
        state = after
    return None
