"""Which day a period begins, and when it is over for everybody."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from guerdon.kernel.engagement.activities.schemas import LIFE_START

LAST_ZONE_BEHIND = timedelta(hours=12)
"""How far behind UTC the last zone is: a day of members' own zones is over when it is over there."""

FIRST_ZONE_AHEAD = timedelta(hours=14)
"""How far ahead of UTC the first zone is: a day of members' own zones begins when it begins there."""


def start_of(period: str, day: date) -> date:
    """The first day of the period that a day falls in."""
    if period == "day":
        return day
    if period == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "month" else LIFE_START


def start_of_next(period: str, start: date) -> date:
    """The first day of the period after one; a life has none.

    Raises:
        ValueError: a life does not end.
    """
    if period == "day":
        return start + timedelta(days=1)
    if period == "week":
        return start + timedelta(days=7)
    if period == "month":
        return (start + timedelta(days=32)).replace(day=1)
    raise ValueError("a life does not end")


def ends_at(period: str, start: date, *, by_member: bool, zone: str) -> datetime:
    """When a period is over: in the community's zone, or in the last zone of the world where members' own count."""
    end = start_of_next(period, start)
    if by_member:
        return datetime.combine(end, time(), UTC) + LAST_ZONE_BEHIND
    return datetime.combine(end, time(), ZoneInfo(zone)).astimezone(UTC)
