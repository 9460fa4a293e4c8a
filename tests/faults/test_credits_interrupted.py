"""What is interrupted half-way leaves nothing behind."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from guerdon.db.embedded import EmbeddedServer
from guerdon.programs.credits.service import archiving, importing, reviewing
from support.credits import Club, item

HEAD = "type,member_email,description,estimated_value\n"


@pytest.fixture
def old(club: Club) -> Club:
    """A club with 2,500 contributions that were rejected long ago."""
    awa = club.person("awa")
    club.sql(
        "INSERT INTO contributions (user_id, type, value_json, status, rejection_reason, created_at)"
        " SELECT %s, 'item_donation', jsonb_build_object('description', 'n' || n, 'estimated_value', n), 'rejected',"
        " 'no', '2020-01-01' FROM generate_series(1, 2500) AS n",
        [awa],
    )
    return club


@pytest.fixture
def cut(database_server: EmbeddedServer, database_name: str) -> Callable[[], Any]:
    """Cuts the application's connections to the test's database."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guerdon_app' AND datname = %s"

    def cut_now() -> None:
        with psycopg.connect(database_server.superuser_dsn) as connection:
            connection.execute(query, [database_name])

    return cut_now


def interrupted(club: Club, call: Callable[[], Any]) -> None:
    before = club.snapshot()
    with pytest.raises((DBAPIError, KeyboardInterrupt)):
        call()
    assert club.snapshot() == before


@pytest.mark.parametrize("how", ["Ctrl-C", "connection"])
def test_archiving(old: Club, cut: Callable[[], Any], how: str) -> None:
    told: list[int] = []

    def stop_after_two(moved: int) -> None:
        told.append(moved)
        if len(told) == 2:
            if how == "Ctrl-C":
                raise KeyboardInterrupt
            cut()

    interrupted(old, lambda: old.do(archiving.archive, old.clock.now() - archiving.KEEP, stop_after_two))
    assert told[:2] == [1000, 2000]
    told.clear()
    assert old.do(archiving.archive, old.clock.now() - archiving.KEEP, told.append) == 2500
    assert told == [1000, 2000, 2500]


@pytest.mark.parametrize("all_or_nothing", [True, False])
def test_importing(club: Club, cut: Callable[[], Any], all_or_nothing: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 5)
    club.person("awa")
    content = (HEAD + "".join(f"item_donation,awa@example.org,Tent {n},50\n" for n in range(20))).encode()

    def stop(done: int, rows: int) -> None:
        if done == 10:
            cut()

    def take_in(**options: Any) -> Any:
        return club.do(
            importing.import_csv, club.clock, content, actor_id=None, all_or_nothing=all_or_nothing, **options
        )

    interrupted(club, lambda: take_in(progress=stop))
    assert take_in().imported == 20


def test_approving(club: Club, cut: Callable[[], Any]) -> None:
    awa, zoe = club.person("awa"), club.person("zoe", "staff")
    contribution_id: UUID = club.submit(awa, item())

    def approve_and_die() -> None:
        with club.database.transaction() as session:
            reviewing.approve(session, club.clock, zoe, contribution_id)
            cut()

    interrupted(club, approve_and_die)
    club.clock.move(timedelta(minutes=1))
    club.approve(zoe, contribution_id)
    assert club.balance(awa) == 5
