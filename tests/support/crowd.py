"""Many connections that do something at the same time, each in a transaction as a request of somebody has it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.db.database import Database

WHO = text("SELECT set_config('guerdon.user_id', :user_id, true), set_config('guerdon.acting_as', :acting_as, true)")

Step = tuple[UUID | None, Callable[[Session], Any]]
"""Who does it (None is the system), and what."""


def at_once(dsn: str, steps: Sequence[Step], *, staff: frozenset[UUID] = frozenset()) -> list[Any]:
    """Do everything at once: every transaction is open before the first one goes on.

    Args:
        dsn: of the application's role.
        staff: who of them acts as staff.

    Returns:
        What each gave, or raised, in the order of the steps.
    """
    database = Database(dsn, pool_size=len(steps), pool_overflow=0)
    start = threading.Barrier(len(steps))
    results: list[Any] = [None] * len(steps)

    def run(number: int, who: UUID | None, call: Callable[[Session], Any]) -> None:
        try:
            with database.transaction() as session:
                if who is not None:
                    acting_as = "staff" if who in staff else "member"
                    session.execute(WHO, {"user_id": str(who), "acting_as": acting_as})
                else:
                    session.execute(text("SELECT 1"))
                start.wait(60)
                results[number] = call(session)
        except Exception as exc:
            results[number] = exc

    threads = [threading.Thread(target=run, args=(number, *step)) for number, step in enumerate(steps)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
    finally:
        with suppress(Exception):
            start.abort()
        database.dispose()
    return results


def calls_at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls in threads that start together; a result is what came back or what was raised."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[number] = call()
        except Exception as exc:
            results[number] = exc

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results
