"""A club of members and staff who contribute and review, and a picture of everything that could have moved."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from psycopg import sql

from guerdon.core.clock import FixedClock
from guerdon.core.errors import GuerdonError
from guerdon.db.database import Database
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.programs.credits.models import Contribution
from guerdon.programs.credits.schemas import Condition, HoursIn, ItemIn, MoneyIn, PaymentMethod, Summary
from guerdon.programs.credits.service import reading, reviewing, submitting

from .databases import connected
from .http_client import Client
from .ledger import snapshot as ledger_snapshot

TABLES = ("contributions", "contributions_archive", "photos", "currency_rates")
ITEM = {"type": "item_donation", "description": "Four-person tent", "estimated_value": "50.00", "condition": "like_new"}
HOURS = {"type": "volunteer_hours", "activity": "Community garden", "hours": "3", "date": "2026-03-01"}
MONEY = {
    "type": "money",
    "amount": "50.00",
    "currency": "USD",
    "payment_method": "online_transfer",
    "transaction_id": "TXN123456",
}


def item(value: str = "50.00", condition: str | None = "like_new", description: str = "Tent") -> ItemIn:
    """An item, 5 credits' worth unless told otherwise."""
    return ItemIn(
        description=description,
        estimated_value=Decimal(value),
        condition=Condition(condition) if condition else None,
    )


def money(transaction_id: str, amount: str = "50.00", currency: str = "USD") -> MoneyIn:
    """Money by online transfer, 10 credits' worth unless told otherwise."""
    return MoneyIn(
        amount=Decimal(amount),
        currency=currency,
        payment_method=PaymentMethod.ONLINE_TRANSFER,
        transaction_id=transaction_id,
    )


def hours(number: str = "3", day: str = "2026-03-01") -> HoursIn:
    """Hours, 6 credits' worth unless told otherwise."""
    return HoursIn.model_validate({"activity": "Garden", "hours": number, "date": day})


@dataclass
class Club:
    """The test's database with people in it; ``do`` runs one call in a transaction of its own."""

    database: Database
    owner_dsn: str
    clock: FixedClock

    def person(self, name: str, *roles: str, zone: str = "UTC") -> UUID:
        """Open an account that cannot sign in; ``name@example.org``."""
        with self.database.transaction() as session:
            account = create_account(
                session,
                self.clock,
                email=f"{name}@example.org",
                name=name.capitalize(),
                password=None,
                roles=roles or ("user",),
                time_zone=zone,
            )
            return account.id

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def submit(self, user_id: UUID, given: Any = None, **options: Any) -> UUID:
        """Submit something and return its id."""
        made: Contribution = self.do(submitting.submit, self.clock, user_id, given or item(), **options)
        return made.id

    def approve(self, staff_id: UUID, contribution_id: UUID, **options: Any) -> Contribution:
        """Approve a contribution."""
        approved: Contribution = self.do(reviewing.approve, self.clock, staff_id, contribution_id, **options)
        return approved

    def credited(self, user_id: UUID, staff_id: UUID, given: Any = None) -> UUID:
        """Submit and approve."""
        contribution_id = self.submit(user_id, given)
        self.approve(staff_id, contribution_id)
        return contribution_id

    def reopen(self, staff_id: UUID, contribution_id: UUID) -> Contribution:
        """Undo a decision."""
        opened: Contribution = self.do(reviewing.reopen, self.clock, staff_id, contribution_id, reason="a mistake")
        return opened

    def spend(self, user_id: UUID, amount: str, key: str = "spend") -> None:
        """Let a member spend."""
        posting = Posting(
            Account(user_id, "CREDIT"), SystemAccount("redemption", "CREDIT"), int(Decimal(amount) * 100), "spend", key
        )
        self.do(ledger.post, posting, self.clock.now())

    def summary(self, user_id: UUID) -> Summary:
        """Where a member stands."""
        found: Summary = self.do(reading.summary, user_id, self.clock.now())
        return found

    def balance(self, user_id: UUID) -> Decimal:
        """What a member can spend."""
        return self.summary(user_id).balance

    def entries(self, user_id: UUID) -> list[Decimal]:
        """The signed amounts of a member's statement, oldest first."""
        rows = self.sql("SELECT amount FROM credits.credit_transactions WHERE user_id = %s ORDER BY id", [user_id])
        return [row[0] for row in rows]

    def row(self, contribution_id: UUID) -> Contribution:
        """A contribution as it stands."""
        with self.database.transaction() as session:
            found = session.get(Contribution, contribution_id)
            assert found is not None
            return found

    def sql(self, statement: str, params: Any = None, *, dsn: str | None = None) -> list[Any]:
        """Run SQL as the owner in a transaction of its own, and return its rows if it has any."""
        with connected(dsn or self.owner_dsn) as connection:
            connection.execute("SET search_path = credits, public")
            connection.execute("SET guerdon.acting_as = 'system'")  # the application's role reaches everybody's rows
            done = connection.execute(statement.encode(), params)
            return done.fetchall() if done.description else []

    def snapshot(self) -> dict[str, list[str]]:
        """Every row of the program, the ledger and the audit log, as text."""
        found = ledger_snapshot(self.owner_dsn)
        with connected(self.owner_dsn) as connection:
            for table in (*(f"credits.{name}" for name in TABLES), "admin.audit_logs", "http.idempotency_records"):
                query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(*table.split(".")))
                found[table] = [row[0] for row in connection.execute(query)]
        return found

    def faults(self) -> list[Any]:
        """What verification of the ledger finds."""
        faults: list[Any] = self.do(ledger.verify)
        return faults


@pytest.fixture
def club(database: Database, owner_dsn: str, clock: FixedClock, recorded: None) -> Club:
    """A club without people yet."""
    return Club(database, owner_dsn, clock)


@pytest.fixture
def awa(club: Club) -> UUID:
    """A member, unless a file has an awa of its own."""
    return club.person("awa")


@pytest.fixture
def zoe(club: Club) -> UUID:
    """Staff."""
    return club.person("zoe", "staff")


class Caller(Client):
    """An API client of somebody."""

    user_id: UUID

    def delete(self, path: str, **options: Any) -> Any:
        """DELETE."""
        return self.request("DELETE", path, **options)


@pytest.fixture
def api(whole_app: FastAPI, club: Club) -> Callable[..., Caller]:
    """Opens API clients: ``api("zoe", "staff")`` opens an account and holds its token; ``api()`` is nobody's."""

    def open_client(name: str | None = None, *roles: str) -> Caller:
        client = Caller(whole_app)
        if name is not None:
            client.user_id = club.person(name, *roles)
            client.bear(whole_app.state.access_tokens.issue(client.user_id, club.clock)[0])
        return client

    return open_client


def refused(club: Club, error: type[GuerdonError], call: Callable[[], Any]) -> GuerdonError:
    """It raises, and nothing is different afterwards."""
    before = club.snapshot()
    with pytest.raises(error) as caught:
        call()
    assert club.snapshot() == before
    return caught.value
