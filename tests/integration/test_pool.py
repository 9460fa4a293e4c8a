"""Connections that lie in the pool: taken as they are while they live, and replaced when they have ended."""

from typing import Any

import pytest
from sqlalchemy import text

from guerdon.db import database as module
from guerdon.db.database import Database


def backend(database: Database) -> int:
    with database.transaction() as session:
        found: int = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return found


@pytest.fixture
def pings(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Connections that were asked whether they answer."""
    asked: list[Any] = []
    ping = database.engine.dialect.do_ping

    def ask(connection: Any) -> bool:
        asked.append(connection)
        return ping(connection)

    monkeypatch.setattr(database.engine.dialect, "do_ping", ask)
    return asked


def test_one_that_was_just_used_is_taken_without_a_question(database: Database, pings: list[Any]) -> None:
    assert backend(database) == backend(database) == backend(database)
    assert pings == []


def test_one_that_lay_for_long_is_asked(database: Database, pings: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    first = backend(database)
    monkeypatch.setattr(module, "PING_AFTER_S", 0.0)
    assert backend(database) == first
    assert len(pings) == 1


def test_one_that_the_server_has_ended_is_replaced(database: Database) -> None:
    with database.transaction() as one, database.transaction() as other:
        ended = {session.execute(text("SELECT pg_backend_pid()")).scalar_one() for session in (one, other)}
    with database.aside() as session:
        for pid in ended:
            # With a time to wait, the function returns when the process is gone.
            assert session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}).scalar_one()
    assert not {backend(database), backend(database)} & ended
