"""What a program's own migrations have to be, and what its writer is told when they are not."""

import sys
from pathlib import Path

import psycopg
import pytest

from guerdon import boot
from guerdon.core.errors import GuerdonError
from guerdon.db.migrate import MigrationBranchError, MigrationFailedError, MigrationForeignError, Migrator, Module

FIRST = '''"""Sacks of flour."""

from alembic import op

revision = "mill_0001"
down_revision = None
branch_labels = ("mill",)
depends_on = ("0017_cheaper_closes",)


def upgrade() -> None:
    op.execute("CREATE SCHEMA mill")
    op.execute("CREATE TABLE mill.sacks (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES identity.users)")


def downgrade() -> None:
    op.execute("DROP SCHEMA mill CASCADE")
'''
SQL = """
CALL identity.keep_to_owner('mill.sacks', 'user_id = (SELECT identity.reader())');
GRANT USAGE ON SCHEMA mill TO guerdon_app;
GRANT SELECT, INSERT ON mill.sacks TO guerdon_app;
"""


def mill(place: Path, *, first: str = FIRST, sql: str = SQL) -> Module:
    """A program's package with one migration and one file of grants."""
    package = place / "mill"
    for folder in ("migrations", "sql"):
        (package / folder).mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "__init__.py").touch()
    (package / "migrations" / "mill_0001.py").write_text(first)
    (package / "sql" / "10_grants.sql").write_text(sql)
    return Module("mill", "mill", "mill.migrations")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Python finds the package of this test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("mill", "mill.migrations"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def applied(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        heads = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
        schemas = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'mill'").fetchone()
    return heads | ({"a schema"} if schemas and schemas[0] else set())


def test_they_come_and_go(place: Path, owner_dsn: str) -> None:
    before = applied(owner_dsn)
    migrator = Migrator(owner_dsn, [*boot.modules(), mill(place)])
    migrator.upgrade()
    assert applied(owner_dsn) - before == {"mill_0001", "a schema"}
    assert [state.branch for state in migrator.status() if state.revision == "mill_0001"] == ["mill"]
    with psycopg.connect(owner_dsn) as connection:
        told = connection.execute("SELECT has_table_privilege('guerdon_app', 'mill.sacks', 'INSERT')").fetchone()
    assert told == (True,)
    migrator.downgrade("mill@base")
    assert applied(owner_dsn) == before


def test_without_the_program_the_database_says_what_is_missing(place: Path, owner_dsn: str) -> None:
    Migrator(owner_dsn, [*boot.modules(), mill(place)]).upgrade()
    before = applied(owner_dsn)
    without = Migrator(owner_dsn, boot.modules())
    for ask in (without.upgrade, without.status, without.pending, lambda: without.downgrade("base")):
        with pytest.raises(MigrationForeignError, match="'mill_0001', which is not known here"):
            ask()
    assert applied(owner_dsn) == before


FORMERLY = """
CREATE OR REPLACE FUNCTION mill.weights(p_id uuid) RETURNS TABLE (grams integer) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE OR REPLACE FUNCTION mill.weight(p_id uuid) RETURNS integer LANGUAGE sql BEGIN ATOMIC
    SELECT grams FROM mill.weights(p_id);
END;
CREATE OR REPLACE FUNCTION mill.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER sacks_stay BEFORE DELETE ON mill.sacks FOR EACH ROW EXECUTE FUNCTION mill.refuse();
CREATE OR REPLACE VIEW mill.heavy AS SELECT id, mill.weight(id) AS grams FROM mill.sacks;
REVOKE ALL ON FUNCTION mill.weights(uuid) FROM PUBLIC;
"""
NOW = """
CREATE OR REPLACE FUNCTION mill.weights(p_id uuid, p_wet boolean)
    RETURNS TABLE (kilos integer, grams integer) LANGUAGE sql AS $$ SELECT 1, 2 $$;
CREATE OR REPLACE FUNCTION mill.weight(p_id uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT kilos FROM mill.weights(p_id, true)
$$;
CREATE OR REPLACE FUNCTION mill.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;
CREATE OR REPLACE TRIGGER sacks_stay BEFORE DELETE ON mill.sacks FOR EACH ROW EXECUTE FUNCTION mill.refuse();
CREATE OR REPLACE VIEW mill.heavy AS SELECT mill.weight(id) AS kilos FROM mill.sacks;
"""


def test_functions_and_views_take_another_form_with_another_version(place: Path, owner_dsn: str) -> None:
    module = mill(place, sql=FORMERLY)
    Migrator(owner_dsn, [*boot.modules(), module]).upgrade()
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("CREATE VIEW public.report AS SELECT mill.weight(id) AS grams FROM mill.sacks")
    [file] = module.sql_files()
    file.write_text(NOW)
    with pytest.raises(MigrationFailedError, match="cannot change return type"):  # what others built on it is theirs
        Migrator(owner_dsn, [*boot.modules(), module]).upgrade()
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("DROP VIEW public.report")
    for _ in range(2):
        Migrator(owner_dsn, [*boot.modules(), module]).upgrade()
    with psycopg.connect(owner_dsn) as connection:
        found = connection.execute(
            "SELECT CAST(oid AS regprocedure)::text, CAST(prorettype AS regtype)::text, proacl IS NULL FROM pg_proc"
            " WHERE pronamespace = 'mill'::regnamespace ORDER BY 1"
        ).fetchall()
        assert found == [
            ("mill.refuse()", "trigger", True),
            ("mill.weight(uuid)", "bigint", True),
            ("mill.weights(uuid,boolean)", "record", True),
        ]
        assert connection.execute("SELECT kilos FROM mill.heavy").fetchall() == []


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"first": FIRST.replace('("mill",)', "None")}, MigrationBranchError, "branch_labels = ("),
        ({"first": FIRST.replace('("0017_cheaper_closes",)', "None")}, MigrationBranchError, "depends_on = ("),
        (
            {"first": FIRST.replace('op.execute("CREATE SCHEMA mill")', "")},
            MigrationFailedError,
            '"mill" does not exist',
        ),
        (
            {"sql": SQL.replace("ON mill.sacks", "ON mill.sack")},
            MigrationFailedError,
            '10_grants.sql: relation "mill.sack"',
        ),
    ],
    ids=["no label", "nothing that it depends on", "no schema", "a grant on nothing"],
)
def test_what_is_wrong_is_named_and_nothing_changed(
    place: Path, owner_dsn: str, change: dict[str, str], error: type[GuerdonError], told: str
) -> None:
    before = applied(owner_dsn)
    with pytest.raises(error) as refused:
        Migrator(owner_dsn, [*boot.modules(), mill(place, **change)]).upgrade()
    assert told in f"{refused.value} {refused.value.remedy}"
    assert applied(owner_dsn) == before
