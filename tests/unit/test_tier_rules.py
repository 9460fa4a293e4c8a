"""The rules of ladders, without a database: windows, grace, falls at once and step by step, and what is told ahead."""

from datetime import date, timedelta
from random import Random

import pytest

from guerdon.kernel.engagement.ladders.service.configuring import misfits
from guerdon.kernel.engagement.ladders.service.deciding import (
    AHEAD_DAYS_MAX,
    Fall,
    Keeping,
    Ladder,
    State,
    amount_on,
    is_review,
    next_fall,
    step,
    window_start,
)
from guerdon.kernel.engagement.schemas import Tier

STEPS = (Tier("low", "Low", 0), Tier("mid", "Mid", 10), Tier("high", "High", 20))
DAY = date(2026, 3, 2)


def ladder(**options: object) -> Ladder:
    return Ladder("garden", "LEAF", 0, STEPS, Keeping(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "length", "day", "first"),
    [
        ("day", 1, DAY, DAY),
        ("day", 30, DAY, date(2026, 2, 1)),
        ("month", 1, DAY, date(2026, 3, 1)),
        ("month", 3, DAY, date(2026, 1, 1)),
        ("month", 4, DAY, date(2025, 12, 1)),
        ("month", 12, date(2026, 12, 31), date(2026, 1, 1)),
        ("month", 13, date(2026, 12, 31), date(2025, 12, 1)),
        ("year", 1, DAY, date(2026, 1, 1)),
        ("year", 3, DAY, date(2024, 1, 1)),
    ],
)
def test_where_windows_begin(unit: str, length: int, day: date, first: date) -> None:
    assert window_start(Keeping("window", unit, length), day) == first


def test_rising_needs_no_waiting() -> None:
    state = step(ladder(downgrade="never"), State(0, DAY), DAY, 25)
    assert state == State(2, DAY)


def test_never_means_never() -> None:
    state = State(2, DAY)
    for day in range(1, 800):
        state = step(ladder(downgrade="never"), state, DAY + timedelta(days=day), 0)
    assert state.step == 2
    assert next_fall(ladder(downgrade="never"), state, [], 0) is None


def test_at_once_falls_to_what_fits_after_grace() -> None:
    rules = ladder(grace_days=5)
    state = step(rules, State(2, DAY), DAY, 0)
    assert (state.step, state.short_since) == (2, DAY)
    for day in range(1, 5):
        state = step(rules, state, DAY + timedelta(days=day), 0)
        assert state.step == 2
    assert step(rules, state, DAY + timedelta(days=5), 0) == State(0, DAY + timedelta(days=5))
    recovered = step(rules, state, DAY + timedelta(days=4), 20)
    assert (recovered.step, recovered.short_since) == (2, None)


def test_without_grace_at_once_is_the_same_day() -> None:
    assert step(ladder(), State(2, DAY), DAY, 12) == State(1, DAY)


def test_step_by_step_at_the_end_of_periods() -> None:
    rules = ladder(downgrade="period_end", review_period="month")
    state = step(rules, State(2, DAY), DAY, 0)
    seen = []
    for ahead in range(1, 120):
        day = DAY + timedelta(days=ahead)
        after = step(rules, state, day, 0)
        after = step(rules, after, day, 0)  # asked twice on a day, it falls once
        if after.step != state.step:
            seen.append((day, after.step))
        state = after
    assert seen == [(date(2026, 4, 1), 1), (date(2026, 5, 1), 0)]


def test_a_day_that_comes_twice_moves_nobody_down_again() -> None:
    """The machine's clock steps back, or the community takes a zone further west: the first of April comes again."""
    rules = ladder(downgrade="period_end")
    first = date(2026, 4, 1)
    fell = step(rules, State(2, date(2026, 3, 31), DAY), first, 0)
    assert fell == State(1, first, DAY)
    back = step(rules, fell, date(2026, 3, 31), 0)
    assert step(rules, back, first, 0) == fell
    assert step(rules, back, date(2026, 3, 31), 25) == State(2, first)
    at_once = ladder(downgrade="at_once")
    assert step(at_once, State(2, first), date(2026, 3, 31), 0) == State(2, first)


def test_who_falls_short_on_the_day_of_a_review_waits_for_the_next() -> None:
    rules = ladder(downgrade="period_end")
    state = step(rules, State(2, date(2026, 3, 31)), date(2026, 4, 1), 0)
    assert state.step == 2
    assert next_fall(rules, state, [], 0) == Fall(date(2026, 5, 1), 1, 20)


@pytest.mark.parametrize(
    ("period", "days"),
    [("month", [(3, 1), (4, 1)]), ("quarter", [(1, 1), (4, 1), (7, 1), (10, 1)]), ("year", [(1, 1)])],
)
def test_reviews(period: str, days: list[tuple[int, int]]) -> None:
    assert all(is_review(period, date(2026, month, day)) for month, day in days)
    assert not is_review(period, date(2026, 2, 2))
    assert period == "month" or not is_review(period, date(2026, 2, 1))


def test_a_window_tells_the_day_of_the_fall_and_what_keeps_it() -> None:
    rules = ladder(basis="window", window_unit="day", window_length=30, grace_days=3)
    earned = [(DAY - timedelta(days=20), 15), (DAY, 5)]
    assert amount_on(rules.keeping, earned, DAY) == 20
    fall = next_fall(rules, State(2, DAY), earned, 20)
    # The 15 count for 30 days; on the day after, 5 are left, and grace runs from there.
    assert fall == Fall(DAY + timedelta(days=10 + 3), 0, 15)


def test_what_is_told_ahead_is_what_happens() -> None:
    random = Random(5)
    for _ in range(300):
        basis = random.choice(["earned", "window"])
        rules = ladder(
            basis=basis,
            window_unit=random.choice(["day", "month", "year"]) if basis == "window" else None,
            window_length=random.randint(1, 3) if basis == "window" else None,
            downgrade=random.choice(["at_once", "period_end"]),
            review_period=random.choice(["month", "quarter", "year"]),
            grace_days=random.choice([0, 1, 10, 60]),
        )
        earned = sorted((DAY - timedelta(days=random.randrange(60)), random.randint(1, 20)) for _ in range(3))
        total = sum(amount for _, amount in earned)

        def counts(
            day: date, rules: Ladder = rules, earned: list[tuple[date, int]] = earned, total: int = total
        ) -> int:
            return amount_on(rules.keeping, earned, day) if rules.keeping.basis == "window" else total // 2

        state = step(rules, State(2, DAY - timedelta(days=1)), DAY, counts(DAY))
        told = next_fall(rules, state, earned, total // 2)
        then, fell = state, None
        for ahead in range(1, AHEAD_DAYS_MAX + 1):
            day = DAY + timedelta(days=ahead)
            after = step(rules, then, day, counts(day))
            if after.step < then.step:
                fell = (day, after.step)
                break
            then = after
        assert (None if told is None else (told.on, told.to)) == fell


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"basis": "luck"}, "basis"),
        ({"downgrade": "soon"}, "downgrade"),
        ({"review_period": "week"}, "review_period"),
        ({"basis": "window"}, "window_length"),
        ({"basis": "window", "window_unit": "year", "window_length": 11}, "window_length"),
        ({"window_unit": "day", "window_length": 3}, "window_length"),
        ({"grace_days": -1}, "grace_days"),
        ({"notice_days": 366}, "notice_days"),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, object], field: str) -> None:
    assert [fault.field for fault in misfits(Keeping(**given))] == [field]  # type: ignore[arg-type]
    assert misfits(Keeping()) == []
