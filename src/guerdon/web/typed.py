"""What people type into fields: numbers as they write them, and days on their own clock."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}")
_SPACES = str.maketrans("", "", " \u00a0\u202f")


def plain_number(text: str, locale: str | None = None) -> str:
    """A number as people type it, in the form that the services take: ``1 250,5`` is ``1250.5``.

    Args:
        locale: of the page. Where it parts thousands by commas, ``1,250`` is left as it is, which no service takes:
            it could mean a thousand times the other.
    """
    packed = text.translate(_SPACES).replace("\u2212", "-")
    if packed.count(",") == 1 and "." not in packed and not (locale == "en" and _GROUPED.fullmatch(packed)):
        packed = packed.replace(",", ".")
    return packed


def day_start(text: str, zone: ZoneInfo, *, days_later: int = 0) -> datetime | None:
    """When a day of a date field begins on the reader's clock, or one some days later; None for what is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days_later)
        return datetime.combine(day, time.min, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
