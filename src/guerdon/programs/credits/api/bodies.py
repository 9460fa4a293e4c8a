"""What goes in and out over HTTP: amounts as decimal strings, every contribution with how its credits came about."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from guerdon.http.schemas import Day, DecimalText, Moment, Schema, Text
from guerdon.programs.credits.models import ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import CREDITS_MAX, REASON_LENGTH_MAX

IDS_MAX = 200
_MEMBER = "0198c0de-0000-7000-8000-000000000001"
_STAFF = "0198c0de-0000-7000-8000-000000000002"
_CONTRIBUTION = "0198c0de-0000-7000-8000-00000000000c"
_PHOTO = "0198c0de-0000-7000-8000-00000000000d"
_RULE = "0198c0de-0000-7000-8000-00000000000e"
_MOMENT = "2026-03-02T09:00:00Z"

Credits = Annotated[DecimalText, Field(ge=0, le=CREDITS_MAX, decimal_places=2, description="At most two decimals.")]
Reason = Annotated[Text, Field(min_length=1, max_length=REASON_LENGTH_MAX, description="The member can read it.")]
Revision = Annotated[
    int | None, Field(ge=1, lt=2**31, description="What you saw; refused with 409 if it has changed since.")
]
CreditsText = Annotated[str, Field(examples=["5.00"], description="A decimal string with two decimals.")]

CONTRIBUTIONS: dict[str, Any] = {
    "item": {
        "summary": "A donated item",
        "value": {
            "type": "item_donation",
            "description": "Four-person tent",
            "estimated_value": "50.00",
            "condition": "like_new",
            "notes": "All poles included",
        },
    },
    "money": {
        "summary": "A gift of money",
        "value": {
            "type": "money",
            "amount": "50.00",
            "currency": "USD",
            "payment_method": "online_transfer",
            "transaction_id": "TXN123456",
        },
    },
    "hours": {
        "summary": "Hours of volunteer work",
        "value": {
            "type": "volunteer_hours",
            "activity": "Community garden",
            "hours": "3",
            "date": "2025-10-15",
            "supervisor": "The garden team",
        },
    },
}
"""An example of each type, for the routes that take one."""

OWN_EXAMPLE: dict[str, Any] = {
    "id": _CONTRIBUTION,
    "user_id": _MEMBER,
    "user_name": "Heron",
    "type": "item_donation",
    "value": {"description": "Four-person tent", "estimated_value": "50.00", "condition": "like_new"},
    "status": "approved",
    "withdrawn": False,
    "credits": "5.00",
    "explanation": {
        "rule": "item_donation",
        "version": 1,
        "rule_id": _RULE,
        "words": "value × credits per unit × condition",
        "numbers": "50 × 0.1 × 1 = 5.00",
        "converted": None,
        "credits": "5.00",
        "override": None,
    },
    "photos": [{"id": _PHOTO, "url": f"/api/v1/credits/photos/{_PHOTO}", "width_px": 1200, "height_px": 900}],
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "reviewed_at": _MOMENT,
    "reviewer_name": "Ibis",
    "approved_by": _STAFF,
    "approved_at": _MOMENT,
    "rejection_reason": None,
    "revision": 2,
}


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class OverrideOut(Schema):
    """Another amount than the rule gave, and why."""

    credits: CreditsText
    instead_of: CreditsText | None
    reason: str
    by: UUID
    at: datetime


class ExplanationOut(Schema):
    """How credits came about: by which version of which rule, in words and in numbers, and what a person changed."""

    rule: str | None = Field(description="Null where the credits were set without a rule.")
    version: int | None
    rule_id: UUID | None
    words: str | None = Field(examples=["value × credits per unit × condition"])
    numbers: str | None = Field(examples=["50 × 0.1 × 1 = 5.00"])
    converted: str | None = Field(
        description="Of money in a currency with another rate than 1: the conversion.",
        examples=["10000 XOF × 0.0016 = 16"],
    )
    credits: CreditsText | None = Field(description="What the rule gave.")
    override: OverrideOut | None


class PhotoOut(Schema):
    """A photo and where it is served."""

    model_config = _example(**OWN_EXAMPLE["photos"][0])

    id: UUID
    url: str
    width_px: int
    height_px: int


class ContributionOut(Schema):
    """A contribution, what became of it, and how its credits came about."""

    model_config = _example(**OWN_EXAMPLE)

    id: UUID
    user_id: UUID
    user_name: str
    type: ContributionType
    value: dict[str, Any] = Field(description="What was given; amounts as decimal strings.")
    status: ContributionStatus
    withdrawn: bool = Field(description="Whether the member took it back; its status is then ``rejected``.")
    credits: CreditsText | None
    explanation: ExplanationOut | None
    photos: list[PhotoOut]
    created_at: datetime
    updated_at: datetime
    reviewed_at: datetime | None
    reviewer_name: str | None
    approved_by: UUID | None
    approved_at: datetime | None
    rejection_reason: str | None
    revision: int


class Approval(Schema):
    """An approval, with another amount than the rule's if there is a reason for it."""

    model_config = _example(revision=1, credits="7.50", reason="Worth more than it looks")

    revision: Revision = None
    credits: Credits | None = None
    reason: Annotated[Text, Field(max_length=REASON_LENGTH_MAX)] | None = None


class Rejection(Schema):
    """A rejection and why."""

    model_config = _example(revision=1, reason="The hall has no room for it at present.")

    reason: Reason
    revision: Revision = None


class Reopening(Schema):
    """Why a decision is undone."""

    model_config = _example(reason="Approved by mistake")

    reason: Reason


class Correction(Schema):
    """Another amount of credits and why."""

    model_config = _example(credits="7.50", reason="Worth more than it looks")

    credits: Credits
    reason: Reason


class BulkAction(StrEnum):
    """What is decided on many contributions at once."""

    APPROVE = "approve"
    REJECT = "reject"


class BulkIn(Schema):
    """One decision on many contributions."""

    model_config = _example(action="approve", ids=[_CONTRIBUTION])

    action: BulkAction
    ids: list[UUID] = Field(min_length=1, max_length=IDS_MAX)
    reason: Annotated[Text, Field(max_length=REASON_LENGTH_MAX)] | None = Field(None, description="Required to reject.")


class BulkItem(Schema):
    """What became of one contribution."""

    id: UUID
    done: bool
    problem: dict[str, Any] | None = Field(description="Why it was refused, as a problem document.")


class BulkOut(Schema):
    """What became of each contribution."""

    model_config = _example(done=1, refused=0, items=[{"id": _CONTRIBUTION, "done": True, "problem": None}])

    done: int
    refused: int
    items: list[BulkItem]


class TierOut(Schema):
    """Where somebody stands, and how far the next tier is."""

    code: str = Field(examples=["silver"])
    name: str
    next: str | None = Field(description="Code of the tier above; null on the highest.")
    missing: CreditsText = Field(description="What is still to be earned for it.")
    progress: str = Field(description="From this tier to the next: 0.0000 to 1.0000.", examples=["0.4500"])


class BreakdownOut(Schema):
    """Approved contributions of one type."""

    type: ContributionType
    count: int
    credits: CreditsText


class SummaryOut(Schema):
    """Where a member stands; every figure comes from the ledger."""

    model_config = _example(
        user_id=_MEMBER,
        balance="11.00",
        earned="11.00",
        spent="0.00",
        pending=1,
        tier={"code": "bronze", "name": "Bronze", "next": "silver", "missing": "10.00", "progress": "0.5238"},
        breakdown=[
            {"type": "item_donation", "count": 1, "credits": "5.00"},
            {"type": "money", "count": 0, "credits": "0.00"},
            {"type": "volunteer_hours", "count": 1, "credits": "6.00"},
        ],
    )

    user_id: UUID
    balance: CreditsText
    earned: CreditsText = Field(description="What the tier counts: all time, net of reversals.")
    spent: CreditsText
    pending: int = Field(description="How many contributions wait for review.")
    tier: TierOut
    breakdown: list[BreakdownOut]


class PlaceOut(Schema):
    """One member's place; equal balances share a rank (1, 2, 2, 4)."""

    rank: int
    user_id: UUID | None = Field(description="Null for a member with a private profile, but to themselves.")
    name: str | None = Field(description="Null with ``user_id``.")
    balance: CreditsText
    tier: str
    contributions: int


class LeaderboardOut(Schema):
    """The highest balances, and the asker's own place among all."""

    model_config = _example(
        items=[
            {"rank": 1, "user_id": _MEMBER, "name": "Heron", "balance": "11.00", "tier": "bronze", "contributions": 2}
        ],
        own=None,
    )

    items: list[PlaceOut]
    own: PlaceOut | None = Field(description="Null without a balance.")


class FaultOut(Schema):
    """What is wrong with one cell of an import."""

    row: int = Field(description="As a spreadsheet counts: the header is row 1.")
    column: str = Field(description="Empty where the row as a whole is at fault.")
    problem: str


class ReportOut(Schema):
    """What became of an import."""

    model_config = _example(
        encoding="utf-8",
        rows=2,
        imported=1,
        all_or_nothing=False,
        dry_run=False,
        faults=[{"row": 3, "column": "hours", "problem": "This is not a decimal number."}],
    )

    encoding: str = Field(description="How the file was read.")
    rows: int
    imported: int = Field(description="Of a dry run: how many would have come in.")
    all_or_nothing: bool
    dry_run: bool
    faults: list[FaultOut]


class RateIn(Schema):
    """What one unit of a currency is worth in the unit of cash that the rules count in, from a moment on."""

    model_config = _example(currency="XOF", rate="0.0016", valid_from=_MOMENT)

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    rate: Annotated[DecimalText, Field(gt=0, lt=Decimal(1_000_000_000), decimal_places=12)]
    valid_from: Moment | None = Field(None, description="Now, if not given.")


class RateOut(Schema):
    """A rate, from when it counts, and whether it is the one in force."""

    model_config = _example(currency="XOF", rate="0.0016", valid_from=_MOMENT, in_force=True, created_by=_STAFF)

    currency: str
    rate: str
    valid_from: datetime
    in_force: bool
    created_by: UUID | None


class ArchiveIn(Schema):
    """Up to when rejected contributions are moved to the archive."""

    model_config = _example(before="2025-03-02")

    before: Day | None = Field(None, description="Day of submission, not included; a year ago, if not given.")


class ArchiveOut(Schema):
    """How many were moved."""

    model_config = _example(moved=12)

    moved: int
