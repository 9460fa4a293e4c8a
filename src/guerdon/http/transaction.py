"""One request, one transaction: committed before the answer is sent, rolled back when anything raises.

Ready-made annotations for handlers: ``SessionDep``, ``ClockDep``, ``SettingsDep``, ``DatabaseDep``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.context import current_request

_SET_IDENTITY = text(
    "SELECT set_config('guerdon.request_id', :request_id, true), set_config('guerdon.user_id', :user_id, true)"
)


def get_database(request: Request) -> Database:
    """The application's database, as ``app.state.database`` holds it."""
    return cast(Database, request.app.state.database)


def get_clock(request: Request) -> Clock:
    """The application's clock."""
    return cast(Clock, request.app.state.clock)


def get_settings(request: Request) -> Settings:
    """The application's settings."""
    return cast(Settings, request.app.state.settings)


def get_session(request: Request) -> Iterator[Session]:
    """A session whose transaction ends before the answer is sent.

    The connection is taken from the pool with the first statement, so a route that needs no database takes none.
    Each transaction knows the request's id and, once it is known, its user (``guerdon.request_id``,
    ``guerdon.user_id``), which row-level security and triggers read.
    """
    with get_database(request).transaction() as session:
        event.listen(session, "after_begin", _announce_request)
        yield session


def _announce_request(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if session.info.get("announced"):  # a savepoint begins too
        return
    session.info["announced"] = True
    info = current_request()
    user_id: UUID | None = session.info.get("user_id")
    connection.execute(
        _SET_IDENTITY,
        {"request_id": info.request_id if info else "", "user_id": str(user_id) if user_id else ""},
    )


def identify(session: Session, user_id: UUID) -> None:
    """Tell the database on whose behalf this transaction works, from now on.

    Costs no round trip before the transaction's first statement, one after it.
    """
    session.info["user_id"] = user_id
    if session.info.get("announced"):
        session.execute(text("SELECT set_config('guerdon.user_id', :user_id, true)"), {"user_id": str(user_id)})


@contextmanager
def attempt(session: Session) -> Iterator[None]:
    """Try something whose refusal the handler answers itself, such as a form shown again with its errors.

    When the block raises, all that it wrote is undone (a savepoint), and the transaction stays usable.
    """
    with session.begin_nested():
        yield


SessionDep = Annotated[Session, Depends(get_session, scope="function")]
DatabaseDep = Annotated[Database, Depends(get_database)]
ClockDep = Annotated[Clock, Depends(get_clock)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
