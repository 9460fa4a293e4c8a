"""Connections and transactions.

One request, or one job, is one transaction: whoever handles it opens it here, services take the session and never
commit. PostgreSQL runs at READ COMMITTED; what must not change while it is looked at is locked.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import psycopg
import simplejson
from psycopg import errors as pg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session, sessionmaker

T = TypeVar("T")

RETRIES_MAX = 3
ASIDE_CONNECTIONS_MAX = 4
PING_AFTER_S = 1.0
"""How long a connection lies in the pool before it is asked whether it still answers."""


def sqlalchemy_url(dsn: str) -> str:
    """A libpq URI (``postgresql://…``) in the form that SQLAlchemy wants for psycopg 3."""
    scheme, _, rest = dsn.partition("://")
    if scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("a database URL begins with postgresql://")
    return f"postgresql+psycopg://{rest}"


# PostgreSQL keeps numbers in jsonb exactly, so they must not pass through a float on their way in or out.
_dump_json = partial(simplejson.dumps, use_decimal=True, ensure_ascii=False)
_load_json = partial(simplejson.loads, use_decimal=True)


class Database:
    """A pool of connections to one PostgreSQL database, as one role.

    Args:
        dsn: libpq URI.
        pool_size, pool_overflow, pool_timeout_s, pool_recycle_s: as in ``Settings``.
        role: a role that each connection takes on (``SET ROLE``) when the DSN's own may do more than it should.
        application_name: shown in ``pg_stat_activity``.

    Attributes:
        kept: how many connections stay open.
        capacity: how many there are at most.
    """

    def __init__(
        self,
        dsn: str,
        *,
        pool_size: int = 5,
        pool_overflow: int = 10,
        pool_timeout_s: float = 30,
        pool_recycle_s: int = 1800,
        role: str | None = None,
        application_name: str = "guerdon",
    ) -> None:
        # Whoever opens a transaction here is the system, until a request says that it acts for somebody.
        options = "-c timezone=UTC -c guerdon.acting_as=system" + (f" -c role={role}" if role else "")
        self.dsn = dsn
        self.role = role
        self.kept = pool_size
        self.capacity = pool_size + pool_overflow
        shared: dict[str, Any] = {
            "pool_timeout": pool_timeout_s,
            "pool_recycle": pool_recycle_s,
            "json_serializer": _dump_json,
            "json_deserializer": _load_json,
            "hide_parameters": True,  # they hold personal data and hashes, and errors are logged
            "connect_args": {"options": options, "application_name": application_name},
        }
        url = sqlalchemy_url(dsn)
        self.engine: Engine = create_engine(url, pool_size=pool_size, max_overflow=pool_overflow, **shared)
        self._engine_aside = create_engine(url, pool_size=1, max_overflow=ASIDE_CONNECTIONS_MAX - 1, **shared)
        for engine in (self.engine, self._engine_aside):
            _take_only_living(engine)
        self.session_factory = sessionmaker(self.engine, expire_on_commit=False)
        self._aside = sessionmaker(self._engine_aside, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session in a transaction that commits when the block ends and rolls back when it raises."""
        with self.session_factory() as session, session.begin():
            yield session

    @contextmanager
    def aside(self) -> Iterator[Session]:
        """A short transaction beside the one that the caller has open, kept whatever becomes of that.

        It comes from a pool of its own: callers that hold a connection and wait for a second one from the same pool
        would wait for each other.
        """
        with self._aside() as session, session.begin():
            yield session

    def run(self, work: Callable[[Session], T]) -> T:
        """Run ``work`` in a transaction, again from the start if PostgreSQL asks for it.

        A deadlock or a serialization failure undoes the whole transaction, so repeating it is safe as long as ``work``
        touches nothing but the session.
        """
        for attempt in range(1, RETRIES_MAX + 1):
            try:
                with self.transaction() as session:
                    return work(session)
            except DBAPIError as exc:
                if attempt == RETRIES_MAX or not is_retryable(exc):
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def dispose(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()
        self._engine_aside.dispose()


_LAID_ASIDE = "laid_aside_s"


def _take_only_living(engine: Engine) -> None:
    """Have a pool give no connection that has ended meanwhile.

    A server that ends a connection says so on it, which can be seen without asking. Asking costs as much as a short
    statement; it is for connections that may have been cut off in silence while they lay there.
    """

    @event.listens_for(engine, "checkin")
    def note_when(_connection: object, record: Any) -> None:
        record.info[_LAID_ASIDE] = monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: Any, record: Any, _fairy: object) -> None:
        since_s = record.info.pop(_LAID_ASIDE, None)
        if since_s is None or (monotonic() - since_s < PING_AFTER_S and not _has_been_told_something(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as exc:
            raise InvalidatePoolError from exc


def _has_been_told_something(connection: psycopg.Connection[Any]) -> bool:
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    return bool(looking.poll(0))


def is_retryable(exc: DBAPIError) -> bool:
    """Whether PostgreSQL undid the transaction for reasons of concurrency alone."""
    return isinstance(exc.orig, pg.SerializationFailure | pg.DeadlockDetected)
