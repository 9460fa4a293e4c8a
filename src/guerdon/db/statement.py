"""Statements that run so often that they go straight to the driver.

SQLAlchemy spends three times as long on a short statement as the driver does: it looks the compiled form up, prepares
parameters that need no preparing, and describes columns that nobody asks for by name. Where a request sends dozens of
statements, that is most of its time. Everything else goes through the session.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect, text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

Row = tuple[Any, ...]
_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]


class Statement:
    """A statement in a session's transaction, past everything that SQLAlchemy does around one.

    It flushes nothing: whoever has changed objects of the session that it looks at flushes first.

    Args:
        sql: with ``:name`` for each parameter, as SQLAlchemy's ``text`` takes it.
    """

    __slots__ = ("_sql",)

    def __init__(self, sql: str) -> None:
        self._sql = text(sql).compile(dialect=_DIALECT).string

    def rows(self, session: Session, **given: Any) -> list[Row]:
        """Run it and take its rows, as the driver gives them.

        Raises:
            DBAPIError: what PostgreSQL refuses, as the session would raise it.
        """
        connection = session.connection()
        with _as_the_session_raises(connection, self._sql):
            return _driver(connection).execute(self._sql, given).fetchall()

    def row(self, session: Session, **given: Any) -> Row:
        """Run it and take the one row that it always gives."""
        (found,) = self.rows(session, **given)
        return found

    def run(self, session: Session, **given: Any) -> None:
        """Run it for its effect."""
        connection = session.connection()
        with _as_the_session_raises(connection, self._sql):
            _driver(connection).execute(self._sql, given)


_SAVEPOINT = Statement("SAVEPOINT briefly")
_RELEASE = Statement("RELEASE SAVEPOINT briefly")
_ROLL_BACK = Statement("ROLLBACK TO SAVEPOINT briefly")


@contextmanager
def savepoint(session: Session) -> Iterator[Callable[[], None]]:
    """Undo what ``Statement`` did inside the block when it raises, or when it calls what it is given.

    For blocks that change no objects of the session: it would not know that their changes are gone.
    """
    undo = False

    def undo_at_the_end() -> None:
        nonlocal undo
        undo = True

    _SAVEPOINT.run(session)
    try:
        yield undo_at_the_end
    except BaseException:
        # Where the connection broke there is nothing left to undo, and what broke it is what is to be told.
        with suppress(SQLAlchemyError):
            _ROLL_BACK.run(session)
            _RELEASE.run(session)
        raise
    if undo:
        _ROLL_BACK.run(session)
    _RELEASE.run(session)


def _driver(connection: Connection) -> psycopg.Connection[Row]:
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - there is no other driver
    return raw


@contextmanager
def _as_the_session_raises(connection: Connection, sql: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as exc:
        raw = connection.connection.driver_connection
        broken = isinstance(raw, psycopg.Connection) and (raw.closed or raw.broken)
        if broken:
            connection.invalidate(exc)
        raise DBAPIError.instance(
            sql, None, exc, psycopg.Error, hide_parameters=True, connection_invalidated=broken, dialect=_DIALECT
        ) from exc
