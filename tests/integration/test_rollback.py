"""Going back to earlier migrations with data in the tables: every step works, and what lies below it stays."""

from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.types.json import Jsonb

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


def test_outcomes_say_the_same_in_the_long_form_and_back(migrator: Migrator, filled: str) -> None:
    kept = "SELECT id, outcome FROM engagement.activities ORDER BY owner_id, id"
    with psycopg.connect(filled) as connection:
        [[owner_id, program, code, version, rule_id]] = connection.execute(
            "SELECT a.owner_id, r.program, r.code, r.version, r.id"
            " FROM engagement.activities AS a, engagement.rules AS r"
            " WHERE r.status = 'active' ORDER BY 1, 2, 3 LIMIT 1"
        ).fetchall()
        short = {
            "awards": [
                [f"{program}.{code}", version, "POINT", 5, ["01900000-0000-7000-8000-000000000001"], {"capped": "day"}],
                [f"{program}.{code}", version, "POINT", 7, []],
            ],
            "not_awarded": ["x.a", ["x.b", "day_cap"], ["x.c.d", "act_cap", {"cap_minor": 3}]],
            "counters": {"x.b": 1},
        }
        connection.execute(
            "INSERT INTO engagement.activities (owner_id, id, program, kind, happened_at, recorded_at, idempotency_key,"
            " key, source, properties, outcome)"
            " VALUES (%s, uuidv7(), 'x', 'x.b', now(), now(), uuidv7(), 'k', 's', '{}', %s)",
            (owner_id, Jsonb(short)),
        )
        before = connection.execute(kept).fetchall()
    migrator.downgrade("0014_room_for_updates")
    with psycopg.connect(filled) as connection:
        long = connection.execute("SELECT outcome FROM engagement.activities WHERE key = 'k'").fetchall()[0][0]
    rule = {"program": program, "rule": code, "rule_id": str(rule_id), "version": version, "unit": "POINT"}
    assert long == {
        "awards": [
            {**rule, "amount_minor": 5, "transfers": ["01900000-0000-7000-8000-000000000001"], "capped": "day"},
            {**rule, "amount_minor": 7, "transfers": []},
        ],
        "not_awarded": [
            {"program": "x", "rule": "a", "reason": "condition"},
            {"program": "x", "rule": "b", "reason": "day_cap"},
            {"program": "x", "rule": "c.d", "reason": "act_cap", "params": {"cap_minor": 3}},
        ],
        "counters": {"x.b": 1},
    }
    migrator.upgrade()
    with psycopg.connect(filled) as connection:
        assert connection.execute(kept).fetchall() == before
