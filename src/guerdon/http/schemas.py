"""Base of what goes in and out as JSON, and the field types that every package shares."""

import math
import re
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from guerdon.core.errors import GuerdonError
from guerdon.core.money import parse_decimal
from guerdon.core.texts import first_unseen, is_legible

JSON_DEPTH_MAX = 32
"""How deep a JSON document may nest: a document is stored and shown, not computed with."""


def storable(value: str) -> str:
    """Return text unchanged if PostgreSQL can hold it.

    Raises:
        PydanticCustomError: ``text_not_storable`` for NUL characters and unpaired surrogates.
    """
    if "\x00" in value or (not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise PydanticCustomError("text_not_storable", "The text holds a character that cannot be stored.")
    return value


def legible(value: str) -> str:
    """Return a key unchanged if it can be stored and every character of it can be seen.

    Raises:
        PydanticCustomError: ``text_not_storable``, or ``text_invisible`` for the others.
    """
    if not is_legible(storable(value)):
        place, sign = first_unseen(value)
        message = "Character {place} is {sign}, which cannot be seen."
        raise PydanticCustomError("text_invisible", message, {"place": place, "sign": sign})
    return value


def _storable_document(value: Any, depth: int = 0) -> Any:
    if depth > JSON_DEPTH_MAX:
        raise PydanticCustomError("json_too_deep", "The document is nested too deeply.")
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): _storable_document(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable_document(item, depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("number_not_finite", "NaN and infinity are not JSON numbers.")
    return value


class Schema(BaseModel):
    """Base of all request and response bodies: unknown fields are refused, every text can be stored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    @model_validator(mode="before")
    @classmethod
    def _texts_are_storable(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for value in data.values():
                if isinstance(value, str | dict | list):
                    _storable_document(value)
        return data


Text = Annotated[str, AfterValidator(storable)]
"""A text parameter of a path, query or form: anything that can be stored."""

KeyText = Annotated[str, AfterValidator(legible)]
"""A text that something is known by, and compared with: everything of it can be seen."""

JsonObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(_storable_document)]
"""A free JSON document: storable texts, finite numbers, bounded depth."""


_A_DAY = re.compile(r"\s*\d{4}-\d{2}-\d{2}\s*\Z")
_A_MOMENT = re.compile(r"\s*\d{4}-\d{2}-\d{2}")


def _written_out(form: re.Pattern[str], kind: str, message: str) -> BeforeValidator:
    """Refuses numbers, and texts of nothing but digits, which pydantic takes for seconds since 1970.

    For a day, moments too, which it takes at midnight, wherever that was.
    """

    def check(value: Any) -> Any:
        if isinstance(value, int | float) or (isinstance(value, str) and not form.match(value)):
            raise PydanticCustomError(kind, message)
        return value

    return BeforeValidator(check)


_DAY_WRITTEN_OUT = _written_out(_A_DAY, "date_type", "This is not a date such as 2026-03-31.")
_MOMENT_WRITTEN_OUT = _written_out(_A_MOMENT, "datetime_type", "This is not a moment such as 2026-03-31T12:00:00Z.")

EARLIEST_MOMENT = datetime(1, 1, 2, tzinfo=UTC)
LATEST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC)


def _of_every_calendar(value: datetime) -> datetime:
    # The years between are looked at first, because comparing moments in two zones takes longer than all else here.
    if not MINYEAR < value.year < MAXYEAR and not EARLIEST_MOMENT <= value < LATEST_MOMENT:
        raise PydanticCustomError("moment_out_of_range", "This must lie between 0001-01-02 and 9999-12-30.")
    return value.astimezone(UTC)  # the database knows no offsets of sixteen hours and more


Day = Annotated[date, _DAY_WRITTEN_OUT]
"""A day as it is sent: 2026-03-31."""

LocalMoment = Annotated[datetime, _MOMENT_WRITTEN_OUT]
"""A moment as it is sent, with an offset or by the clock of a place that is sent with it."""

Moment = Annotated[AwareDatetime, _MOMENT_WRITTEN_OUT, AfterValidator(_of_every_calendar)]
"""A moment that is kept, in UTC: one on every reader's clock; others could be stored, and not be shown again."""


def _exact_decimal(value: Any, info: ValidationInfo) -> Decimal:
    if isinstance(value, float):
        raise PydanticCustomError(
            "amount_is_float", 'An amount is sent as a decimal string such as "12.50", not as a JSON number.'
        )
    try:
        return parse_decimal(value, field=info.field_name)
    except GuerdonError as exc:
        raise PydanticCustomError("amount_not_decimal", "This is not a decimal number.") from exc


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_exact_decimal),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?$",
            "examples": ["12.50"],
            "description": "A decimal number as a string; never a float.",
        }
    ),
]
"""An amount in JSON: a decimal string (a whole number may come as a JSON integer); floats are refused."""
