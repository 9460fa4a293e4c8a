"""Row-level security: another member's connection reaches nobody's rows, whatever statement it runs.

Which tables are members' is read from the database itself, so that a new one is tried as soon as it exists: its package
gives the owner a row in ``security/expectations``, or the table is named below with a reason.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql
from sqlalchemy import text

from guerdon.http.transaction import as_staff, identify
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account, Posting
from support.databases import DatabaseFactory, on_database
from support.probe import plant
from support.world import World

NAMES_OF_OWNERS = ["user_id", "owner_id", "member_id", "minor_id", "guardian_id", "sponsor_id", "actor_user_id"]
NAMES_OF_OWNERS += ["blocker_id", "requester_id", "inviter_id"]
"""Columns that say whose a row is, where no foreign key does."""
ACTS = ["created_by", "approved_by", "reviewed_by", "decided_by", "id_verified_by"]
"""Columns that say who did something to a row, which does not make it theirs."""
NOT_OF_MEMBERS = {
    "engagement.campaigns": "its owner on the ledger is a budget, a part of the system; staff's routes alone reach it",
}
READ_BY_ALL = {
    "identity.users": "names stand beside what people did; only its owner changes an account, which is tried below",
}
WRITTEN_FOR_OTHERS = {
    "admin.audit_logs": "every act goes on record, in whose name it was done",
    "notifications.outbox": "what one member does is told to another",
}


@contextmanager
def acting(dsn: str, user_id: UUID | None, acting_as: str = "member") -> Iterator["psycopg.Connection[Any]"]:
    """A connection of the application's role as a request has it."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT set_config('guerdon.user_id', %s, true)", [str(user_id or "")])
        connection.execute("SELECT set_config('guerdon.acting_as', %s, true)", [acting_as])
        yield connection
        connection.rollback()


def tables_of_members(world: World) -> list[str]:
    """Tables with an owner's column, or a reference to an account or to another such table; accounts themselves."""
    rows = world.sql(
        """
        WITH RECURSIVE relations AS (
            SELECT c.oid, c.oid::regclass::text AS name
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'worker')
        ), keys AS (
            SELECT k.conrelid, k.confrelid FROM pg_constraint AS k
            JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
            WHERE k.contype = 'f' AND a.attname <> ALL (%s)
        ), members AS (
            SELECT oid FROM relations WHERE name IN ('identity.users', 'ledger.owners')
            UNION SELECT r.oid FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
                WHERE a.attname = ANY (%s) AND NOT a.attisdropped
            UNION SELECT k.conrelid FROM members AS m JOIN keys AS k ON k.confrelid = m.oid
        )
        SELECT r.name FROM relations AS r JOIN members USING (oid) ORDER BY 1
        """,
        ACTS,
        NAMES_OF_OWNERS,
    )
    return [name for (name,) in rows if name not in NOT_OF_MEMBERS]


def columns(world: World, table: str, privilege: str) -> list[str]:
    """The columns for which the application's role has a privilege."""
    rows = world.sql(
        "SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = %s::regclass AND a.attnum > 0"
        " AND NOT a.attisdropped AND (a.attgenerated = '' OR %s = 'SELECT')"
        " AND has_column_privilege('guerdon_app', a.attrelid, a.attnum, %s) ORDER BY a.attnum",
        table,
        privilege,
        privilege,
    )
    return [name for (name,) in rows]


def rows_of(connection: "psycopg.Connection[Any]", table: str, names: list[str]) -> set[str]:
    """What a connection sees of a table, row by row."""
    if not names:
        return set()
    query = sql.SQL("SELECT ROW({})::text FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(*table.split("."))
    )
    return {row[0] for row in connection.execute(query)}


def count(connection: "psycopg.Connection[Any]", relation: str) -> int:
    """How many rows a connection sees."""
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*relation.split(".")))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def written(dsn: str, user_id: UUID, statement: sql.Composed, params: Any = None) -> int:
    """How many rows a member's statement would have written; 0 where it is refused."""
    with acting(dsn, user_id) as connection:
        try:
            return connection.execute(statement, params).rowcount
        except pg.InsufficientPrivilege:
            return 0


@pytest.fixture
def world(world: World, database_factory: DatabaseFactory) -> World:
    """The world, with a row of the owner's where no package gave one."""
    superuser_dsn = database_factory.server.superuser_dsn
    name = urlsplit(world.owner_dsn).path.removeprefix("/")
    for table in tables_of_members(world):
        if not world.sql(f"SELECT 1 FROM {table} LIMIT 1"):
            plant(on_database(superuser_dsn, name), table, world.owner, NAMES_OF_OWNERS)
    return world


def test_every_table_of_members_has_a_row_to_be_tried_with(world: World) -> None:
    found = tables_of_members(world)
    assert len(found) > 50
    assert [table for table in found if not world.sql(f"SELECT 1 FROM {table} LIMIT 1")] == []
    assert {*READ_BY_ALL, *WRITTEN_FOR_OTHERS} <= set(found)


def test_another_member_reads_nothing(world: World) -> None:
    before = {}
    for table in tables_of_members(world):
        names = columns(world, table, "SELECT")
        with psycopg.connect(world.owner_dsn) as connection:
            before[table] = names, rows_of(connection, table, names)
    stranger = world.person("stranger")
    seen = []
    for table, (names, rows) in before.items():
        with acting(world.app_dsn, stranger) as connection:
            if table not in READ_BY_ALL and rows_of(connection, table, names) & rows:
                seen.append(table)
        with acting(world.app_dsn, stranger, "staff") as connection:
            assert rows_of(connection, table, names) >= rows, table
    assert seen == []


def test_their_owner_reads_them(world: World) -> None:
    """The other half of the test above: it is the owner whom the policies let through, and not nobody."""
    unseen = []
    for table in tables_of_members(world):
        names = columns(world, table, "SELECT")
        with acting(world.app_dsn, world.owner) as connection:
            if names and not rows_of(connection, table, names):
                unseen.append(table)
    assert unseen == []


def test_another_member_changes_and_removes_nothing(world: World) -> None:
    before = {table: world.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables_of_members(world)}
    stranger = world.person("stranger")
    tried = 0
    for table, others in before.items():
        name = sql.Identifier(*table.split("."))
        own = world.sql(f"SELECT count(*) FROM {table}")[0][0] - others
        for column in columns(world, table, "UPDATE"):
            update = sql.SQL("UPDATE {0} SET {1} = {1}").format(name, sql.Identifier(column))
            tried += 1
            assert written(world.app_dsn, stranger, update) <= own, f"{table}.{column}"
        assert written(world.app_dsn, stranger, sql.SQL("DELETE FROM {}").format(name)) <= own, table
    assert tried > 40


def test_nobody_writes_in_another_members_name(world: World) -> None:
    stranger = world.person("stranger")
    for table in tables_of_members(world):
        if table in WRITTEN_FOR_OTHERS or not columns(world, table, "INSERT"):
            continue
        name = sql.Identifier(*table.split("."))
        [[document]] = world.sql(f"SELECT to_jsonb(t) FROM {table} AS t LIMIT 1")
        given = sql.SQL(", ").join(map(sql.Identifier, columns(world, table, "INSERT")))
        insert = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM jsonb_populate_record(NULL::{0}, %s)").format(
            name, given
        )
        with acting(world.app_dsn, stranger) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(insert, [json.dumps(document)])
        with acting(world.app_dsn, stranger, "staff") as connection, pytest.raises(psycopg.Error) as refused:
            connection.execute(insert, [json.dumps(document)])
        # Staff are let through as far as the row's key, which is taken.
        assert "row-level security" not in str(refused.value), table


def test_a_connection_that_says_nothing_reaches_nothing(world: World) -> None:
    for table in tables_of_members(world):
        with psycopg.connect(world.app_dsn) as connection:
            names = columns(world, table, "SELECT")
            assert table in READ_BY_ALL or not rows_of(connection, table, names), table


@pytest.mark.parametrize(
    "view", ["ledger.entries", "credits.credit_balances", "credits.credit_transactions", "credits.contribution_summary"]
)
def test_views_look_through_their_readers_eyes(world: World, view: str) -> None:
    stranger = world.person("stranger")
    with acting(world.app_dsn, stranger) as connection:
        assert count(connection, view) == 0
    with acting(world.app_dsn, world.owner) as connection:
        assert count(connection, view) > 0
    with acting(world.app_dsn, stranger, "staff") as connection:
        assert count(connection, view) > 0


def test_a_members_views_hold_that_member_alone(world: World) -> None:
    with acting(world.app_dsn, world.owner) as connection:
        found = connection.execute("SELECT DISTINCT user_id FROM credits.credit_balances").fetchall()
        assert found == [(world.owner,)]
        own = connection.execute(
            "SELECT count(*) FROM credits.user_credit_summary WHERE total_contributions > 0 OR credit_balance <> 0"
        ).fetchall()
        assert own == [(1,)]


def test_balances_and_statements_are_read_by_index(world: World) -> None:
    """A policy must not turn a member's page into a look at everybody's rows."""
    conditions = {
        "ledger.transfers": "owner_id = %s AND id < uuidv7()",
        "ledger.accounts": "owner_id = %s",
        "ledger.holds": "owner_id = %s AND id = %s",
        "credits.contributions": "user_id = %s",
        "identity.user_sessions": "user_id = %s",
    }
    with acting(world.app_dsn, world.owner) as connection:
        connection.execute("SET enable_seqscan = off")
        for table, condition in conditions.items():
            query = f"EXPLAIN SELECT * FROM {table} WHERE {condition}"
            plan = [row[0] for row in connection.execute(query.encode(), [world.owner] * condition.count("%s"))]
            found = [line for line in plan if "Index Cond" in line]
            assert any("_id = " in line for line in found), f"{table}: {plan}"


def test_the_door_is_not_bound_by_policies(world: World) -> None:
    """A member gives to another: the other's account is written, though the giver could not read it."""
    giver, other = world.owner, world.people["other"]
    gift = Posting(Account(giver, "CREDIT"), Account(other, "CREDIT"), 50, "gift", "gift to the other")
    with world.database.transaction() as session:
        session.execute(text("SELECT set_config('guerdon.acting_as', 'member', true)"))
        session.execute(text("SELECT set_config('guerdon.user_id', :id, true)"), {"id": str(giver)})
        ledger.post(session, gift, world.clock.now())
        assert ledger.balances(session, other, world.clock.now()) == []
    assert sum(each.balance_minor for each in world.do(ledger.balances, other, world.clock.now())) == 50


def test_a_guardian_sees_the_bond_but_not_the_profile(world: World) -> None:
    with acting(world.app_dsn, world.owner) as connection:
        assert count(connection, "identity.guardianships") == 2
        assert count(connection, "identity.profiles") == 1
    with acting(world.app_dsn, world.things["consented_child"]) as connection:
        assert count(connection, "identity.guardianships") == 1
        assert count(connection, "identity.verifications") == 0


def test_who_looked_as_staff_is_a_member_again_even_after_an_error(world: World) -> None:
    others = text("SELECT count(*) FROM ledger.accounts WHERE owner_id <> :me")
    with world.database.transaction() as session:
        me = {"me": world.people["other"]}
        session.execute(text("SELECT set_config('guerdon.acting_as', 'member', true)"))
        session.info.update(announced=True, acting_as="member")
        identify(session, me["me"])

        def look_and_fail() -> None:
            with as_staff(session):
                assert session.execute(others, me).scalar_one() > 0
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            look_and_fail()
        assert session.execute(others, me).scalar_one() == 0
