"""Columns on their way to PostgreSQL: each as one text, its values apart by a character that none of them holds.

The driver builds arrays value by value in Python, which for texts full of quotes costs more than everything else
that recording does. PostgreSQL takes such a text apart (``engagement.apart``) in a few nanoseconds a value.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

APART = "\x1f"
"""The unit separator of ASCII. JSON writes it as an escape; keys and names with control characters are refused."""
_NOTHING = "\x1e"


def texts(values: Iterable[str | None]) -> str:
    """Texts, and None for NULL. An empty list gives an empty array."""
    return APART.join([_NOTHING if value is None else value for value in values])


def uuids(values: Iterable[UUID | None]) -> str:
    """Identifiers."""
    return APART.join([_NOTHING if value is None else f"{value.int:032x}" for value in values])


def numbered(values: Iterable[int]) -> str:
    """Identifiers given as the whole numbers that they are."""
    return APART.join([f"{value:032x}" for value in values])


def moments(values: Iterable[datetime]) -> str:
    """Moments."""
    return APART.join([value.isoformat() for value in values])


def whole_numbers(values: Iterable[int]) -> str:
    """Whole numbers."""
    return APART.join(map(str, values))


def days(values: Iterable[object]) -> str:
    """Days."""
    return APART.join(map(str, values))
