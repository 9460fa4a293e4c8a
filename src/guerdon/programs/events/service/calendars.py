"""iCalendar (RFC 5545) for one event and for a member's feed.

An event keeps its UID for ever, and its SEQUENCE rises with each change, so that a calendar that has it already moves
it instead of showing it twice. A cancelled event stays in the feed as CANCELLED, which tells more than vanishing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.prop import vDuration

from guerdon.core.texts import one_line
from guerdon.programs.events.service.zone_rules import zone_rules

MEDIA_TYPE = "text/calendar; charset=utf-8"
_PRODUCT = "-//Guerdon//Events//EN"
_REFRESH = timedelta(hours=1)
_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An event as a calendar shows it.

    Attributes:
        zone: IANA name of where it takes place; times are written in it, with its rules.
        sequence: rises with each change.
        tentative: the member waits for a place.
        url: the event's page.
    """

    event_id: UUID
    title: str
    description: str
    place: str
    start: datetime
    end: datetime
    zone: str
    sequence: int
    changed_at: datetime
    cancelled: bool
    tentative: bool
    url: str


def calendar(entries: Iterable[CalendarEntry], *, name: str, subscribed: bool) -> bytes:
    """A calendar file.

    Args:
        name: what calendars call it.
        subscribed: a feed that calendars read again and again, rather than a file to take in once.
    """
    made = Calendar()
    made.add("prodid", _PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    if subscribed:
        made.add("name", name)
        made.add("x-wr-calname", name)
        made.add("refresh-interval", vDuration(_REFRESH), parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", vDuration(_REFRESH))
    else:
        made.add("method", "PUBLISH")
    shown = list(entries)
    for entry in shown:
        made.add_component(_event(entry))
    if shown:
        # The rules of a zone only for the years that are needed: they change, and each year is a line.
        first, last = min(entry.start for entry in shown), max(entry.end for entry in shown)
        zones = map(ZoneInfo, sorted(made.get_missing_tzids()))
        made.subcomponents[:0] = [zone_rules(zone, first - _YEAR, last + _YEAR) for zone in zones]
    return bytes(made.to_ical())


def _event(entry: CalendarEntry) -> Event:
    zone = ZoneInfo(entry.zone)
    made = Event()
    made.add("uid", str(entry.event_id))
    made.add("dtstamp", entry.changed_at)
    made.add("last-modified", entry.changed_at)
    made.add("sequence", entry.sequence)
    made.add("dtstart", _written(entry.start, zone))
    made.add("dtend", _written(entry.end, zone))
    made.add("summary", one_line(entry.title))
    if entry.description:
        made.add("description", _lines(entry.description))
    made.add("location", one_line(entry.place))
    made.add("url", entry.url)
    made.add("status", "CANCELLED" if entry.cancelled else "TENTATIVE" if entry.tentative else "CONFIRMED")
    made.add("transp", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    return made


def _lines(text: str) -> str:
    """A text without what iCalendar forbids: each line by itself, whatever ends it, and no control characters."""
    # Word processors paste vertical tabs; a calendar may refuse a whole feed for one.
    return "\n".join(map(one_line, text.splitlines()))


def _written(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment by the clock of its zone; in UTC in the hour that comes a second time, for which no clock has a name."""
    local = moment.astimezone(zone)
    return moment.astimezone(UTC) if local.fold else local
