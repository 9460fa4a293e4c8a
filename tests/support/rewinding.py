"""A database on which requests commit, and which is as it was after ``rewind``: one world for a thousand requests."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from guerdon.db.database import Database

_NAMES = ("user_id", "acting_as", "request_id")
_READ = text(
    "SELECT " + ", ".join(f"coalesce(current_setting('guerdon.{name}', true), '') AS {name}" for name in _NAMES)
)
_WRITE = text("SELECT " + ", ".join(f"set_config('guerdon.{name}', :{name}, true)" for name in _NAMES))


class RewindingDatabase(Database):
    """Every transaction is a savepoint in one that never commits; one request at a time."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self._main = self.engine.connect()
        self._beside = self._engine_aside.connect()

    def rewind(self) -> None:
        """Undo everything since the last time."""
        self._main.rollback()
        self._beside.rollback()

    def commit(self) -> None:
        """Keep everything since the last time."""
        self._main.commit()
        self._beside.commit()

    def dispose(self) -> None:
        """Close the connections."""
        self._main.close()
        self._beside.close()
        super().dispose()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """As on a real one, as far as its caller can tell."""
        with self._savepoint(self._main) as session:
            yield session

    @contextmanager
    def aside(self) -> Iterator[Session]:
        """As on a real one."""
        with self._savepoint(self._beside) as session:
            yield session

    @contextmanager
    def _savepoint(self, connection: Connection) -> Iterator[Session]:
        # Settings that are local to a transaction outlive a savepoint, so they are taken back by hand.
        before = connection.execute(_READ).one()
        connection.execute(_WRITE, {"user_id": "", "acting_as": "system", "request_id": ""})
        try:
            with (
                Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        finally:
            connection.execute(_WRITE, dict(before._mapping))
