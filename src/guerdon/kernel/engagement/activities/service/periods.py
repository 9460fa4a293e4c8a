"""Days, weeks, months and lives, as counters and caps count them."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from guerdon.kernel.engagement.activities.schemas import LIFE_START, Period


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name."""
    return ZoneInfo(name)


def day_of(moment: datetime, in_zone: ZoneInfo) -> date:
    """The day on which a moment falls in a zone."""
    return moment.astimezone(in_zone).date()


@lru_cache(maxsize=16384)
def period_start(period: str, day: date) -> date:
    """The first day of the period that a day falls in; ``engagement.period_start`` computes the same in SQL."""
    if period == Period.LIFE:
        return LIFE_START
    if period == Period.DAY:
        return day
    if period == Period.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


@lru_cache(maxsize=16384)
def starts(day: date) -> tuple[tuple[str, date], ...]:
    """Each period with its start, for a day."""
    return tuple((period.value, period_start(period, day)) for period in Period)
