"""The CSV in which contributions come in and go out: one flat row for any type."""

from typing import Any

from guerdon.programs.credits.models import ContributionType

INPUT_COLUMNS = (
    "type",
    "member_email",
    "description",
    "estimated_value",
    "condition",
    "amount",
    "currency",
    "payment_method",
    "transaction_id",
    "activity",
    "hours",
    "date",
    "supervisor",
    "notes",
)
"""What an import reads; a row leaves empty what its type does not have."""

OUTPUT_COLUMNS = (
    "id",
    *INPUT_COLUMNS,
    "member_name",
    "status",
    "credits",
    "submitted_at",
    "approved_at",
    "approved_by",
    "rejection_reason",
)
"""What an export writes; the columns that an import does not read are left alone by it."""

FIELDS = {
    ContributionType.ITEM_DONATION: ("description", "estimated_value", "condition", "notes"),
    ContributionType.MONEY: ("amount", "currency", "payment_method", "transaction_id"),
    ContributionType.VOLUNTEER_HOURS: ("activity", "hours", "date", "supervisor", "notes"),
}
"""The columns of each type."""

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> str:
    """A value as a cell; a text that a spreadsheet would run as a formula is led by an apostrophe."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and _looks_like_formula(text) else text


def uncell(text: str) -> str:
    """A cell as the text that ``cell`` made it from, without surrounding space."""
    stripped = text.strip()
    return stripped[1:] if stripped[:1] == "'" and _looks_like_formula(stripped) else stripped


def _looks_like_formula(text: str) -> bool:
    # With apostrophes before it too, so that taking one away gives back exactly what was there.
    return text.lstrip("'").startswith(_FORMULA_SIGNS)
