"""Statements that run so often that they go straight to the driver.

SQLAlchemy spends three times as long on a short statement as the driver does: it looks the compiled form up, prepares
parameters that need no preparing, and describes columns that nobody asks for by name. Where a request sends dozens of
statements, that is most of its time. Everything else goes through the session.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect, text
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

Row = tuple[Any, ...]
_CURSOR = "statement_cursor"
"""Where a connection keeps its cursor, as long as it lives."""
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
        try:
            return _cursor(connection).execute(self._sql, given).fetchall()
        except psycopg.Error as exc:
            raise _as_the_session_raises(connection, self._sql, exc) from exc

    def row(self, session: Session, **given: Any) -> Row:
        """Run it and take the one row that it always gives."""
        (found,) = self.rows(session, **given)
        return found

    def run(self, session: Session, **given: Any) -> None:
        """Run it for its effect."""
        self.run_on(session.connection(), **given)

    def run_on(self, connection: Connection, **given: Any) -> None:
        """Run it for its effect, on the connection that a session is about to begin with."""
        try:
            _cursor(connection).execute(self._sql, given)
        except psycopg.Error as exc:
            raise _as_the_session_raises(connection, self._sql, exc) from exc


def together(session: Session, *statements: str) -> list[Row]:
    """Statements without parameters, sent at once: one way to the server and back instead of several.

    Returns:
        The rows of the last one; none, if it gives none.

    Raises:
        DBAPIError: what PostgreSQL refuses; those after the refused one have not run.
    """
    connection = session.connection()
    sql = "; ".join(statements)
    try:
        cursor = _cursor(connection).execute(sql.encode(), prepare=False)
        while cursor.nextset():
            pass
        return cursor.fetchall() if cursor.description else []
    except psycopg.Error as exc:
        raise _as_the_session_raises(connection, sql, exc) from exc


_SAVEPOINT, _RELEASE, _ROLL_BACK = "SAVEPOINT briefly", "RELEASE SAVEPOINT briefly", "ROLLBACK TO SAVEPOINT briefly"


class Inside:
    """What goes with a savepoint.

    Attributes:
        row: what the first statement gave.
        last: a statement without parameters that runs before it is released.
    """

    row: Row = ()
    last: str | None = None


@contextmanager
def savepoint(session: Session, first: str | None = None) -> Iterator[Inside]:
    """Undo what ``Statement`` did inside the block when it raises.

    For blocks that change no objects of the session: it would not know that their changes are gone.

    Args:
        first: a statement without parameters that gives one row, sent with the savepoint.
    """
    inside = Inside()
    rows = together(session, _SAVEPOINT, *([first] if first else ()))
    if first:
        (inside.row,) = rows
    try:
        yield inside
    except BaseException:
        # Where the connection broke there is nothing left to undo, and what broke it is what is to be told.
        with suppress(SQLAlchemyError):
            together(session, _ROLL_BACK, _RELEASE)
        raise
    together(session, *([inside.last] if inside.last else ()), _RELEASE)


def _cursor(connection: Connection) -> psycopg.Cursor[Row]:
    """The one cursor of a connection: making another takes the driver as long as a short statement does."""
    kept: psycopg.Cursor[Row] | None = connection.info.get(_CURSOR)
    if kept is None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)  # noqa: S101 - there is no other driver
        kept = connection.info[_CURSOR] = raw.cursor()
    return kept


def _as_the_session_raises(connection: Connection, sql: str, exc: psycopg.Error) -> BaseException:
    """What the session would raise, which has given up the connection if it broke."""
    raw = connection.connection.driver_connection
    broken = isinstance(raw, psycopg.Connection) and (raw.closed or raw.broken)
    if broken:
        connection.invalidate(exc)
    return DBAPIError.instance(
        sql, None, exc, psycopg.Error, hide_parameters=True, connection_invalidated=broken, dialect=_DIALECT
    )
