"""Amounts: integers of a unit's smallest part inside, decimal strings outside, never a float.

A *unit* (points, credits, coins, a token, a currency) has a scale of 0 to 9: the number of decimals that its
smallest part stands for. ``12.50`` of a unit with scale 2 is ``1250`` in minor units.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from guerdon.core.errors import FieldError

AMOUNT_MINOR_MAX = 2**63 - 1
"""The largest amount that an account, and so PostgreSQL's bigint, can hold."""

SCALE_MAX = 9

_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)


class UnitKind(StrEnum):
    """What a unit is, for showing and reporting; the ledger treats all kinds alike."""

    POINTS = "points"
    CREDITS = "credits"
    COINS = "coins"
    TOKEN = "token"  # noqa: S105 - a kind of unit, not a secret
    FIAT = "fiat"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of value.

    Attributes:
        code: upper case, unique (``CREDIT``, ``XOF``).
        scale: decimals of the smallest part, 0 to 9.
        kind: what it is.
        name: what people call it, English; a message id of the catalogues.
    """

    code: str
    scale: int
    kind: UnitKind
    name: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{1,31}", self.code):
            raise ValueError(f"unit code {self.code!r} must be 2 to 32 upper-case letters, digits or underscores")
        if not 0 <= self.scale <= SCALE_MAX:
            raise ValueError(f"scale of {self.code} must be 0 to {SCALE_MAX}, not {self.scale}")


class AmountNotDecimalError(FieldError):
    """The text is not a plain decimal number."""

    code = "amount-not-decimal"
    message = "'{value}' is not a decimal number."
    remedy = 'Send the amount as a decimal string, such as "12.50", without spaces, exponents or separators.'


class AmountTooPreciseError(FieldError):
    """The amount has more decimals than its unit."""

    code = "amount-too-precise"
    message = "{value} has more decimals than {unit} allows ({scale})."
    remedy = "Round the amount to {scale} decimals."


class AmountOutOfRangeError(FieldError):
    """The amount does not fit the ledger."""

    code = "amount-out-of-range"
    message = "{value} is larger than the ledger can hold."
    remedy = "Send an amount whose smallest units stay below 2^63."


def parse_decimal(value: str | int | Decimal, *, field: str | None = "amount") -> Decimal:
    """Read a finite decimal number.

    Args:
        value: a plain decimal string, an int or a Decimal. Floats are refused by type.
        field: named in the error.

    Raises:
        AmountNotDecimalError: for anything else, NaN, infinity, exponents and the empty string included.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise AmountNotDecimalError(field=field, value=str(value)[:50])
    if isinstance(value, str) and not _DECIMAL.fullmatch(value.strip()):
        raise AmountNotDecimalError(field=field, value=value[:50])
    number = Decimal(value.strip() if isinstance(value, str) else value)
    if not number.is_finite():
        raise AmountNotDecimalError(field=field, value=str(value)[:50])
    return number


def to_minor(value: str | int | Decimal, unit: Unit, *, field: str | None = "amount") -> int:
    """Turn a decimal amount into an integer of the unit's smallest part; the sign is kept.

    Raises:
        AmountNotDecimalError: not a plain decimal number.
        AmountTooPreciseError: more decimals than the unit has; nothing is ever rounded silently.
        AmountOutOfRangeError: beyond 2^63 - 1.
    """
    number = Fraction(parse_decimal(value, field=field)) * 10**unit.scale
    if number.denominator != 1:
        raise AmountTooPreciseError(field=field, value=str(value)[:60], unit=unit.code, scale=unit.scale)
    if abs(number) > AMOUNT_MINOR_MAX:
        raise AmountOutOfRangeError(field=field, value=str(value)[:60])
    return int(number)


def to_decimal(amount_minor: int, scale: int) -> Decimal:
    """The exact decimal value of an amount in minor units."""
    return Decimal(amount_minor).scaleb(-scale)


def to_text(amount_minor: int, scale: int) -> str:
    """The decimal string that JSON carries: always ``scale`` decimals, a leading minus, no separators.

    Integer arithmetic, because ``Decimal`` rounds to its context's 28 digits.
    """
    sign = "-" if amount_minor < 0 else ""
    whole, part = divmod(abs(amount_minor), 10**scale)
    return f"{sign}{whole}.{part:0{scale}d}" if scale else f"{sign}{whole}"


def round_half_up(value: Fraction) -> int:
    """Round to the nearest integer, halves away from zero, as people expect of money."""
    doubled = abs(value) * 2 + 1
    rounded = int(doubled // 2)
    return rounded if value >= 0 else -rounded
