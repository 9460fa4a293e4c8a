"""Weekly repetition: on which days the events of a series fall."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from guerdon.programs.events.errors import (
    NoOccurrenceError,
    SeriesEndError,
    TooFarAheadError,
    TooManyOccurrencesError,
)
from guerdon.programs.events.models import Series
from guerdon.programs.events.schemas import EVENTS_MAX, Repetition
from guerdon.programs.events.service.checking import YEARS_AHEAD_MAX, Checked, moment_in

DAYS_MAX = 366 * YEARS_AHEAD_MAX


def days_of(repetition: Repetition, first: date) -> list[date]:
    """The days of a repetition, from that of the first event on.

    Weeks are counted from the Monday of the first event's week, so that every second week means the same for all
    weekdays. A number of events does not count exceptions.

    Raises:
        SeriesEndError: not exactly one end, or one before the first day.
        NoOccurrenceError, TooManyOccurrencesError, TooFarAheadError: no day, more than are made at once, or one that
            is years away.
    """
    if (repetition.ends_on is None) == (repetition.count is None):
        raise SeriesEndError(field="repetition.ends_on")
    if repetition.ends_on is not None and repetition.ends_on < first:
        raise SeriesEndError(field="repetition.ends_on")
    left_out = frozenset(repetition.exceptions)
    found: list[date] = []
    for day in _candidates(repetition, first):
        if (repetition.ends_on is not None and day > repetition.ends_on) or len(found) == repetition.count:
            break
        if day not in left_out:
            found.append(day)
        if len(found) > EVENTS_MAX:
            raise TooManyOccurrencesError(field="repetition.ends_on", events_max=EVENTS_MAX)
    if repetition.count is not None and 0 < len(found) < repetition.count:
        raise TooFarAheadError(field="repetition.count", years=YEARS_AHEAD_MAX)
    if not found:
        raise NoOccurrenceError(field="repetition.weekdays")
    return found


def _candidates(repetition: Repetition, first: date) -> Iterator[date]:
    monday = first - timedelta(days=first.isoweekday() - 1)
    for offset in range(DAYS_MAX):
        day = first + timedelta(days=offset)
        weeks = (day - monday).days // 7
        if weeks % repetition.interval_weeks == 0 and day.isoweekday() in repetition.weekdays:
            yield day


def series_of(repetition: Repetition, days: list[date], checked: Checked) -> Series:
    """The row that remembers a repetition, with the local time that all of its events share."""
    local = checked.start.astimezone(checked.zone)
    return Series(
        interval_weeks=repetition.interval_weeks,
        weekdays=sorted(set(repetition.weekdays)),
        starts_on=days[0],
        ends_on=days[-1],
        exceptions=sorted(set(repetition.exceptions)),
        start_local=local.time().replace(tzinfo=None),
        duration_s=int((checked.end - checked.start).total_seconds()),
        time_zone=checked.zone.key,
    )


def start_on(day: date, like: datetime, zone: ZoneInfo) -> datetime:
    """When the event of a day begins: at the same time of day in the zone, an hour later where the clocks skip it.

    Args:
        like: a start whose local time of day is taken.
    """
    local = datetime.combine(day, like.astimezone(zone).time())
    return moment_in(zone, local) or local.replace(tzinfo=zone).astimezone(UTC)
