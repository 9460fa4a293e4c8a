"""A ledger to test on: units of three scales, owners, and a picture of everything that could have moved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from guerdon.core.clock import FixedClock
from guerdon.core.ids import new_id
from guerdon.core.money import Unit, UnitKind
from guerdon.db.database import Database
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.catalogue import register_codes, register_units
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, SystemAccount

from .databases import connected

POINT = "TEST_POINT"
CREDIT = "TEST_CREDIT"
TOKEN = "TEST_TOKEN"
UNITS = (
    Unit(POINT, 0, UnitKind.POINTS, "points"),
    Unit(CREDIT, 2, UnitKind.CREDITS, "credits"),
    Unit(TOKEN, 9, UnitKind.TOKEN, "tokens"),
)
REFERENCE = "test.thing"
TABLES = (
    *("units", "pockets", "system_accounts", "transfer_kinds", "reference_types"),
    *("owners", "accounts", "transfers", "holds", "system_deltas", "system_balances"),
)
MOVING_TABLES = TABLES[5:]


def snapshot(dsn: str) -> dict[str, list[str]]:
    """Every row of every ledger table, as text."""
    with connected(dsn) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return {
            table: [row[0] for row in connection.execute(f"SELECT t::text FROM ledger.{table} AS t ORDER BY 1")]
            for table in TABLES
        }


@dataclass
class Ledger:
    """The ledger of a test: ``do`` runs one service call in a transaction of its own."""

    database: Database
    owner_dsn: str
    clock: FixedClock
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def now(self) -> datetime:
        """The time by the test's clock."""
        return self.clock.now()

    def key(self) -> str:
        """A key that nobody has used."""
        return f"key {next(self._keys)}"

    def member(self) -> UUID:
        """A new member with a place on the ledger."""
        owner_id = new_id()
        with self.database.transaction() as session:
            service.open_member(session, owner_id)
        return owner_id

    def budget(self, code: str, unit: str = POINT, floor_minor: int | None = 0) -> UUID:
        """A bounded part of the system."""
        with self.database.transaction() as session:
            return service.open_system_owner(session, code, unit, floor_minor=floor_minor)

    def do(self, call: Any, *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction, with the clock's time if it asks for ``at``."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def post(self, posting: Posting) -> Posted:
        """Post one movement."""
        posted: Posted = self.do(service.post, posting, self.now)
        return posted

    def award(self, owner_id: UUID, amount_minor: int, unit: str = POINT, key: str | None = None) -> Posted:
        """Give a member something."""
        return self.post(award(owner_id, amount_minor, key or self.key(), unit))

    def hold(self, owner_id: UUID, amount_minor: int, unit: str = POINT, due_at: datetime | None = None) -> UUID:
        """Set something aside and return the hold's id."""
        posted = self.do(
            service.hold, Account(owner_id, unit), amount_minor, key=self.key(), at=self.now, due_at=due_at
        )
        hold_id: UUID = posted.transfer_id
        return hold_id

    def balances(self, owner_id: UUID, unit: str = POINT) -> dict[str, int]:
        """What an owner has in each pocket that is not empty."""
        found = self.do(service.balances, owner_id, self.now)
        return {each.pocket.value: each.balance_minor for each in found if each.unit == unit and each.balance_minor}

    def snapshot(self) -> dict[str, list[str]]:
        """Everything."""
        return snapshot(self.owner_dsn)

    def faults(self) -> list[Any]:
        """What verification finds."""
        faults: list[Any] = self.do(service.verify)
        return faults


def award(owner_id: UUID, amount_minor: int, key: str, unit: str = POINT) -> Posting:
    """Issue to a member."""
    return Posting(SystemAccount("issuance", unit), Account(owner_id, unit), amount_minor, "award", key)


def spend(owner_id: UUID, amount_minor: int, key: str, unit: str = POINT) -> Posting:
    """Take from a member."""
    return Posting(Account(owner_id, unit), SystemAccount("redemption", unit), amount_minor, "spend", key)


def gift(giver_id: UUID, receiver_id: UUID, amount_minor: int, key: str, unit: str = POINT) -> Posting:
    """From a member to another."""
    return Posting(Account(giver_id, unit), Account(receiver_id, unit), amount_minor, "gift", key)


def held(owner_id: UUID, unit: str = POINT) -> Account:
    """A member's held pocket."""
    return Account(owner_id, unit, Pocket.HELD)


def install(owner_dsn: str) -> None:
    """Put the test's units and codes in, as the owner."""
    owner = Database(owner_dsn)
    with owner.transaction() as session:
        _register(session)
    owner.dispose()


def _register(session: Session) -> None:
    register_units(session, UNITS)
    register_codes(session, reference_types=(REFERENCE,))


@pytest.fixture
def ledger(database: Database, owner_dsn: str, clock: FixedClock) -> Ledger:
    """A ledger with the test's units."""
    install(owner_dsn)
    return Ledger(database, owner_dsn, clock)
