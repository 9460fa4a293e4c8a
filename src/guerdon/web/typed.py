"""What people type into fields: numbers as they write them, and days on their own clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SPACES = str.maketrans("", "", " \u00a0\u202f")


def plain_number(text: str) -> str:
    """A number as people type it, in the form that the services take: ``1 250,5`` is ``1250.5``."""
    packed = text.translate(_SPACES)
    if packed.count(",") == 1 and "." not in packed:
        packed = packed.replace(",", ".")
    return packed


def day_start(text: str, zone: ZoneInfo, *, days_later: int = 0) -> datetime | None:
    """When a day of a date field begins on the reader's clock, or one some days later; None for what is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
