"""Where it is measured: a server of the bench's own, durable and as the product configures it, with one database for
each question, so that no contestant works in what another has left behind."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench import members
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.migrate import Migrator
from guerdon.db.roles import OWNER_ROLE, close_to_others
from guerdon.kernel.modules import KERNEL_MODULES

MEMBERS = 100_000
SQL = Path(__file__).parent / "sql"

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """A database, by the DSNs of its owner and of the application's role."""

    owner_dsn: str
    app_dsn: str

    @contextmanager
    def owner(self) -> Iterator[Connection]:
        """An autocommitting connection as the owner: for preparing, and for raw statements."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as connection:
            yield connection

    @contextmanager
    def app(self) -> Iterator[Connection]:
        """An autocommitting connection as the application's role, which may only use the door."""
        with psycopg.connect(self.app_dsn, autocommit=True) as connection:
            yield connection


class Arena:
    """The server and its databases."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._template = "template_bench"

    def prepare(self) -> None:
        """Migrate and open the members' accounts once, in the template of all databases."""
        place = self._create(self._template, None)
        Migrator(place.owner_dsn, KERNEL_MODULES).upgrade()
        self.run_sql(place, "members.sql", {"members": MEMBERS, **members.VALUES})
        self.tidy(place)

    def place(self, name: str) -> Place:
        """A new database with an empty ledger, its members' accounts opened."""
        return self._create(name, self._template)

    def bare(self, name: str) -> Place:
        """A new database with nothing in it."""
        return self._create(name, None)

    def run_sql(self, place: Place, file: str, values: dict[str, int] | None = None) -> None:
        """Run a file of ``bench/sql`` as the owner; ``{name}`` in it stands for a number."""
        text = (SQL / file).read_text(encoding="utf-8")
        for name, value in (values or {}).items():
            text = text.replace(f"{{{name}}}", str(value))
        with psycopg.connect(place.owner_dsn) as connection:
            connection.cursor().execute(text.encode())

    def tidy(self, place: Place, *, checkpoint: bool = True) -> None:
        """Vacuum, analyze and checkpoint, so that no contestant pays for what another has left.

        Args:
            checkpoint: without one, pages that have just been written are changed again as cheaply as in the middle of
                a working day; after one, each is logged whole at its first change.
        """
        with psycopg.connect(self._on(self._server.superuser_dsn, place), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            if checkpoint:
                connection.execute("CHECKPOINT")

    def version(self) -> str:
        """The server's version number."""
        with psycopg.connect(self._server.superuser_dsn) as connection:
            return str(connection.info.parameter_status("server_version"))

    def _create(self, name: str, template: str | None) -> Place:
        source = (
            sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        with psycopg.connect(self._server.superuser_dsn, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER_ROLE)) + source
            )
            close_to_others(connection, name)
        return Place(_database(self._server.owner_dsn, name), _database(self._server.app_dsn, name))

    @staticmethod
    def _on(dsn: str, place: Place) -> str:
        return _database(dsn, urlsplit(place.owner_dsn).path.removeprefix("/"))


def _database(dsn: str, name: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


@contextmanager
def arena() -> Iterator[Arena]:
    """Start a durable server in a directory that is gone afterwards, whatever happens."""
    with (
        tempfile.TemporaryDirectory(prefix="guerdon-bench-", ignore_cleanup_errors=True) as directory,
        EmbeddedServer(Path(directory)) as server,
    ):
        built = Arena(server)
        built.prepare()
        yield built
