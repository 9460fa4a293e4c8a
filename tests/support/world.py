"""A place with somebody in it who has one of everything, and with everybody who might ask for it.

Each package says in ``security/expectations/<package>.py`` what the owner has (``settle``); here is who they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.http.keys import derive_key
from guerdon.kernel.identity.people.service import profiles
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger.service import open_member

from .databases import connected

SECRET = "s" * 40
"""The secret of the application there."""

ROLES = {
    "owner": Role.USER,
    "other": Role.USER,
    "partner": Role.PARTNER,
    "staff": Role.STAFF,
    "admin": Role.ADMIN,
    "super_admin": Role.SUPER_ADMIN,
}
"""Who lives there: the owner, another member, and one of each further role."""


@dataclass
class World:
    """The test's database with people in it.

    Attributes:
        people: the accounts of ``ROLES``, by those names.
        things: what the owner has, by the names that tables of expectations use.
        data_dir: with the keys under which theirs is encrypted.
    """

    database: Database
    owner_dsn: str
    clock: FixedClock
    data_dir: Path
    people: dict[str, UUID] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)

    @property
    def app_dsn(self) -> str:
        """libpq URI of the application's role."""
        return self.database.dsn

    @property
    def owner(self) -> UUID:
        """Whose things they are."""
        return self.people["owner"]

    def key(self, purpose: str) -> bytes:
        """A key of the application's."""
        return derive_key(SECRET.encode(), purpose)

    def thing(self, name: str, otherwise: Any) -> Any:
        """What the owner has of that name, or the person of that name."""
        return self.things.get(name, self.people.get(name, otherwise))

    def person(
        self, name: str, role: Role = Role.USER, born: date = date(1990, 7, 31), password: str | None = None
    ) -> UUID:
        """Open an account of somebody of age, unless told otherwise."""
        with self.database.transaction() as session:
            account = create_account(
                session,
                self.clock,
                email=f"{name.replace('_', '-')}@example.org",
                name=name.replace("_", " ").capitalize(),
                password=password,
                roles=(role,),
            )
            open_member(session, account.id)
            change = profiles.ProfileChange(
                full_name=account.name, locale="en", timezone="UTC", date_of_birth=born.isoformat()
            )
            profiles.update(session, self.clock, account.id, change)
            return account.id

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction of the system's."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def sql(self, statement: str, *params: Any) -> list[Any]:
        """Run SQL as the owner of the database."""
        with connected(self.owner_dsn) as connection:
            done = connection.execute(statement.encode(), params or None)
            return done.fetchall() if done.description else []


def tables(connection: "psycopg.Connection[Any]") -> list[str]:
    """Every table of the installation, ``schema.name``, but for the queue's and the list of migrations."""
    rows = connection.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN"
        " ('pg_catalog', 'information_schema', 'worker', 'public') ORDER BY 1"
    )
    return [name for (name,) in rows]


def digests(owner_dsn: str, leave_out: Mapping[str, list[str]] = MappingProxyType({})) -> dict[str, str]:
    """A digest of every table, the queue of jobs among them: to see that nothing moved.

    Args:
        leave_out: columns that do not count, by table.
    """
    query = sql.SQL(
        "SELECT coalesce(md5(string_agg(r, '' ORDER BY r)), '') FROM (SELECT (to_jsonb(t) - %s::text[])::text AS r"
        " FROM {} AS t) AS rows"
    )
    with connected(owner_dsn) as connection:
        found = {}
        for name in [*tables(connection), "worker.procrastinate_jobs"]:
            row = connection.execute(
                query.format(sql.Identifier(*name.split("."))), [leave_out.get(name, [])]
            ).fetchone()
            assert row is not None
            found[name] = row[0]
        return found
