"""The application's role goes through the door or nowhere; and nobody at all changes a transfer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors as pg

from guerdon.kernel.ledger import service
from support.ledger import TABLES, Ledger


@pytest.fixture
def lived(ledger: Ledger) -> Ledger:
    owner = ledger.member()
    ledger.award(owner, 100)
    ledger.hold(owner, 10)
    ledger.do(service.fold_system_balances)
    ledger.award(owner, 1)
    return ledger


@pytest.fixture
def as_app(lived: Ledger, app_dsn: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    with psycopg.connect(app_dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("table", TABLES)
def test_the_application_changes_no_table_directly(lived: Ledger, as_app, table: str):
    before = lived.snapshot()
    column = as_app.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 2", (f"ledger.{table}",)
    ).fetchone()[0]
    for statement in (
        f"INSERT INTO ledger.{table} ({column}) SELECT {column} FROM ledger.{table}",
        f"INSERT INTO ledger.{table} DEFAULT VALUES",
        f"UPDATE ledger.{table} SET {column} = {column}",
        f"DELETE FROM ledger.{table}",
        f"TRUNCATE ledger.{table} CASCADE",
        f"ALTER TABLE ledger.{table} ADD COLUMN planted integer",
        f"ALTER TABLE ledger.{table} DISABLE TRIGGER ALL",
        f"ALTER TABLE ledger.{table} OWNER TO guerdon_app",
        f"DROP TABLE ledger.{table} CASCADE",
        f"CREATE INDEX ON ledger.{table} ({column})",
        f"CREATE RULE planted AS ON INSERT TO ledger.{table} DO INSTEAD NOTHING",
        f"COPY ledger.{table} FROM PROGRAM 'true'",
        f"SELECT FROM ledger.{table} FOR UPDATE",
    ):
        with pytest.raises(pg.InsufficientPrivilege):
            as_app.execute(statement)
    assert lived.snapshot() == before


OPEN_TO_THE_APPLICATION = {
    *(
        "unit_id",
        "transfer_kind_id",
        "reference_type_id",
        "idempotency_uuid",
        "post",
        "post_one",
        "post_whole",
        "settle_due",
    ),
    *("fold_system_balances", "owner_balances", "balance_at", "open_member", "open_system_owner", "set_floor"),
    *("settle_owner", "close_owner"),
    *("verify_conservation", "verify_balances", "verify_running_balances", "verify_floors", "verify_holds"),
    *("verify_references", "verify_reversals", "verify_system_accounts"),
}


def test_only_the_door_is_open(as_app):
    rows = as_app.execute(
        "SELECT proname, has_function_privilege('guerdon_app', oid, 'EXECUTE') FROM pg_proc"
        " WHERE pronamespace = 'ledger'::regnamespace"
    ).fetchall()
    assert {name for name, allowed in rows if allowed} == OPEN_TO_THE_APPLICATION
    assert len([name for name, allowed in rows if not allowed]) > 15


@pytest.mark.parametrize(
    "call",
    [
        "ledger.post_judged('{}'::ledger.posting[], now(), true, true)",
        "ledger.post_general(NULL, now(), false, false)",
        "ledger.write_transfers('{}'::ledger.posting[], now(), '{}', '{}', '{}', '{}', false)",
        "ledger.write_holds('{}'::ledger.posting[], now(), '{}', '{}')",
        "ledger.settle_holds('{}'::ledger.holds[], now())",
        "ledger.register_unit('PLANTED', 0::smallint, 'points', '')",
        "ledger.register_transfer_kind('planted', 0::smallint)",
        "ledger.register_system_account('planted')",
        "ledger.register_reference_type('planted')",
        "ledger.open_missing('{}'::ledger.posting[])",
        "ledger.lock_accounts('{}'::ledger.posting[])",
    ],
)
def test_inner_functions_are_closed(lived: Ledger, as_app, call: str):
    before = lived.snapshot()
    with pytest.raises(pg.InsufficientPrivilege):
        as_app.execute(f"SELECT {call}")
    assert lived.snapshot() == before


def test_the_application_cannot_step_around_the_trigger(lived: Ledger, as_app):
    for statement in (
        "SET session_replication_role = replica",
        "SET ROLE guerdon_owner",
        "SET SESSION AUTHORIZATION guerdon_owner",
        "CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "DROP TRIGGER transfers_are_immutable ON ledger.transfers",
        "DROP SCHEMA ledger CASCADE",
        "CREATE TABLE ledger.planted ()",
        "CREATE TYPE ledger.planted AS (a integer)",
    ):
        with pytest.raises(pg.InsufficientPrivilege):
            as_app.execute(statement)


def test_a_temporary_function_of_the_caller_is_not_what_the_door_calls(lived: Ledger, as_app):
    row = as_app.execute(
        "SELECT bool_and('search_path=pg_catalog, pg_temp' = ANY (proconfig)) FROM pg_proc"
        " WHERE pronamespace = 'ledger'::regnamespace AND prosecdef"
    ).fetchone()
    assert row == (True,)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.transfers SET amount = amount + 1",
        "UPDATE ledger.transfers SET amount = amount + 1 WHERE false",
        "DELETE FROM ledger.transfers",
        "TRUNCATE ledger.transfers",
    ],
)
def test_not_even_the_owner_changes_transfers(lived: Ledger, statement: str):
    before = lived.snapshot()
    with psycopg.connect(lived.owner_dsn) as connection, pytest.raises(pg.RestrictViolation):
        connection.execute(statement)
    assert lived.snapshot() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.accounts SET owner_id = uuidv7()",
        "UPDATE ledger.accounts SET unit_id = 999",
        "UPDATE ledger.accounts SET pocket = 9 WHERE pocket = 1",
        "INSERT INTO ledger.accounts (owner_id, unit_id, pocket) SELECT uuidv7(), min(id), 1 FROM ledger.units",
        "DELETE FROM ledger.owners",
        "DELETE FROM ledger.units",
        "DELETE FROM ledger.pockets",
        "UPDATE ledger.pockets SET id = id + 50 WHERE id = 1",
    ],
)
def test_not_even_the_owner_leaves_accounts_of_nobody(lived: Ledger, statement: str):
    before = lived.snapshot()
    with psycopg.connect(lived.owner_dsn) as connection, pytest.raises(pg.ForeignKeyViolation):
        connection.execute(statement)
    assert lived.snapshot() == before
    assert lived.faults() == []


def test_an_account_and_the_end_of_its_owner_wait_for_each_other(lived: Ledger):
    with psycopg.connect(lived.owner_dsn) as opening, psycopg.connect(lived.owner_dsn) as ending:
        made = opening.execute("INSERT INTO ledger.owners (kind) VALUES ('member') RETURNING id").fetchone()
        opening.commit()
        query = "INSERT INTO ledger.accounts (owner_id, unit_id, pocket) SELECT %s, min(id), 1 FROM ledger.units"
        opening.execute(query, made)
        with ThreadPoolExecutor(1) as beside:
            refused = beside.submit(ending.execute, "DELETE FROM ledger.owners WHERE id = %s", made)
            with pytest.raises(TimeoutError):
                refused.result(timeout=0.3)
            opening.commit()
            with pytest.raises(pg.ForeignKeyViolation):
                refused.result(timeout=10)
    assert lived.faults() == []
