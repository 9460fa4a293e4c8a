"""Streaks against a model that looks at one period after the other, and rules that hold for all of them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guerdon.kernel.engagement.streaks.calendar import between, distance, following, period_of
from guerdon.kernel.engagement.streaks.computing import Rules, Run, advance, follow, standing
from guerdon.kernel.engagement.streaks.seeds import StreakBonus

START = date(2026, 1, 5)
SPAN = 40
RULES = st.builds(Rules, st.sampled_from(["day", "week", "month"]), st.integers(0, 5), st.integers(0, 3))
SOME = st.frozensets(st.integers(0, SPAN - 1))


def start_of(rules: Rules, number: int) -> date:
    return following(period_of(START, rules.period), rules.period, number)


class Model:
    """Walks through every period from the first one on, keeping its accounts in the plainest way."""

    def __init__(self, rules: Rules, active: frozenset[int], neutral: frozenset[int], present: int) -> None:
        self.length = self.longest = self.freezes = 0
        self.lengths: dict[int, int] = {}
        self.saved: list[int] = []
        for number in range(present + 1):
            if number in active:
                self.length += 1
                self.longest = max(self.longest, self.length)
                self.lengths[number] = self.length
                if rules.freeze_every and self.length % rules.freeze_every == 0 and self.freezes < rules.freeze_max:
                    self.freezes += 1
            elif number == present or number in neutral or self.length == 0:
                continue
            elif self.freezes:
                self.freezes -= 1
                self.saved.append(number)
            else:
                self.length = 0


@given(RULES, SOME, SOME, st.integers(0, SPAN - 1))
def test_agrees_with_a_walk_through_every_period(
    rules: Rules, active: frozenset[int], neutral: frozenset[int], present: int
) -> None:
    known = frozenset(number for number in active if number <= present)
    model = Model(rules, known, neutral, present)
    skipped = {start_of(rules, number) for number in neutral}
    lengths: dict[date, int] = {}
    run = follow((start_of(rules, number) for number in known), rules, skipped.__contains__, lengths.__setitem__)
    found = standing(run, start_of(rules, present), rules, skipped.__contains__)
    assert (found.current, found.longest, found.freezes) == (model.length, model.longest, model.freezes)
    assert lengths == {start_of(rules, number): length for number, length in model.lengths.items()}
    assert found.active == (present in known)


@given(RULES, SOME, SOME)
def test_the_order_in_which_facts_come_changes_nothing(
    rules: Rules, active: frozenset[int], neutral: frozenset[int]
) -> None:
    skipped = {start_of(rules, number) for number in neutral}
    periods = [start_of(rules, number) for number in active]
    one_by_one = Run()
    for period in sorted(periods):
        one_by_one = advance(one_by_one, period, rules, skipped.__contains__)
    assert follow(reversed(periods), rules, skipped.__contains__) == one_by_one


@given(RULES, SOME, SOME, st.integers(0, SPAN - 1))
def test_one_more_neutral_period_never_ends_a_run(
    rules: Rules, active: frozenset[int], neutral: frozenset[int], more: int
) -> None:
    periods = [start_of(rules, number) for number in active]
    fewer = {start_of(rules, number) for number in neutral}
    before = follow(periods, rules, fewer.__contains__)
    after = follow(periods, rules, {*fewer, start_of(rules, more)}.__contains__)
    assert after.longest >= before.longest
    assert after.current >= before.current


def test_a_freeze_is_earned_after_four_and_no_more_than_two_are_kept() -> None:
    rules = Rules("week", 4, 2)
    run = follow((start_of(rules, number) for number in range(16)), rules, lambda _: False)
    assert (run.current, run.freezes) == (16, 2)
    missed_two = standing(run, start_of(rules, 18), rules, lambda _: False)
    assert (missed_two.current, missed_two.freezes, len(missed_two.saved)) == (16, 0, 2)
    missed_three = standing(run, start_of(rules, 19), rules, lambda _: False)
    assert (missed_three.current, missed_three.lost, missed_three.broken) == (0, 16, start_of(rules, 18))


def test_the_present_period_is_not_missed_before_it_ends() -> None:
    rules = Rules("day", 0, 0)
    run = follow([start_of(rules, 0)], rules, lambda _: False)
    assert standing(run, start_of(rules, 1), rules, lambda _: False).current == 1
    assert standing(run, start_of(rules, 2), rules, lambda _: False).current == 0


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(["day", "week", "month"]), st.integers(-50, 50))
def test_periods_follow_each_other(day: date, period: str, count: int) -> None:
    start = period_of(day, period)  # type: ignore[arg-type]
    assert start <= day
    assert period_of(start, period) == start  # type: ignore[arg-type]
    assert day < following(start, period)  # type: ignore[arg-type]
    assert distance(start, following(start, period, count), period) == count  # type: ignore[arg-type]
    assert len(list(between(start, following(start, period, abs(count) + 1), period))) == abs(count)  # type: ignore[arg-type]


def test_weeks_are_iso_weeks() -> None:
    assert period_of(date(2027, 1, 3), "week") == date(2026, 12, 28)
    assert period_of(date(2026, 12, 28) + timedelta(days=6), "week") == date(2026, 12, 28)


def test_bonuses_rise_to_their_cap() -> None:
    bonus = StreakBonus.rising("POINT", 5, 50)
    assert [bonus.for_length(length) for length in (0, 1, 2, 9, 10, 11, 400)] == [0, 5, 10, 45, 50, 50, 50]
