"""The rules of a time zone as iCalendar writes them (VTIMEZONE): exact to the second, for the years that are needed.

icalendar makes them too, but lets summer time begin an hour late in the night of the change, because it writes the new
clock where RFC 5545 wants the old one, and it can step over what lasts less than 64 days, such as Ramadan in Morocco.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_STEP = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def zone_rules(zone: ZoneInfo, first: datetime, last: datetime) -> Timezone:
    """What the clocks of a zone do from one moment to another."""
    start = first.astimezone(UTC).replace(microsecond=0)
    onsets: dict[tuple[timedelta, timedelta, str, bool], list[datetime]] = {}
    before = _offset(zone, start)
    for moment in (start, *_changes(zone, start, last)):
        local = moment.astimezone(zone)
        observance = (before, _offset(zone, moment), local.tzname() or zone.key, bool(local.dst()))
        # An onset is told by the clock as it went until then.
        onsets.setdefault(observance, []).append((moment + before).replace(tzinfo=None))
        before = _offset(zone, moment)
    made = Timezone()
    made.add("tzid", zone.key)
    for (offset_from, offset_to, name, summer), clocks in onsets.items():
        part = TimezoneDaylight() if summer else TimezoneStandard()
        part.add("dtstart", clocks[0])
        part.add("tzoffsetfrom", offset_from)
        part.add("tzoffsetto", offset_to)
        part.add("tzname", name)
        # A line for each: there are readers that see only the first of several dates in a line.
        for clock in clocks[1:]:
            part.add("rdate", clock)
        made.add_component(part)
    return made


def _changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The moments at which the clocks of a zone are changed."""
    since = first
    while since < last:
        until = since + _STEP
        if _offset(zone, since) != _offset(zone, until):
            yield _change_between(zone, since, until)
        since = until


def _change_between(zone: ZoneInfo, since: datetime, until: datetime) -> datetime:
    before = _offset(zone, since)
    while until - since > _SECOND:
        middle = since + (until - since) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == before:
            since = middle
        else:
            until = middle
    return until


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    if offset is None:
        raise ValueError(f"{zone.key} has no offset")
    return offset
