"""The CSV in which contributions come in and go out: one flat row for any type."""

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

NUMBERS = ("estimated_value", "amount", "hours")
"""The columns that hold one."""
