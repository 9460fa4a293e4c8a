"""The ledger again, in plain Python and slow: dictionaries, one owner after the other, nothing clever.

It knows what a posting does and when it is refused, and nothing of tables, locks or batches.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from guerdon.kernel.ledger.schemas import Account, Pocket, Posting, SystemAccount

LARGEST = 2**63 - 1
EARNS = frozenset({"award", "adjustment"})
SPENDS = frozenset({"spend", "capture"})
Box = tuple[UUID, str, Pocket]
"""One owner's pocket of one unit."""


@dataclass
class Held:
    """What a hold has left."""

    box: Box
    left: int
    due_at: datetime | None


@dataclass
class Moved:
    """A transfer that stands."""

    posting: Posting
    reversed: int = 0


@dataclass
class Model:
    """Everything that the ledger should know.

    Transfers and holds go by the name that the test gives them, because the model makes no ids: a posting is known by
    its owner and key.
    """

    now: datetime
    floors: dict[UUID, int] = field(default_factory=dict)
    closed: set[UUID] = field(default_factory=set)
    boxes: dict[Box, int] = field(default_factory=dict)
    earned: dict[Box, int] = field(default_factory=dict)
    spent: dict[Box, int] = field(default_factory=dict)
    system: dict[tuple[str, str], int] = field(default_factory=dict)
    holds: dict[UUID, Held] = field(default_factory=dict)
    transfers: dict[UUID, Moved] = field(default_factory=dict)
    used: dict[tuple[UUID, str], Posting] = field(default_factory=dict)

    def copy(self) -> "Model":
        """The same, apart."""
        return deepcopy(self)

    def of(self, box: Box) -> int:
        """What a pocket holds."""
        return self.boxes.get(box, 0)

    def floor(self, box: Box) -> int:
        """How low a pocket may go."""
        return self.floors.get(box[0], 0) if box[2] is Pocket.AVAILABLE else 0

    def post(self, posting: Posting) -> str:
        """Judge a posting and, if nothing speaks against it, let it happen. Returns the verdict."""
        verdict = self.judge(posting)
        if verdict == "posted":
            self._move(posting)
        return verdict

    def judge(self, posting: Posting) -> str:
        """The verdict on a posting."""
        if posting.amount_minor <= 0:
            return "amount_not_positive"
        if posting.debit == posting.credit:
            return "same_account"
        first = self.used.get((owner_of(posting), posting.key))
        if first is not None:
            return "replayed" if content(first) == content(posting) else "idempotency_conflict"
        sides = [box_of(side) for side in (posting.debit, posting.credit) if isinstance(side, Account)]
        if any(box[0] in self.closed for box in sides):
            return "closed"
        return self._hold_fault(posting) or self._reversal_fault(posting) or self._balance_fault(posting) or "posted"

    def _hold_fault(self, posting: Posting) -> str | None:
        if posting.hold_id is None:
            return None
        hold = self.holds.get(posting.hold_id)
        if hold is None or hold.box != box_of(posting.debit):
            return "hold_not_found"
        comes_home = isinstance(posting.credit, Account) and posting.credit.pocket is Pocket.AVAILABLE
        if hold.due_at is not None and hold.due_at <= self.now and not comes_home:
            return "hold_expired"
        if hold.left == 0:
            return "hold_closed"
        return "hold_exceeded" if hold.left < posting.amount_minor else None

    def _reversal_fault(self, posting: Posting) -> str | None:
        if posting.reverses_id is None:
            return None
        original = self.transfers[posting.reverses_id]
        left = original.posting.amount_minor - original.reversed
        return "reversal_exceeded" if posting.amount_minor > left else None

    def _balance_fault(self, posting: Posting) -> str | None:
        if isinstance(posting.debit, Account):
            box = box_of(posting.debit)
            if self.of(box) - posting.amount_minor < self.floor(box):
                return "insufficient_balance"
        if isinstance(posting.credit, Account) and self.of(box_of(posting.credit)) + posting.amount_minor > LARGEST:
            return "balance_overflow"
        return None

    def _move(self, posting: Posting) -> None:
        self.used[owner_of(posting), posting.key] = posting
        for side, change in ((posting.debit, -posting.amount_minor), (posting.credit, posting.amount_minor)):
            if isinstance(side, SystemAccount):
                name = (side.code, side.unit)
                self.system[name] = self.system.get(name, 0) + change
                continue
            box = box_of(side)
            self.boxes[box] = self.of(box) + change
            if posting.kind in EARNS:
                self.earned[box] = self.earned.get(box, 0) + change
            if posting.kind in SPENDS:
                self.spent[box] = self.spent.get(box, 0) - change
        if posting.hold_id is not None:
            self.holds[posting.hold_id].left -= posting.amount_minor
        if posting.reverses_id is not None:
            self.transfers[posting.reverses_id].reversed += posting.amount_minor

    def name(self, posting: Posting, transfer_id: UUID) -> None:
        """Learn the id that the ledger gave to a posting that stands."""
        self.transfers[transfer_id] = Moved(posting)
        if isinstance(posting.credit, Account) and posting.credit.pocket is not Pocket.AVAILABLE:
            self.holds[transfer_id] = Held(box_of(posting.credit), posting.amount_minor, posting.due_at)

    def pass_time(self, moment: datetime) -> None:
        """What falls due is available from then on."""
        self.now = moment
        for hold in self.holds.values():
            if hold.due_at is not None and hold.due_at <= moment and hold.left:
                home = (hold.box[0], hold.box[1], Pocket.AVAILABLE)
                self.boxes[hold.box] -= hold.left
                self.boxes[home] = self.of(home) + hold.left
                hold.left = 0

    def reversal(self, transfer_id: UUID, amount_minor: int | None, key: str) -> Posting | None:
        """The posting that takes a transfer back; None if none can."""
        moved = self.transfers[transfer_id]
        first = moved.posting
        if first.reverses_id is not None:
            return None
        if isinstance(first.debit, Account) and isinstance(first.credit, Account):
            if first.debit.owner_id == first.credit.owner_id:
                return None
            home: Any = Account(first.debit.owner_id, first.debit.unit)
        elif isinstance(first.debit, Account):
            home = Account(first.debit.owner_id, first.debit.unit)
        else:
            home = first.debit
        source: Any = first.credit
        hold = self.holds.get(transfer_id)
        still_held = hold is not None and hold.left > 0
        if isinstance(source, Account) and not still_held:
            source = Account(source.owner_id, source.unit)
        rest = first.amount_minor - moved.reversed or first.amount_minor
        return Posting(
            source,
            home,
            amount_minor if amount_minor is not None else rest,
            first.kind,
            key,
            hold_id=transfer_id if still_held else None,
            reverses_id=transfer_id,
        )


def box_of(account: Any) -> Box:
    """The pocket that an account is."""
    return account.owner_id, account.unit, account.pocket


def owner_of(posting: Posting) -> UUID:
    """Whose key it is."""
    side = posting.debit if isinstance(posting.debit, Account) else posting.credit
    assert isinstance(side, Account)
    return side.owner_id


def content(posting: Posting) -> tuple[Any, ...]:
    """What has to be the same for a posting to be the same."""
    return (
        *(posting.debit, posting.credit, posting.amount_minor, posting.kind, str(posting.detail)),
        *(posting.due_at, posting.hold_id, posting.reverses_id),
    )
