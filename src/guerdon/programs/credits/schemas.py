"""What a contribution says when it comes in, by type, and the plain values that come out of the services."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError
from typing_extensions import TypeAliasType

from guerdon.core.texts import is_blank
from guerdon.http.schemas import Day, DecimalText, Schema, legible
from guerdon.kernel.engagement.schemas import TierStanding
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType

VALUE_MAX = Decimal(10**10)
"""The most that a contribution may be worth in what the rules count in; with it, their products fit 64 bits."""
AMOUNT_MAX = Decimal(10**15)
"""The most of any currency: in those that count in millions, what is accepted goes by what it is worth."""
HOURS_MAX = Decimal(24)
CREDITS_MAX = Decimal("99999999.99")
REASON_LENGTH_MAX = 500
PHOTOS_MAX = 5
TRANSACTION_ID_MAX = 100


def _seen(line: str) -> str:
    """Refuses a line of which nothing can be seen: lists show it as the way to what it names."""
    if is_blank(line):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return line


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_seen)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Condition(StrEnum):
    """How worn an item is."""

    NEW = "new"
    LIKE_NEW = "like_new"
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class PaymentMethod(StrEnum):
    """How money was given."""

    CASH = "cash"
    BANK_TRANSFER = "bank_transfer"
    ONLINE_TRANSFER = "online_transfer"
    CARD = "card"
    MOBILE_MONEY = "mobile_money"
    CHECK = "check"
    OTHER = "other"


def _one_spelling(number: str) -> str:
    """A payment's number in plain characters where it has full-width ones or the like, so that it has one spelling."""
    plain = unicodedata.normalize("NFKC", number)
    if len(plain) > TRANSACTION_ID_MAX:
        raise PydanticKnownError("string_too_long", {"max_length": TRANSACTION_ID_MAX})
    return plain


class ItemIn(Schema):
    """A donated item."""

    type: Literal["item_donation"] = "item_donation"
    description: Line
    estimated_value: Annotated[DecimalText, Field(gt=0, le=VALUE_MAX, decimal_places=2)]
    condition: Condition | None = None
    notes: Notes = ""


class MoneyIn(Schema):
    """A gift of money."""

    type: Literal["money"] = "money"
    amount: Annotated[DecimalText, Field(gt=0, le=AMOUNT_MAX)]
    currency: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{3}$")]
    payment_method: PaymentMethod
    transaction_id: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=TRANSACTION_ID_MAX),
        AfterValidator(legible),
        AfterValidator(_one_spelling),
    ]


class HoursIn(Schema):
    """Hours of volunteer work on one day."""

    type: Literal["volunteer_hours"] = "volunteer_hours"
    activity: Line
    hours: Annotated[DecimalText, Field(gt=0, le=HOURS_MAX, decimal_places=2)]
    date: Day
    supervisor: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    notes: Notes = ""


def _fields_by_name(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Name the fields at fault as they were sent: ``hours``, and not ``volunteer_hours.hours``."""
    try:
        return read(value)
    except ValidationError as exc:
        faults = [
            InitErrorDetails(
                type=PydanticCustomError(fault["type"], "{problem}", {**fault.get("ctx", {}), "problem": fault["msg"]}),
                loc=fault["loc"][1:],
                input=fault["input"],
            )
            for fault in exc.errors(include_url=False)
        ]
        raise ValidationError.from_exception_data(exc.title, faults) from None


# By its name, because the web framework takes a bare Annotated apart and puts its pieces together in another order.
ContributionIn = TypeAliasType(
    "ContributionIn",
    Annotated[ItemIn | MoneyIn | HoursIn, Field(discriminator="type"), WrapValidator(_fields_by_name)],
)
"""Any contribution; ``type`` says which."""

CONTRIBUTION_IN: TypeAdapter[ItemIn | MoneyIn | HoursIn] = TypeAdapter(ContributionIn)


def document_of(given: ItemIn | MoneyIn | HoursIn) -> dict[str, Any]:
    """What is given as ``value_json`` keeps it: numbers as numbers, exactly; what was left empty left out."""
    # Not model_dump: that writes amounts as texts, as they go out.
    plain = {name: value for name, value in given if name != "type"}
    return {
        name: value.value if isinstance(value, StrEnum) else value.isoformat() if isinstance(value, date) else value
        for name, value in plain.items()
        if value not in (None, "")
    }


def given_of(kind: ContributionType, value: Mapping[str, Any]) -> ItemIn | MoneyIn | HoursIn:
    """A stored document as it was given; keys that the program does not know (photos, an import's own) are left out.

    Raises:
        pydantic.ValidationError: it was written past the program and does not fit.
    """
    models: dict[ContributionType, type[ItemIn] | type[MoneyIn] | type[HoursIn]] = {
        ContributionType.ITEM_DONATION: ItemIn,
        ContributionType.MONEY: MoneyIn,
        ContributionType.VOLUNTEER_HOURS: HoursIn,
    }
    model = models[kind]
    known = {name: value[name] for name in model.model_fields if name in value and name != "type"}
    return model.model_validate(known)


@dataclass(frozen=True, slots=True)
class Listed:
    """A contribution in a list, with the names that the list shows."""

    contribution: Contribution
    user_name: str
    user_email: str | None
    reviewer_name: str | None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Approved contributions of one type: how many, and what they were credited."""

    type: ContributionType
    count: int
    credits: Decimal


@dataclass(frozen=True, slots=True)
class Summary:
    """Where a member stands.

    Attributes:
        balance: what they can spend.
        earned: what their tier counts, all time, net of reversals.
        spent: what they have spent.
    """

    user_id: UUID
    balance: Decimal
    earned: Decimal
    spent: Decimal
    tier: TierStanding
    breakdown: tuple[Breakdown, ...]
    pending: int


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """One member's place; members with the same balance share a rank (1, 2, 2, 4).

    Attributes:
        user_id, name: None where others are not to know whose it is.
    """

    rank: int
    user_id: UUID | None
    name: str | None
    balance: Decimal
    tier: str
    contributions: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of contributions shows.

    Attributes:
        search: words in description, activity, notes, transaction number, or the member's name or mail.
        since, until: by when it was submitted, the second excluded.
    """

    status: ContributionStatus | None = None
    type: ContributionType | None = None
    user_id: UUID | None = None
    search: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of one contribution of a bulk decision: the error, or None."""

    contribution_id: UUID
    error: Exception | None
