"""Days, ISO weeks and months, each named by its first day."""

from collections.abc import Iterator
from datetime import date, timedelta

from guerdon.kernel.engagement.streaks.seeds import StreakPeriod

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def period_of(day: date, period: StreakPeriod) -> date:
    """The first day of the period in which a day lies."""
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else day


def following(start: date, period: StreakPeriod, count: int = 1) -> date:
    """The first day of the period ``count`` periods later; earlier where it is negative."""
    if period == "month":
        months = start.year * 12 + start.month - 1 + count
        return date(months // 12, months % 12 + 1, 1)
    return start + count * (WEEK if period == "week" else DAY)


def between(after: date, before: date, period: StreakPeriod) -> Iterator[date]:
    """The periods strictly between two."""
    start = following(after, period)
    while start < before:
        yield start
        start = following(start, period)


def distance(first: date, second: date, period: StreakPeriod) -> int:
    """How many periods the second lies after the first."""
    if period == "month":
        return (second.year - first.year) * 12 + second.month - first.month
    return (second - first).days // (7 if period == "week" else 1)
