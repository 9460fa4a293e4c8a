"""Whether what staff say of an event can be: every field at fault is named at once."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import get_currency_precision, list_currencies
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import Unit, UnitKind, to_minor, to_text
from guerdon.core.texts import is_blank, one_line
from guerdon.kernel.identity.errors import TimeZoneUnknownError
from guerdon.programs.events.errors import (
    BlankError,
    EndBeforeStartError,
    EventCurrencyError,
    EventTypeUnknownError,
    InThePastError,
    MapLinkError,
    NoSuchTimeError,
    PriceError,
    TooFarAheadError,
    TooLongError,
)
from guerdon.programs.events.models import Event
from guerdon.programs.events.schemas import EventIn
from guerdon.programs.events.service import types

LENGTH_MAX = timedelta(days=31)
YEARS_AHEAD_MAX = 5
PRICE_MINOR_MAX = 10**12


@dataclass(frozen=True, slots=True)
class Checked:
    """What was said, in the form in which it is kept."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    price_minor: int

    def values(self, given: EventIn) -> dict[str, object]:
        """The columns of an event."""
        return {
            "title": one_line(given.title),
            "description": given.description,
            "event_type": given.event_type,
            "location": one_line(given.location),
            "map_url": _link(given.map_url),
            "start_time": self.start,
            "end_time": self.end,
            "time_zone": given.time_zone,
            "max_participants": given.max_participants,
            "points_reward": given.points_reward,
            "price_minor": self.price_minor,
            "currency": given.currency,
            "walk_ins_allowed": given.walk_ins_allowed,
            "offer_s": given.offer_hours * 3600,
        }


def checked(session: Session, now: datetime, given: EventIn, *, present: Event | None = None) -> Checked:
    """Check what was said of an event.

    Args:
        present: the event as it stands, if it is a change: a start that is not moved may lie in the past, a type that
            is not offered any more may stay, and a time of day that stays is the moment that it was.

    Raises:
        FieldErrors: every field at fault.
    """
    faults: list[FieldError] = [
        BlankError(field=name) for name in ("title", "location") if is_blank(getattr(given, name))
    ]
    faults += _type_faults(session, given, present)
    faults += _link_faults(given)
    price_minor, price_faults = _price(given)
    faults += price_faults
    zone = zone_named(given.time_zone)
    if zone is None:
        raise FieldErrors([*faults, TimeZoneUnknownError(field="time_zone", problem="")])
    start, end, time_faults = _times(given, zone, now, present)
    faults += time_faults
    if faults:
        raise FieldErrors(faults)
    return Checked(start, end, zone, price_minor)


def zone_named(name: str) -> ZoneInfo | None:
    """A time zone by its name, or None if there is none."""
    return ZoneInfo(name) if name in _zones() else None


@cache
def _zones() -> frozenset[str]:
    """Names that mean the same everywhere: not what this machine calls its own zone, nor zones with leap seconds."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def scale_of(currency: str) -> int:
    """Decimals of a currency, by ISO 4217 as CLDR has it."""
    return get_currency_precision(currency)


def minor_of(amount: Decimal, currency: str) -> int:
    """An amount of a currency in its smallest unit.

    Raises:
        FieldError: it has more decimals than the currency, or is more than can be kept.
    """
    return to_minor(amount, Unit(currency, scale_of(currency), UnitKind.FIAT))


def price_text(amount_minor: int, currency: str) -> str:
    """An amount of a currency as a decimal string."""
    return to_text(amount_minor, scale_of(currency))


def moment_in(zone: ZoneInfo, given: datetime) -> datetime | None:
    """A moment in UTC; one without an offset is a time of day in ``zone``, and None if the clocks skip it there.

    Of a time that the clocks show twice it is the first.
    """
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    moment = given.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == given else None


def _unmoved(present: Event | None, name: str, given: EventIn) -> datetime | None:
    """The moment of an event that is said again as a time of day; of an hour that comes twice, the same one."""
    if present is None or given.time_zone != present.time_zone:
        return None
    moment: datetime = getattr(present, name)
    said = moment.astimezone(ZoneInfo(present.time_zone)).replace(tzinfo=None, fold=0)
    return moment if said == getattr(given, name) else None


def _type_faults(session: Session, given: EventIn, present: Event | None) -> list[FieldError]:
    offered = [each.code for each in types.listed(session, active_only=True)]
    if given.event_type in offered or (present is not None and present.event_type == given.event_type):
        return []
    return [EventTypeUnknownError(field="event_type", type=given.event_type, types=", ".join(offered))]


def _link_faults(given: EventIn) -> list[FieldError]:
    if given.map_url is None:
        return []
    try:
        parts = urlsplit(given.map_url)
        # A port that is none raises as well.
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        fine = fine and not re.search(r"\s", given.map_url)
    except ValueError:
        fine = False
    return [] if fine else [MapLinkError(field="map_url")]


def _link(given: str | None) -> str | None:
    """A link with its scheme in lower case: telephones begin a field with a capital."""
    if given is None:
        return None
    scheme, _, rest = given.partition(":")
    return f"{scheme.lower()}:{rest}"


def _price(given: EventIn) -> tuple[int, Sequence[FieldError]]:
    if given.currency not in list_currencies():
        return 0, [EventCurrencyError(field="currency", currency=given.currency)]
    scale = scale_of(given.currency)
    try:
        price_minor = minor_of(given.price, given.currency)
    except FieldError:
        price_minor = -1
    if 0 <= price_minor < PRICE_MINOR_MAX:
        return price_minor, []
    limit = to_text(PRICE_MINOR_MAX, scale)
    return 0, [PriceError(field="price", price_max=limit, decimals=scale, currency=given.currency)]


def _times(
    given: EventIn, zone: ZoneInfo, now: datetime, present: Event | None
) -> tuple[datetime, datetime, list[FieldError]]:
    faults: list[FieldError] = []
    moments: list[datetime] = []
    for name in ("start_time", "end_time"):
        value: datetime = getattr(given, name)
        try:
            moment = _unmoved(present, name, given) or moment_in(zone, value)
        except OverflowError:
            return now, now, [TooFarAheadError(field=name, years=YEARS_AHEAD_MAX)]
        if moment is None:
            faults.append(NoSuchTimeError(field=name, time=f"{value:%Y-%m-%d %H:%M}", zone=given.time_zone))
        moments.append(moment or now)
    if faults:
        return now, now, faults
    start, end = moments
    moved = present is None or present.start_time != start
    if end <= start:
        faults.append(EndBeforeStartError(field="end_time"))
    elif end - start > LENGTH_MAX:
        faults.append(TooLongError(field="end_time", days=LENGTH_MAX.days))
    if moved and start <= now:
        faults.append(InThePastError(field="start_time"))
    elif start > now + timedelta(days=366 * YEARS_AHEAD_MAX):
        faults.append(TooFarAheadError(field="start_time", years=YEARS_AHEAD_MAX))
    return start, end, faults
