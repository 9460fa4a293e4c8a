"""Row-level security: another member's connection reaches nobody's rows, whatever statement it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.service import addresses, consents, erasures, exports, profiles, verifications
from guerdon.programs.credits.service import photos, submitting
from support.credits import item
from support.family import ADULT, MINOR, Family, picture

OWNED = (
    "identity.user_sessions",
    "identity.profiles",
    "identity.avatars",
    "identity.user_addresses",
    "identity.guardianships",
    "identity.verifications",
    "identity.verification_documents",
    "identity.exports",
    "identity.export_files",
    "identity.erasures",
    "identity.consents",
    "credits.contributions",
    "credits.contributions_archive",
    "credits.photos",
)
NOT_KEPT = {
    "identity.users": "names are read everywhere; who sees what of a person is decided by profiles",
    "identity.credentials": "its hash cannot be read at all, only asked for one account at a time",
}


@contextmanager
def acting(dsn: str, user_id: UUID | None, acting_as: str = "member") -> Iterator["psycopg.Connection[Any]"]:
    """A connection of the application's role as a request has it."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT set_config('guerdon.user_id', %s, true)", [str(user_id or "")])
        connection.execute("SELECT set_config('guerdon.acting_as', %s, true)", [acting_as])
        yield connection
        connection.rollback()


def count(connection: "psycopg.Connection[Any]", table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def awa(family: Family) -> UUID:
    """A member with a row in every table."""
    user_id = family.member("awa", MINOR)
    guardian = family.member("fatou", ADULT)
    clock, do = family.clock, family.do
    do(profiles.set_avatar, clock, user_id, picture())
    do(addresses.add, clock, user_id, addresses.AddressGiven(city="Dakar"))
    family.ward(user_id, "fatou", guardian)
    proof = verifications.Proof("passport", "SEN", "A012345", picture())
    do(verifications.submit, clock, encryption.ring(), user_id, proof)
    do(consents.answer, clock, user_id, purpose="research", version="2026-01", granted=True, source="page")
    export = do(exports.request, clock, user_id)
    do(erasures.request, clock, user_id)
    given = do(submitting.submit, clock, user_id, item())
    do(photos.add, user_id, given.id, [picture()])
    family.sql(
        "INSERT INTO identity.export_files (export_id, user_id, content) VALUES (%s, %s, 'x')", export.id, user_id
    )
    family.sql(
        "INSERT INTO identity.user_sessions (user_id, token_hash, expires_at)"
        " VALUES (%s, 'hash', now() + interval '1 day')",
        user_id,
    )
    family.sql(
        "INSERT INTO credits.contributions_archive (user_id, type, value_json, status)"
        " SELECT user_id, type, value_json, 'rejected' FROM credits.contributions"
    )
    return user_id


def test_every_table_of_members_is_kept_or_says_why(family: Family) -> None:
    kept = {row[0] for row in family.sql("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity")}
    assert set(OWNED) <= kept
    owned = family.sql(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE a.attname = 'user_id' AND c.relkind = 'r' AND n.nspname IN ('identity', 'credits')"
    )
    assert {row[0] for row in owned} - kept - set(NOT_KEPT) == set()


@pytest.mark.parametrize("table", OWNED)
def test_another_member_reaches_nothing(family: Family, app_dsn: str, awa: UUID, table: str) -> None:
    stranger = family.member("badu", ADULT)
    before = family.sql(f"SELECT t::text FROM {table} AS t ORDER BY 1")
    assert before
    mine = 1 if table == "identity.profiles" else 0  # everybody has a profile
    with acting(app_dsn, stranger) as connection:
        assert count(connection, table) == mine
    writes = ["DELETE FROM {table}"]
    writes += [
        f"UPDATE {{table}} SET {column} = {column}"
        for (column,) in family.sql(
            "SELECT column_name FROM information_schema.column_privileges WHERE grantee = 'guerdon_app'"
            " AND privilege_type = 'UPDATE' AND table_schema || '.' || table_name = %s",
            table,
        )
    ]
    for statement in writes:
        with acting(app_dsn, stranger) as connection:
            try:
                done = connection.execute(statement.format(table=table).encode())
            except pg.InsufficientPrivilege:
                continue
            assert done.rowcount <= mine, statement
    with acting(app_dsn, awa) as connection:
        assert count(connection, table) == 1
    with acting(app_dsn, stranger, "staff") as connection:
        assert count(connection, table) == len(before)
    assert family.sql(f"SELECT t::text FROM {table} AS t ORDER BY 1") == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO identity.user_addresses (user_id, city) VALUES (%s, 'Dakar')",
        "INSERT INTO identity.consents SELECT uuidv7(), %s, 'research', '1', true, 'page'",
        "INSERT INTO identity.exports (user_id) VALUES (%s)",
        "INSERT INTO identity.erasures (user_id, due_at) VALUES (%s, now() + interval '1 day')",
        "INSERT INTO identity.user_sessions (user_id, token_hash, expires_at) VALUES (%s, 'h2', now() + '1 day')",
    ],
)
def test_nobody_writes_in_another_members_name(family: Family, app_dsn: str, statement: str) -> None:
    awa, badu = family.member("awa"), family.member("badu")
    before = family.rows()
    with acting(app_dsn, badu) as connection, pytest.raises(pg.InsufficientPrivilege, match="row-level security"):
        connection.execute(statement.encode(), [awa])
    assert family.rows() == before


@pytest.mark.parametrize("table", OWNED)
def test_a_connection_that_says_nothing_reaches_nothing(app_dsn: str, awa: UUID, table: str) -> None:
    with psycopg.connect(app_dsn) as connection:
        assert count(connection, table) == 0


def test_a_guardian_sees_the_bond_but_not_the_profile(family: Family, app_dsn: str, awa: UUID) -> None:
    (guardian,), *_ = family.sql("SELECT guardian_id FROM identity.guardianships")
    with acting(app_dsn, guardian) as connection:
        assert count(connection, "identity.guardianships") == 1
        assert count(connection, "identity.profiles") == 1
        assert count(connection, "identity.verifications") == 0


def test_summaries_look_through_their_readers_eyes(family: Family, app_dsn: str, awa: UUID) -> None:
    stranger = family.member("badu")
    with acting(app_dsn, stranger) as connection:
        assert count(connection, "credits.contribution_summary") == 0
    with acting(app_dsn, awa) as connection:
        assert count(connection, "credits.contribution_summary") == 1
