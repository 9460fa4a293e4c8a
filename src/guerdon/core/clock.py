"""Time, injected: nothing in Guerdon asks the machine what time it is except through a ``Clock``."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for tests and for simulations of the past."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware moment")
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment at which the clock stands."""
        return self._moment

    def move(self, step: timedelta) -> None:
        """Move the clock by ``step``, which may be negative."""
        self._moment += step


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day on which an aware moment falls in a zone."""
    return moment.astimezone(zone).date()
