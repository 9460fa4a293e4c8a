"""A real PostgreSQL for every test, fresh each time.

Each test process has a server of its own, without fsync, and one database that is migrated once. A test gets a copy
of that, which takes a few hundredths of a second, and so may commit whatever it likes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.orm import Session, sessionmaker

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.migrate import Migrator
from guerdon.db.roles import OWNER_ROLE, close_to_others

START_OF_TIME = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning: weeks, months and quarters have room on both sides."""

MEMORY_BYTES_MIN = 4 * 1024**3

SERVER_OPTIONS = {
    "shared_buffers": "64MB",  # looked through whenever a database is made or dropped
    "scram_iterations": "1",
}
"""What makes a server quick that has many small databases, each for a moment and with a few connections."""

_numbers = count(1)


def on_database(dsn: str, name: str) -> str:
    """The same DSN on another database of the server."""
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


_spare: dict[str, list["psycopg.Connection[Any]"]] = {}


@contextmanager
def connected(dsn: str) -> Iterator["psycopg.Connection[Any]"]:
    """A transaction on a connection that is kept for the next who asks: opening one costs more than most questions."""
    spare = _spare.setdefault(dsn, [])
    connection = spare.pop() if spare else psycopg.connect(dsn, autocommit=True)
    try:
        with connection.transaction():
            yield connection
    finally:
        connection.execute("RESET ALL")
        spare.append(connection)


class EnginePair:
    """Engines that all tests of a process share: what SQL they worked out for one database serves the next.

    Each test gets a view of them that is an engine of its own for all who keep something by it, or listen to it.
    """

    def __init__(self, dsn: str) -> None:
        self._first = Database(dsn)
        self._name = ""
        for engine in (self._first.engine, self._first._engine_aside):
            event.listen(engine, "do_connect", self._direct)

    def reach(self, dsn: str) -> Database:
        """From now on, connect to this database, as the same role as ever."""
        self._name = urlsplit(dsn).path.removeprefix("/")
        made = copy(self._first)
        made.dsn = dsn
        made.engine = self._first.engine.execution_options()
        made._engine_aside = self._first._engine_aside.execution_options()
        made.session_factory = sessionmaker(made.engine, expire_on_commit=False)
        made._aside = sessionmaker(made._engine_aside, expire_on_commit=False)
        return made

    def _direct(self, _dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named["dbname"] = self._name


class DatabaseFactory:
    """Makes and drops databases on a test server."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server
        self._connection = psycopg.connect(server.superuser_dsn, autocommit=True)

    def create(self, template: str | None = None) -> str:
        """Make a database that the owner role owns, empty or as a copy, and return its name."""
        name = f"test_{next(_numbers)}"
        if template is not None:
            self._let_go(template)
        source = (
            sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        self._connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER_ROLE)) + source
        )
        close_to_others(self._connection, name)
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._let_go(name)
        self._connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _let_go(self, name: str) -> None:
        for dsn in [each for each in _spare if urlsplit(each).path == f"/{name}"]:
            for connection in _spare.pop(dsn):
                connection.close()

    def close(self) -> None:
        """Let go of the server."""
        self._connection.close()


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """An empty directory with a path short enough for sockets, which PostgreSQL's own user may be let into."""
    directory = Path(tempfile.mkdtemp(prefix="gt-"))
    yield directory
    shutil.rmtree(directory)


def _quick_place() -> str | None:
    """Where copying a database costs half: memory, if there is plenty of it; None for the usual place."""
    memory = Path("/dev/shm")  # noqa: S108
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= MEMORY_BYTES_MIN:
        return str(memory)
    return None


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedServer]:
    """A server that lives as long as this test process."""
    directory = Path(tempfile.mkdtemp(prefix="gt-", dir=_quick_place()))
    with EmbeddedServer(directory, durable=False, options=SERVER_OPTIONS) as server:
        yield server
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def database_factory(database_server: EmbeddedServer) -> Iterator[DatabaseFactory]:
    """Makes further databases, for tests that migrate or need two."""
    factory = DatabaseFactory(database_server)
    yield factory
    factory.close()


@pytest.fixture(scope="session")
def _template(database_factory: DatabaseFactory) -> str:
    from guerdon.boot import modules

    name = database_factory.create()
    Migrator(on_database(database_factory.server.owner_dsn, name), modules()).upgrade()
    return name


@pytest.fixture
def database_name(database_factory: DatabaseFactory, _template: str) -> Iterator[str]:
    """The name of a fresh, migrated database."""
    name = database_factory.create(_template)
    yield name
    database_factory.drop(name)


@pytest.fixture
def empty_owner_dsn(database_factory: DatabaseFactory) -> Iterator[str]:
    """libpq URI of the owner role on a database without anything in it."""
    name = database_factory.create()
    yield on_database(database_factory.server.owner_dsn, name)
    database_factory.drop(name)


@pytest.fixture
def owner_dsn(database_server: EmbeddedServer, database_name: str) -> str:
    """libpq URI of the owner role on the test's database."""
    return on_database(database_server.owner_dsn, database_name)


@pytest.fixture
def app_dsn(database_server: EmbeddedServer, database_name: str) -> str:
    """libpq URI of the application's role on the test's database."""
    return on_database(database_server.app_dsn, database_name)


@pytest.fixture(scope="session")
def _engines(database_server: EmbeddedServer) -> EnginePair:
    return EnginePair(database_server.app_dsn)


@pytest.fixture
def database(_engines: EnginePair, app_dsn: str) -> Iterator[Database]:
    """The test's database, as the application's role."""
    database = _engines.reach(app_dsn)
    yield database
    database.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session in a transaction that is rolled back at the end."""
    with database.session_factory() as session:
        yield session
        session.rollback()


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at a Monday morning until it is moved."""
    return FixedClock(START_OF_TIME)
