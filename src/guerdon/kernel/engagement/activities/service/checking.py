"""Whether a fact may be recorded at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.json_text import encode
from guerdon.core.texts import is_legible
from guerdon.kernel.engagement.activities.errors import (
    EXPECTED,
    ActivityInFutureError,
    ActivityKeyError,
    ActivityKindUnknownError,
    ActivityMomentError,
    ActivityTooOldError,
    PropertiesTooLargeError,
    PropertyMissingError,
    PropertyTypeError,
    PropertyUnknownError,
)
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.book import Book, Kind

KEY_LENGTH_MAX = 255
SKEW_S = 300
"""How far the clock of whoever reports a fact may be ahead."""
FIRST_YEAR = 2000
TEXT_LENGTH_MAX = 500
LIST_LENGTH_MAX = 100
PROPERTIES_LENGTH_MAX = 8000
_WHOLE = range(-(10**12), 10**12 + 1)
"""Small enough that millions of them add up to something that a counter holds."""


def checked(book: Book, fact: Fact, latest: datetime) -> str:
    """The properties of a fact that may be recorded, as JSON with their names in order. Whether its member exists is
    not looked at.

    Args:
        latest: when it may have happened at the latest.

    Raises:
        FieldError: one thing that forbids it.
        FieldErrors: properties that do not fit the kind; each is named.
    """
    kind = book.kinds.get(fact.kind)
    if kind is None or kind.program != fact.program:
        raise ActivityKindUnknownError(field="kind", kind=fact.kind[:100])
    if not 0 < len(fact.key) <= KEY_LENGTH_MAX or not is_legible(fact.key):
        raise ActivityKeyError(field="key", length_max=KEY_LENGTH_MAX)
    if not 0 < len(fact.source) <= KEY_LENGTH_MAX or not is_legible(fact.source):
        raise ActivityKeyError(field="source", length_max=KEY_LENGTH_MAX)
    if fact.happened_at.tzinfo is None:
        raise ActivityMomentError(field="happened_at")
    if fact.happened_at > latest:
        raise ActivityInFutureError(field="happened_at", skew_s=SKEW_S)
    if fact.happened_at.year < FIRST_YEAR:
        raise ActivityTooOldError(field="happened_at", first_year=FIRST_YEAR)
    faults = _property_faults(kind, fact.properties)
    if faults:
        raise FieldErrors(faults)
    text = encode(fact.properties, sort=True)
    if len(text) > PROPERTIES_LENGTH_MAX:
        raise PropertiesTooLargeError(field="properties", length_max=PROPERTIES_LENGTH_MAX)
    return text


def _property_faults(kind: Kind, given: Mapping[str, Any]) -> list[FieldError]:
    faults: list[FieldError] = []
    found = 0
    for name, expected, optional in kind.expected:
        value = given.get(name)
        if value is None:
            if name in given or not optional:
                faults.append(PropertyMissingError(field=f"properties.{name}", name=name))
            continue
        found += 1
        if not _fits(value, expected):
            faults.append(PropertyTypeError(field=f"properties.{name}", name=name, expected=EXPECTED[expected]))
    if found < len(given):
        unknown = [name for name in given if name not in kind.properties]
        faults += [PropertyUnknownError(field=f"properties.{name[:100]}", name=name[:100]) for name in unknown]
    return faults


def _fits(value: Any, expected: str) -> bool:
    if expected == "int":
        return type(value) is int and value in _WHOLE
    if expected == "str":
        return _is_text(value)
    if expected == "bool":
        return type(value) is bool
    return (
        isinstance(value, list)
        and len(value) <= LIST_LENGTH_MAX
        and all(type(each) is bool or (type(each) is int and each in _WHOLE) or _is_text(each) for each in value)
    )


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= TEXT_LENGTH_MAX and _is_clean(value)


def _is_clean(text: str) -> bool:
    """Neither NUL nor a lone surrogate: neither PostgreSQL nor anybody else could read it."""
    if text.isprintable():
        return True
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
