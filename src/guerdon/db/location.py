"""Where the database is: the embedded server, or one of the operator's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.errors import DatabaseUnreachableError, ServerTooOldError
from guerdon.db.roles import APP_ROLE, ensure_app_role

MAJOR_VERSION_MIN = 18
"""The oldest PostgreSQL that has all that is used: UUIDs of version 7, and rows as they were before a change."""


@dataclass(frozen=True, slots=True)
class Location:
    """How to reach the database in both roles.

    Attributes:
        owner_dsn: libpq URI of the role that owns and migrates.
        app_dsn: libpq URI of the role that the application runs as, or may turn into it.
        app_role: the role that connections under ``app_dsn`` take on first, if that is not their own.
        server: the embedded server; ``None`` where the operator runs one.
    """

    owner_dsn: str
    app_dsn: str
    app_role: str | None
    server: EmbeddedServer | None

    @property
    def app_psql_dsn(self) -> str:
        """``app_dsn`` as psql needs it: with the change of role in it."""
        if self.app_role is None:
            return self.app_dsn
        return f"{self.app_dsn}{'&' if '?' in self.app_dsn else '?'}options=-c%20role%3D{self.app_role}"


def locate(settings: Settings) -> Location:
    """Find out from the settings where the database is; connects to nothing and starts nothing."""
    if settings.database_url is None:
        server = EmbeddedServer(settings.data_dir)
        return Location(server.owner_dsn, server.app_dsn, None, server)
    owner_dsn = settings.database_url.get_secret_value()
    if settings.database_app_url is not None:
        return Location(owner_dsn, settings.database_app_url.get_secret_value(), None, None)
    return Location(owner_dsn, owner_dsn, APP_ROLE, None)


def check_answers(dsn: str) -> None:
    """Connect once.

    Raises:
        DatabaseUnreachableError: nobody answers, or not to this role.
        ServerTooOldError: who answers is of an older major version.
    """
    try:
        with psycopg.connect(dsn, connect_timeout=10) as connection:
            version = connection.info.server_version
    # The second is what libpq says to an address that it cannot read.
    except (psycopg.OperationalError, psycopg.ProgrammingError) as exc:
        raise DatabaseUnreachableError(problem=str(exc).strip()) from exc
    check_version(version)


def check_version(version: int) -> None:
    """Refuse a server that is too old.

    Args:
        version: as libpq tells it: the major version times 10,000, and the minor one.

    Raises:
        ServerTooOldError: it is.
    """
    if version // 10_000 < MAJOR_VERSION_MIN:
        raise ServerTooOldError(found=version // 10_000, needed=MAJOR_VERSION_MIN)


def open_database(settings: Settings, location: Location, *, application_name: str) -> Database:
    """A pool of connections as the application's role, of the size that the settings say."""
    return Database(
        location.app_dsn,
        pool_size=settings.database_pool_size,
        pool_overflow=settings.database_pool_overflow,
        pool_timeout_s=settings.database_pool_timeout_s,
        pool_recycle_s=settings.database_pool_recycle_s,
        role=location.app_role,
        application_name=application_name,
    )


@contextmanager
def running_database(settings: Settings) -> Iterator[Location]:
    """Where the database is, with the embedded server started for as long as the command runs, if need be."""
    location = locate(settings)
    if location.server is None:
        check_answers(location.owner_dsn)
        if location.app_role is not None:  # with an address of its own, the operator has made the role
            ensure_app_role(location.owner_dsn)
        yield location
    elif location.server.running:
        yield location
    else:
        with location.server:
            yield location
