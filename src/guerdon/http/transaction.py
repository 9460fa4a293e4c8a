"""One request, one transaction: committed before the answer is sent, rolled back when anything raises.

Ready-made annotations for handlers: ``SessionDep``, ``ClockDep``, ``SettingsDep``, ``DatabaseDep``.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, cast
from uuid import UUID

from anyio import CancelScope, CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from guerdon.core.clock import Clock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.statement import Statement
from guerdon.http.admission import Admitted
from guerdon.http.context import current_request

_SET_IDENTITY = Statement(
    "SELECT set_config('guerdon.request_id', :request_id, true), set_config('guerdon.user_id', :user_id, true),"
    " set_config('guerdon.acting_as', :acting_as, true)"
)
_SET_USER = Statement("SELECT set_config('guerdon.user_id', :user_id, true)")
_SET_ACTING_AS = Statement("SELECT set_config('guerdon.acting_as', :acting_as, true)")


def get_database(request: Request) -> Database:
    """The application's database, as ``app.state.database`` holds it."""
    return cast(Database, request.app.state.database)


def get_clock(request: Request) -> Clock:
    """The application's clock."""
    return cast(Clock, request.app.state.clock)


def get_settings(request: Request) -> Settings:
    """The application's settings."""
    return cast(Settings, request.app.state.settings)


async def get_session(request: Request, _place: Admitted) -> AsyncIterator[Session]:
    """A session whose transaction ends before the answer is sent.

    The connection is taken from the pool with the first statement, so a route that needs no database takes none.
    Each transaction knows the request's id and, once it is known, its user (``guerdon.request_id``,
    ``guerdon.user_id``), which row-level security and triggers read. It reaches the rows of that user only, unless
    ``act_as_staff`` widens it.
    """
    opened = get_database(request).transaction()
    session = opened.__enter__()  # asks the database nothing yet, and so needs no thread
    session.info["announced"] = False
    try:
        yield session
    except BaseException as exc:
        await _in_thread(opened.__exit__, type(exc), exc, exc.__traceback__)
        raise
    await _in_thread(opened.__exit__, None, None, None)


async def _in_thread(end: Callable[..., object], *given: object) -> None:
    """End a transaction, whatever else ends meanwhile; beside the threads that may all wait for its connection."""
    with CancelScope(shield=True):
        await to_thread.run_sync(end, *given, limiter=CapacityLimiter(1))


@event.listens_for(Session, "after_begin")
def _announce_request(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    if session.info.get("announced", True):  # no request's session, or a savepoint, which begins too
        return
    session.info["announced"] = True
    info = current_request()
    user_id: UUID | None = session.info.get("user_id")
    _SET_IDENTITY.run_on(
        connection,
        request_id=info.request_id if info else "",
        user_id=str(user_id) if user_id else "",
        acting_as=session.info.get("acting_as", "member"),
    )


def identify(session: Session, user_id: UUID) -> None:
    """Tell the database on whose behalf this transaction works, from now on.

    Costs no round trip before the transaction's first statement, one after it.
    """
    session.info["user_id"] = user_id
    if session.info.get("announced"):
        _SET_USER.run(session, user_id=str(user_id))


def act_as_staff(session: Session) -> None:
    """Let this transaction reach everybody's rows: for who holds a permission that ordinary members do not."""
    session.info["acting_as"] = "staff"
    if session.info.get("announced"):
        _SET_ACTING_AS.run(session, acting_as="staff")


@contextmanager
def as_staff(session: Session) -> Iterator[None]:
    """Reach everybody's rows inside the block alone: for the part of a page that only staff see."""
    before = session.info.get("acting_as", "member")
    act_as_staff(session)
    try:
        yield
    finally:
        session.info["acting_as"] = before
        if session.info.get("announced"):
            # A transaction that has failed refuses this too, but reaches nobody's rows any more.
            with suppress(DBAPIError):
                _SET_ACTING_AS.run(session, acting_as=before)


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
