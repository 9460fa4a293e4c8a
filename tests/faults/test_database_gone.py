"""The database does not answer, or has no room: requests are told to come again, and are served once it is back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.embedded import EmbeddedServer
from guerdon.http import problems
from support.http_client import Client, is_problem

SIGN_IN = "/api/v1/identity/tokens"


@pytest.fixture
def shut(database_server: EmbeddedServer, database_name: str) -> Iterator[Callable[[bool], None]]:
    """Lets nobody into the test's database and sends out who is there, or lets them in again."""

    def shut_or_open(closed: bool) -> None:
        with psycopg.connect(database_server.superuser_dsn, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {database_name} ALLOW_CONNECTIONS {not closed}")  # type: ignore[arg-type]
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database_name]
            )

    yield shut_or_open
    shut_or_open(False)


def test_who_asks_meanwhile_is_told_to_come_again(
    app_dsn: str, clock: FixedClock, recorded: None, tmp_path: Path, shut: Callable[[bool], None]
) -> None:
    app = boot.create_app(Settings(data_dir=tmp_path, secret_key="s" * 40), Database(app_dsn), clock)
    api, nobody = Client(app), {"email": "nobody@example.org", "password": "a long password"}
    assert api.post(SIGN_IN, json=nobody).status_code == 401
    shut(True)
    for _ in range(3):  # also when no connection is left that could turn out to be broken
        is_problem(api.post(SIGN_IN, json=nobody), 503, "unavailable")
    shut(False)
    assert api.post(SIGN_IN, json=nobody).status_code == 401


@pytest.mark.parametrize(("sqlstate", "status"), [("53100", 503), ("53200", 503), ("57P01", 503), ("XX000", 500)])
def test_a_server_without_room_is_no_fault_of_the_request(database: Database, sqlstate: str, status: int) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def fail() -> None:
        with database.transaction() as session:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END $$"))

    assert Client(app).get("/").status_code == status
