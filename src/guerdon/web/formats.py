"""Numbers, amounts and moments as the reader writes them; the filters of the templates."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol
from zlib import crc32

from babel import dates, lists, numbers, units
from markupsafe import Markup

from guerdon.core.money import UnitKind, to_decimal
from guerdon.web.viewer import current_viewer

Length = Literal["full", "long", "medium", "short"]

_PLUS, _MINUS = "+", "−"


class ScaledUnit(Protocol):
    """What an amount needs to know of its unit; ``guerdon.core.money.Unit`` fits, and so does a database row."""

    @property
    def code(self) -> str:
        """``CREDIT``, ``XOF``."""
        ...

    @property
    def scale(self) -> int:
        """Decimals of the smallest part."""
        ...

    @property
    def kind(self) -> Any:
        """A ``UnitKind`` or its value."""
        ...

    @property
    def name(self) -> str:
        """Message id of what people call it; may be empty."""
        ...


def amount(amount_minor: int, unit: ScaledUnit | int, *, signed: bool = False, trim: bool = False) -> str:
    """An amount without its unit: ``1,234.50``, in French ``1 234,50``.

    Args:
        amount_minor: in the unit's smallest part.
        unit: the unit, or just its scale.
        signed: write a plus before what is above zero.
        trim: leave out zeros at the end of the decimals.
    """
    scale = unit if isinstance(unit, int) else unit.scale
    decimals = ("." + ("#" if trim else "0") * scale) if scale else ""
    text = numbers.format_decimal(
        to_decimal(abs(amount_minor), scale), format=f"#,##0{decimals}", locale=current_viewer().locale
    )
    return _sign(amount_minor, signed) + text


def value(amount_minor: int, unit: ScaledUnit, *, signed: bool = False, trim: bool = False) -> str:
    """An amount with its unit: ``12.50 credits``; currencies as the language writes them."""
    viewer = current_viewer()
    if str(unit.kind) == UnitKind.FIAT:
        text = numbers.format_currency(
            to_decimal(abs(amount_minor), unit.scale),
            unit.code,
            locale=viewer.locale,
            currency_digits=False,
            format=_currency_pattern(viewer.locale, unit.scale),
        )
        return _sign(amount_minor, signed) + text
    name = viewer.translator.gettext(unit.name) if unit.name else unit.code
    return f"{amount(amount_minor, unit, signed=signed, trim=trim)}\u00a0{name}"


def _currency_pattern(locale: str, scale: int) -> str:
    digits = "#,##0" + ("." + "0" * scale if scale else "")
    return f"{digits}\u00a0¤" if locale == "fr" else f"¤{digits}"


def _sign(amount_minor: int, signed: bool) -> str:
    return _MINUS if amount_minor < 0 else _PLUS if signed and amount_minor > 0 else ""


def number(n: int | float | Decimal) -> str:
    """A plain number with the language's separators."""
    return numbers.format_decimal(n, locale=current_viewer().locale)


def compact(n: int | float | Decimal) -> str:
    """A number in little room: ``12K``."""
    return numbers.format_compact_decimal(n, locale=current_viewer().locale, fraction_digits=1)


def percent(share: float | Decimal, digits: int = 0) -> str:
    """A share of 1 as per cent."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "") + ("\u00a0%" if current_viewer().locale == "fr" else "%")
    return numbers.format_percent(share, format=pattern, locale=current_viewer().locale)


def local(moment: datetime) -> datetime:
    """A moment on the reader's clock.

    Raises:
        ValueError: for a moment without zone, which could mean anything.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be shown")
    return moment.astimezone(current_viewer().zone)


def format_date(day: date | datetime, length: Length = "medium") -> str:
    """A calendar day; a moment becomes the day on which it falls where the reader lives."""
    shown = local(day).date() if isinstance(day, datetime) else day
    return dates.format_date(shown, length, locale=current_viewer().locale)


def format_month(day: date) -> str:
    """The month of a calendar day, with its year."""
    return dates.format_skeleton("yMMMM", day, locale=current_viewer().locale)


def format_datetime(moment: datetime, length: Length = "medium") -> str:
    """Day and time on the reader's clock, to the minute."""
    viewer = current_viewer()
    shown = local(moment)
    clock = dates.format_time(shown, "short", tzinfo=viewer.zone, locale=viewer.locale)
    pattern = str(dates.get_datetime_format("short", locale=viewer.locale))
    return pattern.replace("{1}", dates.format_date(shown.date(), length, locale=viewer.locale)).replace("{0}", clock)


def format_time(moment: datetime | time) -> str:
    """The time of day."""
    viewer = current_viewer()
    return dates.format_time(moment, "short", tzinfo=viewer.zone, locale=viewer.locale)


def relative(moment: datetime) -> str:
    """How long ago, or in how long: ``3 hours ago``."""
    viewer = current_viewer()
    return dates.format_timedelta(local(moment) - viewer.now, add_direction=True, locale=viewer.locale)


def ago(moment: datetime) -> Markup:
    """``relative`` as a ``<time>`` element that carries the exact moment."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), format_datetime(moment, "long"), relative(moment)
    )


def duration(length: timedelta | int | float) -> str:
    """A length of time, given as a timedelta or in seconds: ``2 hr, 30 min``; at most its two largest parts."""
    total_s = int(length.total_seconds() if isinstance(length, timedelta) else length)
    locale = current_viewer().locale
    parts = []
    rest_s = abs(total_s)
    for unit, size_s in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest_s = divmod(rest_s, size_s)
        if count:
            parts.append(units.format_unit(count, f"duration-{unit}", "short", locale=locale))
    shown = parts[:2] or [units.format_unit(0, "duration-minute", "short", locale=locale)]
    return (_MINUS if total_s < 0 else "") + lists.format_list(shown, style="unit-short", locale=locale)


def listing(items: Iterable[str]) -> str:
    """``a, b and c``."""
    return lists.format_list([str(item) for item in items], locale=current_viewer().locale)


def initials(name: str) -> str:
    """One or two letters for a person without a picture."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words[:1])).upper() or "?"


def hue(text: str) -> int:
    """0 to 3: the same for the same text, so that a person keeps the colour of their avatar."""
    return crc32(text.encode()) % 4


FILTERS: Mapping[str, Callable[..., Any]] = {
    "amount": amount,
    "value": value,
    "number": number,
    "compact": compact,
    "percent": percent,
    "date": format_date,
    "month": format_month,
    "datetime": format_datetime,
    "time": format_time,
    "relative": relative,
    "ago": ago,
    "duration": duration,
    "listing": listing,
    "initials": initials,
    "hue": hue,
}
