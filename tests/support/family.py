"""People of different ages, and pictures to send in."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from PIL import Image

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.service import guardians, profiles

from .databases import connected
from .http_client import Client
from .people import PASSWORD

ADULT = "1990-07-31"
MINOR = "2012-05-20"


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """A small picture file."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 120, 40)).save(out, form)
    return out.getvalue()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Family:
    """The test's database with people of known age; ``do`` runs one call in a transaction of its own."""

    database: Database
    owner_dsn: str
    clock: FixedClock
    person: Callable[..., User]

    def member(self, name: str, born: str | None = None, *roles: str) -> UUID:
        """Open an account, with a birth date if one is given."""
        user_id = self.person(name, *roles).id
        if born is not None:
            self.do(profiles.update, self.clock, user_id, self.change(name, born))
        return user_id

    def change(self, name: str, born: str | None = None, **values: Any) -> profiles.ProfileChange:
        """A profile with the least that it needs."""
        filled = {"full_name": name.capitalize(), "locale": "en", "timezone": "UTC", "date_of_birth": born, **values}
        return profiles.ProfileChange(**filled)

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def ask(self, minor_id: UUID, guardian: str, relationship: str = "parent") -> UUID:
        """A minor asks somebody by name; gives the guardianship."""
        asked = self.do(
            guardians.request,
            self.clock,
            minor_id,
            guardian_email=f"{guardian}@example.org",
            relationship=relationship,
        )
        guardianship_id: UUID = asked.id
        return guardianship_id

    def ward(self, minor_id: UUID, guardian: str, guardian_id: UUID) -> UUID:
        """Asked and consented."""
        guardianship_id = self.ask(minor_id, guardian)
        self.do(guardians.consent, self.clock, guardian_id, guardianship_id)
        return guardianship_id

    def sql(self, statement: str, *params: Any) -> list[Any]:
        """Run SQL as the owner."""
        with connected(self.owner_dsn) as connection:
            done = connection.execute(statement.encode(), params or None)
            return done.fetchall() if done.description else []

    def rows(self) -> dict[str, list[str]]:
        """Every row of identity and the audit log, as text: to see that nothing moved."""
        tables = self.sql(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'identity'"
            " AND tablename NOT IN ('user_sessions', 'refresh_tokens') ORDER BY 1"
        )
        return {
            table: [row[0] for row in self.sql(f"SELECT t::text FROM {table} AS t ORDER BY 1")]
            for (table,) in [*tables, ("admin.audit_logs",)]
        }

    def actions(self) -> list[str]:
        """What the audit log holds, oldest first."""
        return [row[0] for row in self.sql("SELECT action FROM admin.audit_logs ORDER BY id")]


@pytest.fixture
def family(
    database: Database, owner_dsn: str, clock: FixedClock, person: Callable[..., User], whole_app: FastAPI
) -> Family:
    """Nobody yet."""
    return Family(database, owner_dsn, clock, person)


@pytest.fixture
def calling(whole_app: FastAPI, person: Callable[..., User]) -> Callable[..., Client]:
    """Opens API clients: ``calling("awa", "staff")`` opens an account, unless ``known``, and signs it in."""

    def open_client(name: str | None = None, *roles: str, known: bool = False) -> Client:
        client = Client(whole_app)
        if name is None:
            return client
        if not known:
            person(name, *roles)
        answer = client.post("/api/v1/identity/tokens", json={"email": f"{name}@example.org", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.bear(answer.json()["access_token"])
        client.user_id = UUID(client.get("/api/v1/identity/me").json()["user_id"])
        return client

    return open_client
