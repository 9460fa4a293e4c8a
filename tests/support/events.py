"""A hall with events, members who come and staff who make them, and a picture of everything that could have moved."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.service.accounts import create_account

from .ledger import snapshot as ledger_snapshot

TABLES = (
    "event_types",
    "series",
    "events",
    "registrations",
    "payment",
    "tickets",
    "event_attendees",
    "connections",
    "event_results",
    "special_awards",
    "invitation_links",
    "invitations",
    "calendar_feeds",
    "connection_blocks",
)


@dataclass
class Hall:
    """The test's database with people in it; ``do`` runs one call in a transaction of its own."""

    database: Database
    owner_dsn: str
    clock: FixedClock

    def person(self, name: str, *roles: str, zone: str = "UTC", locale: str = "en") -> UUID:
        """Open an account that cannot sign in; ``name@example.org``."""
        with self.database.transaction() as session:
            return create_account(
                session,
                self.clock,
                email=f"{name}@example.org",
                name=name.capitalize(),
                password=None,
                roles=roles or ("user",),
                locale=locale,
                time_zone=zone,
            ).id

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def sql(self, statement: str, params: Any = None) -> list[Any]:
        """Run SQL as the owner in a transaction of its own, and return its rows if it has any."""
        with psycopg.connect(self.owner_dsn) as connection:
            connection.execute("SET search_path = events, public")
            done = connection.execute(statement.encode(), params)
            return done.fetchall() if done.description else []

    def snapshot(self) -> dict[str, list[str]]:
        """Every row of the program, the ledger, the outbox and the audit log, as text."""
        found = ledger_snapshot(self.owner_dsn)
        with psycopg.connect(self.owner_dsn) as connection:
            for table in (*(f"events.{name}" for name in TABLES), "admin.audit_logs", "notifications.outbox"):
                query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(*table.split(".")))
                found[table] = [row[0] for row in connection.execute(query)]
        return found


@pytest.fixture
def hall(database: Database, owner_dsn: str, clock: FixedClock, recorded: None) -> Hall:
    """A hall without events yet."""
    return Hall(database, owner_dsn, clock)
