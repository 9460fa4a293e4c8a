"""What goes into the ledger and what comes out of it: plain values, amounts in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

KEY_LENGTH_MAX = 255


class Pocket(StrEnum):
    """Where an owner's value of one unit can be."""

    AVAILABLE = "available"
    HELD = "held"
    PENDING = "pending"
    STAKED = "staked"


class Effect(StrEnum):
    """What a kind of transfer counts into."""

    NONE = "none"
    EARN = "earn"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class Account:
    """One owner's pocket of one unit."""

    owner_id: UUID
    unit: str
    pocket: Pocket = Pocket.AVAILABLE


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """An unbounded account of the system: ``issuance``, ``redemption``, ``adjustment`` or what programs add."""

    code: str
    unit: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What a transfer is about."""

    type: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Posting:
    """A movement of value from ``debit`` to ``credit``.

    Attributes:
        amount_minor: above zero, in the unit's smallest part.
        kind: a registered transfer kind.
        key: idempotency key, up to 255 characters, unique for the owner for ever. The owner is the owner of the debited
            account, or of the credited one where a system account is debited.
        happened_at: when what it records happened; the present if not given.
        due_at: for value that goes into held, pending or staked: when it becomes available by itself; never, if None.
        hold_id: the hold that is taken from when held, pending or staked is debited.
        reverses_id: the transfer that this one reverses.
    """

    debit: Account | SystemAccount
    credit: Account | SystemAccount
    amount_minor: int
    kind: str
    key: str
    reference: Reference | None = None
    actor_id: UUID | None = None
    happened_at: datetime | None = None
    detail: dict[str, Any] | None = None
    due_at: datetime | None = None
    hold_id: UUID | None = None
    reverses_id: UUID | None = None


_NO_PROBLEM: Mapping[str, Any] = MappingProxyType({})


class Posted(NamedTuple):
    """What became of a posting.

    Attributes:
        verdict: ``posted``, ``replayed``, or why it was refused (``errors.VERDICTS``).
        transfer_id: the transfer, also of a replay; None if refused.
        debit_after, credit_after: balances of the owner's own pockets after it; None for system accounts.
        problem: with a refusal, what is needed to put it right.
    """

    item: int
    verdict: str
    transfer_id: UUID | None
    debit_after: int | None
    credit_after: int | None
    problem: Mapping[str, Any] = _NO_PROBLEM

    @property
    def accepted(self) -> bool:
        """Whether the transfer stands on the ledger."""
        return self.transfer_id is not None and self.verdict in ("posted", "replayed")

    @property
    def replayed(self) -> bool:
        """Whether it stood there before."""
        return self.verdict == "replayed"


@dataclass(frozen=True, slots=True)
class Balance:
    """What an owner has in one pocket, as of a moment; ``floor_minor`` None means unbounded."""

    unit: str
    scale: int
    pocket: Pocket
    balance_minor: int
    floor_minor: int | None
    earned_minor: int
    spent_minor: int
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turnover:
    """What an owner earned and spent of a unit in all, net of what was reversed."""

    earned_minor: int
    spent_minor: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer as one pocket sees it: signed amount, balance before and after."""

    transfer_id: UUID
    owner_id: UUID
    unit: str
    scale: int
    pocket: Pocket
    amount_minor: int
    balance_before_minor: int
    balance_after_minor: int
    counter_account: str
    kind: str
    reference: Reference | None
    actor_id: UUID | None
    happened_at: datetime
    recorded_at: datetime
    reverses_id: UUID | None
    peer_owner_id: UUID | None
    hold_id: UUID | None
    detail: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SystemBalance:
    """The balance of an unbounded system account."""

    unit: str
    scale: int
    account: str
    balance_minor: Decimal


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken promise that verification found."""

    check: str
    owner_id: UUID | None
    unit: str | None
    fault: str
