"""Turns what validation found into field errors with our own words, so that they can be translated."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from guerdon.core.errors import FieldErrors, error_kind, error_limits
from guerdon.http.errors import ValidationProblemError

LOCATIONS = frozenset({"body", "query", "path", "header", "cookie"})

MESSAGES: Mapping[str, str] = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be text.",
    "string_too_short": "This must have at least {min_length} characters.",
    "string_too_long": "This must have at most {max_length} characters.",
    "string_pattern_mismatch": "This does not have the right form.",
    "text_not_storable": "The text holds a character that cannot be stored.",
    "text_invisible": "Character {place} is {sign}, which cannot be seen; type it instead of pasting it.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "int_parsing_size": "This number is too large.",
    "int_from_float": "This must be a whole number.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "float_type": "This must be a number.",
    "float_parsing": "This must be a number.",
    "decimal_parsing": "This is not a decimal number.",
    "decimal_type": "This is not a decimal number.",
    "decimal_max_places": "This must have at most {decimal_places} decimals.",
    "amount_is_float": 'An amount is sent as a decimal string such as "12.50", not as a JSON number.',
    "amount_not_decimal": "This is not a decimal number.",
    "greater_than": "This must be greater than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "too_short": "This must have at least {min_length} entries.",
    "too_long": "This must have at most {max_length} entries.",
    "uuid_parsing": "This is not a UUID.",
    "uuid_type": "This is not a UUID.",
    "date_parsing": "This is not a date such as 2026-03-31.",
    "date_from_datetime_parsing": "This is not a date such as 2026-03-31.",
    "date_type": "This is not a date such as 2026-03-31.",
    "datetime_parsing": "This is not a moment such as 2026-03-31T12:00:00Z.",
    "datetime_from_date_parsing": "This is not a moment such as 2026-03-31T12:00:00Z.",
    "datetime_type": "This is not a moment such as 2026-03-31T12:00:00Z.",
    "timezone_aware": "The moment needs a time zone, such as 2026-03-31T12:00:00Z.",
    "moment_out_of_range": "This must lie between 0001-01-02 and 9999-12-30.",
    "enum": "This must be one of {expected}.",
    "literal_error": "This must be one of {expected}.",
    "json_invalid": "This is not well-formed JSON.",
    "json_too_deep": "The document is nested too deeply.",
    "number_not_finite": "NaN and infinity are not JSON numbers.",
    "account_ambiguous": "An account has either an owner_id or a system name; a pocket belongs to an owner_id.",
    "member_unknown": "This is no member: send the id of an account, or its e-mail address.",
    "model_attributes_type": "This must be a JSON object.",
    "model_type": "This must be a JSON object.",
    "dict_type": "This must be a JSON object.",
    "list_type": "This must be a list.",
}
TAGS = {"union_tag_not_found": "missing", "union_tag_invalid": "enum"}
"""What is wrong with the field that tells the forms of a body apart, in the kinds of other fields."""
OTHERWISE = "This value cannot be accepted."


def field_errors(found: Iterable[Mapping[str, Any]]) -> FieldErrors:
    """Field errors from pydantic's list (``RequestValidationError.errors()`` or ``ValidationError.errors()``).

    Nothing that the client sent is repeated, save the names of fields.
    """
    return FieldErrors([_field_error(error) for error in found])


def _field_error(error: Mapping[str, Any]) -> ValidationProblemError:
    kind = error_kind(error)
    context = {
        key: value for key, value in error_limits(error).items() if isinstance(value, str | int | float | Decimal)
    }
    if isinstance(context.get("expected"), str):
        # The list of what is allowed stands in sentences of any language.
        context["expected"] = str(context["expected"]).replace("' or '", "', '")
    location = error["loc"]
    if kind in TAGS:
        location = (*location, str(context["discriminator"]).strip("'"))
        context["expected"] = context.get("expected_tags", "")
        kind = TAGS[kind]
    template = MESSAGES.get(kind, OTHERWISE)
    return ValidationProblemError(
        # The location of malformed JSON is a number of bytes, not a field.
        field="body" if kind == "json_invalid" else field_path(location),
        code=kind.replace("_", "-"),
        message=_fillable(template, context),
        **context,
    )


def field_path(location: Iterable[Any]) -> str:
    """The dotted path of a field (``value.hours``); ``body`` for the body as a whole."""
    parts = [str(part)[:100] for part in location]
    inner = parts[1:] if len(parts) > 1 and parts[0] in LOCATIONS else parts
    return ".".join(inner) or "body"


def _fillable(template: str, context: Mapping[str, object]) -> str:
    try:
        template.format(**context)
    except KeyError:
        return OTHERWISE
    return template
