"""What goes in and out of the ledger's API: amounts as decimal strings, accounts by owner or by name."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from guerdon.core.money import UnitKind
from guerdon.http.schemas import DecimalText, JsonObject, KeyText, Moment, Schema, Text
from guerdon.http.validation import MESSAGES
from guerdon.kernel.ledger.schemas import KEY_LENGTH_MAX, Account, Pocket, SystemAccount

REASON_MAX = 500
_MEMBER = "0198c0de-0000-7000-8000-000000000001"
_TRANSFER = "0198c0de-0000-7000-8000-00000000000a"

UnitCode = Annotated[Text, Field(max_length=32, examples=["CREDIT"])]
AmountText = Annotated[str, Field(examples=["12.50"], description="A decimal string with the unit's decimals.")]
Key = Annotated[
    KeyText,
    Field(
        min_length=1,
        max_length=KEY_LENGTH_MAX,
        description="Unique for the owner, for ever: repeat it when repeating the transfer. The Idempotency-Key header "
        "does the same for a single one.",
    ),
]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class UnitOut(Schema):
    """A unit of value."""

    model_config = _example(code="CREDIT", scale=2, kind="credits", name="credits")

    code: str
    scale: int = Field(description="Decimals of its smallest part.")
    kind: UnitKind
    name: str


class AccountRef(Schema):
    """An account: an owner's pocket, or an account of the system."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"owner_id": _MEMBER, "unit": "CREDIT", "pocket": "available"},
                {"system": "issuance", "unit": "CREDIT"},
            ]
        }
    )

    owner_id: UUID | None = None
    system: Annotated[Text, Field(max_length=100)] | None = None
    unit: UnitCode
    pocket: Pocket | None = Field(None, description="Of an owner's account; available, if not given.")

    @model_validator(mode="after")
    def _one_of_two(self) -> "AccountRef":
        if (self.owner_id is None) == (self.system is None) or (self.system is not None and self.pocket is not None):
            raise PydanticCustomError("account_ambiguous", MESSAGES["account_ambiguous"])
        return self

    def account(self) -> Account | SystemAccount:
        """The account that it names."""
        if self.owner_id is not None:
            return Account(self.owner_id, self.unit, self.pocket or Pocket.AVAILABLE)
        return SystemAccount(self.system or "", self.unit)


class ReferenceBody(Schema):
    """What a transfer is about."""

    type: Annotated[Text, Field(max_length=100, examples=["credits.contribution"])]
    id: UUID


class TransferIn(Schema):
    """A movement of value from ``debit`` to ``credit``."""

    model_config = _example(
        debit={"system": "issuance", "unit": "CREDIT"},
        credit={"owner_id": _MEMBER, "unit": "CREDIT"},
        amount="12.50",
        kind="award",
        idempotency_key="import-2026-03/4711",
    )

    debit: AccountRef
    credit: AccountRef
    amount: DecimalText
    kind: Annotated[Text, Field(max_length=100, examples=["award"])]
    idempotency_key: Key | None = None
    reference: ReferenceBody | None = None
    happened_at: Moment | None = Field(None, description="When what it records happened; now, if not given.")
    detail: JsonObject | None = None
    due_at: Moment | None = Field(None, description="When value set aside becomes available by itself.")
    hold_id: UUID | None = Field(None, description="The hold to take from, where held, pending or staked is debited.")


class BatchIn(Schema):
    """Many transfers, judged in their order, each with an ``idempotency_key`` of its own."""

    model_config = _example(
        mode="verdicts",
        dry_run=False,
        transfers=[
            {
                "debit": {"system": "issuance", "unit": "CREDIT"},
                "credit": {"owner_id": _MEMBER, "unit": "CREDIT"},
                "amount": "12.50",
                "kind": "award",
                "idempotency_key": "import-2026-03/4711",
            }
        ],
    )

    mode: Literal["atomic", "verdicts"] = Field(
        "atomic", description="All or nothing, or an outcome for each transfer whatever becomes of the others."
    )
    dry_run: bool = Field(False, description="Answer as the real run would, and move nothing.")
    transfers: list[TransferIn] = Field(min_length=1)


class TransferOut(Schema):
    """A transfer that stands on the ledger, seen from one owner."""

    model_config = _example(
        id=_TRANSFER,
        owner_id=_MEMBER,
        unit="CREDIT",
        amount="12.50",
        debit={"owner_id": None, "system": "issuance", "unit": "CREDIT", "pocket": None},
        credit={"owner_id": _MEMBER, "system": None, "unit": "CREDIT", "pocket": "available"},
        debit_after=None,
        credit_after="112.50",
        kind="award",
        reference=None,
        actor_id=None,
        happened_at="2026-03-02T09:00:00Z",
        recorded_at="2026-03-02T09:00:00.004Z",
        reverses_id=None,
        hold_id=None,
        detail=None,
        replayed=False,
    )

    id: UUID
    owner_id: UUID
    unit: str
    amount: AmountText
    debit: "AccountOut"
    credit: "AccountOut"
    debit_after: AmountText | None = Field(description="The owner's balance after it; null on other accounts.")
    credit_after: AmountText | None
    kind: str
    reference: ReferenceBody | None
    actor_id: UUID | None
    happened_at: datetime
    recorded_at: datetime
    reverses_id: UUID | None
    hold_id: UUID | None
    detail: dict[str, Any] | None
    replayed: bool = Field(description="Whether it stood there before this request.")


class AccountOut(Schema):
    """One side of a transfer; another owner's pocket is not told."""

    owner_id: UUID | None = None
    system: str | None = None
    unit: str
    pocket: Pocket | None = None


class BatchItem(Schema):
    """What became of one transfer of a batch."""

    item: int = Field(description="Its number in the batch, from 1.")
    verdict: str = Field(description="posted, replayed, or why not.", examples=["insufficient_balance"])
    transfer_id: UUID | None = Field(description="Null where it was refused, and in a dry run.")
    debit_after: AmountText | None
    credit_after: AmountText | None
    problem: dict[str, Any] = Field(description="With a refusal, what is needed to put it right.")


class BatchOut(Schema):
    """What became of a batch."""

    model_config = _example(
        dry_run=False,
        posted=0,
        replayed=0,
        refused=1,
        items=[
            {
                "item": 1,
                "verdict": "insufficient_balance",
                "transfer_id": None,
                "debit_after": None,
                "credit_after": None,
                "problem": {"available": "10.00", "shortfall": "2.50"},
            }
        ],
    )

    dry_run: bool
    posted: int
    replayed: int
    refused: int
    items: list[BatchItem]


class ReversalIn(Schema):
    """How much to take back, and why."""

    model_config = _example(amount="2.50", reason="Counted twice")

    amount: DecimalText | None = Field(None, description="What remains of the original, if not given.")
    reason: Annotated[Text, Field(max_length=REASON_MAX)] | None = None


class AdjustmentIn(Schema):
    """A correction by hand; the member can read the reason."""

    model_config = _example(owner_id=_MEMBER, unit="CREDIT", amount="-2.50", reason="Counted twice")

    owner_id: UUID
    unit: UnitCode
    amount: DecimalText = Field(description="Positive to add, negative to take away.")
    reason: Annotated[Text, Field(max_length=REASON_MAX)]


class HoldIn(Schema):
    """Value to set aside."""

    model_config = _example(unit="CREDIT", amount="10.00", due_at="2026-03-09T09:00:00Z")

    unit: UnitCode
    amount: DecimalText
    due_at: Moment | None = Field(None, description="When it becomes available by itself; never, if not given.")
    into: Literal[Pocket.HELD, Pocket.STAKED] = Pocket.HELD
    reference: ReferenceBody | None = None


class CaptureIn(Schema):
    """What to take from a hold."""

    model_config = _example(amount="4.00")

    amount: DecimalText | None = Field(None, description="All that is left, if not given.")
    to: AccountRef | None = Field(None, description="Where it goes; the unit's redemption account, if not given.")
    kind: Annotated[Text, Field(max_length=100)] = "capture"


class ReleaseIn(Schema):
    """What to give back from a hold."""

    model_config = _example(amount="6.00")

    amount: DecimalText | None = Field(None, description="All that is left, if not given.")


class HoldOut(Schema):
    """Value set aside."""

    model_config = _example(
        id=_TRANSFER,
        owner_id=_MEMBER,
        unit="CREDIT",
        pocket="held",
        amount="10.00",
        remaining="6.00",
        status="open",
        due_at="2026-03-09T09:00:00Z",
        opened_at="2026-03-02T09:00:00Z",
        closed_at=None,
        replayed=False,
    )

    id: UUID
    owner_id: UUID
    unit: str
    pocket: Pocket
    amount: AmountText
    remaining: AmountText
    status: Literal["open", "closed"]
    due_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    replayed: bool = False


class BalanceOut(Schema):
    """What an owner has in one pocket; of the past only the balance is told."""

    unit: str
    pocket: Pocket
    balance: AmountText
    floor: AmountText | None = Field(None, description="How low it may go; null where nothing bounds it.")
    earned: AmountText | None = Field(
        None,
        description="Earned of the unit in all, in whichever pocket; told with its first one, null for the others.",
    )
    spent: AmountText | None = Field(None, description="Spent of the unit in all, likewise.")
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None


class BalancesOut(Schema):
    """What an owner has, by unit and pocket."""

    model_config = _example(
        owner_id=_MEMBER,
        at=None,
        accounts=[{"unit": "CREDIT", "pocket": "available", "balance": "112.50", "floor": "0.00"}],
    )

    owner_id: UUID
    at: datetime | None = Field(description="The past moment that was asked for.")
    accounts: list[BalanceOut]


class EntryOut(Schema):
    """A transfer as one pocket sees it."""

    transfer_id: UUID
    unit: str
    pocket: Pocket
    amount: AmountText = Field(description="Negative where it leaves the pocket.")
    balance_before: AmountText
    balance_after: AmountText
    counter_account: str
    kind: str
    reference: ReferenceBody | None
    actor_id: UUID | None
    happened_at: datetime
    recorded_at: datetime
    reverses_id: UUID | None
    peer_owner_id: UUID | None
    hold_id: UUID | None
    detail: dict[str, Any] | None


class SystemAccountOut(Schema):
    """The balance of an unbounded account of the system."""

    model_config = _example(unit="CREDIT", account="issuance", balance="-112.50")

    unit: str
    account: str
    balance: AmountText
