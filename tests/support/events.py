"""A hall with events, members who come and staff who make them, and a picture of everything that could have moved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.programs.events.models import Event, Registration
from guerdon.programs.events.schemas import EventIn
from guerdon.programs.events.service import changing, making, registering

from .databases import connected
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


def given(start: datetime, **more: Any) -> EventIn:
    """What staff say of an evening of trivia of two hours: free, worth what its type gives, for as many as come."""
    values = {
        "title": "Trivia night",
        "event_type": "trivia_night",
        "location": "The hall",
        "start_time": start,
        "end_time": start + timedelta(hours=2),
        "time_zone": "UTC",
        **more,
    }
    return EventIn.model_validate(values)


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

    def soon(self, days: float = 7) -> datetime:
        """A moment some days from now."""
        return self.clock.now() + timedelta(days=days)

    def draft(self, staff_id: UUID, **more: Any) -> Event:
        """A draft, a week from now unless told otherwise."""
        start = more.pop("start_time", self.soon())
        made: list[Event] = self.do(making.create, self.clock, staff_id, given(start, **more))
        return made[0]

    def event(self, staff_id: UUID, **more: Any) -> UUID:
        """A published event, a week from now unless told otherwise."""
        event_id = self.draft(staff_id, **more).id
        self.do(changing.publish, self.clock, staff_id, event_id)
        return event_id

    def register(self, user_id: UUID, event_id: UUID, **options: Any) -> Registration:
        """Register a member."""
        made: Registration = self.do(registering.register, self.clock, user_id, event_id, **options)
        return made

    def statuses(self, event_id: UUID) -> list[str]:
        """Where the registrations of an event stand, in the order in which they were made."""
        rows = self.sql("SELECT status FROM registrations WHERE event_id = %s ORDER BY id", [event_id])
        return [row[0] for row in rows]

    def told(self, user_id: UUID) -> list[str]:
        """The kinds of the messages that a member got from the program, in order."""
        rows = self.sql(
            "SELECT kind FROM notifications.outbox WHERE user_id = %s AND kind LIKE 'events.%%' ORDER BY id", [user_id]
        )
        return [row[0].removeprefix("events.") for row in rows]

    def another(self) -> "Hall":
        """The same hall with a clock of its own, for a thread."""
        return replace(self, clock=FixedClock(self.clock.now()))

    def sql(self, statement: str, params: Any = None) -> list[Any]:
        """Run SQL as the owner in a transaction of its own, and return its rows if it has any."""
        with connected(self.owner_dsn) as connection:
            connection.execute("SET search_path = events, public")
            done = connection.execute(statement.encode(), params)
            return done.fetchall() if done.description else []

    def snapshot(self) -> dict[str, list[str]]:
        """Every row of the program, the ledger, the outbox and the audit log, as text."""
        found = ledger_snapshot(self.owner_dsn)
        with connected(self.owner_dsn) as connection:
            for table in (*(f"events.{name}" for name in TABLES), "admin.audit_logs", "notifications.outbox"):
                query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(sql.Identifier(*table.split(".")))
                found[table] = [row[0] for row in connection.execute(query)]
        return found


@pytest.fixture
def hall(database: Database, owner_dsn: str, clock: FixedClock, recorded: None) -> Hall:
    """A hall without events yet."""
    return Hall(database, owner_dsn, clock)
