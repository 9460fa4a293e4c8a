"""Going back to earlier migrations with data in the tables: every step works, and what lies below it stays."""

from urllib.parse import urlsplit

import psycopg
import pytest

from guerdon import boot
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.db.migrate import Migrator
from support.databases import DatabaseFactory, on_database

COUNTS = "SELECT (SELECT count(*) FROM identity.users), (SELECT count(*) FROM ledger.transfers)"


@pytest.fixture
def migrator(empty_owner_dsn: str) -> Migrator:
    """Of an empty database."""
    return Migrator(empty_owner_dsn, boot.modules())


@pytest.fixture
def filled(
    migrator: Migrator,
    empty_owner_dsn: str,
    database_factory: DatabaseFactory,
    tmp_path_factory: pytest.TempPathFactory,
    recorded: None,
) -> str:
    """The owner's DSN of a database with the demonstration in it."""
    migrator.upgrade()
    name = urlsplit(empty_owner_dsn).path.removeprefix("/")
    database = Database(on_database(database_factory.server.app_dsn, name))
    settings = Settings(data_dir=tmp_path_factory.mktemp("demo"), secret_key="s" * 40)
    assert boot.load_demo(settings, database, SystemClock())
    database.dispose()
    return empty_owner_dsn


def test_step_by_step_to_nothing_and_up_again(migrator: Migrator, filled: str) -> None:
    while applied := [state for state in migrator.status() if state.applied]:
        migrator.downgrade(f"{applied[-1].branch}@-1")
        assert sum(state.applied for state in migrator.status()) == len(applied) - 1
    migrator.upgrade()
    assert not migrator.pending()


def test_what_lies_below_stays(migrator: Migrator, filled: str) -> None:
    with psycopg.connect(filled) as connection:
        before = connection.execute(COUNTS).fetchone()
    assert before is not None
    assert min(before) > 0
    migrator.downgrade("0004_engagement")
    migrator.upgrade()
    with psycopg.connect(filled) as connection:
        assert connection.execute(COUNTS).fetchone() == before
