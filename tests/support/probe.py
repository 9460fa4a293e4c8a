"""A row of somebody's in any table, made from what the catalogue says of its columns."""

from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

_COLUMNS = """
    SELECT a.attname, t.typname, t.typcategory, a.attname = ANY (%(names)s) OR EXISTS (
            SELECT FROM pg_constraint AS k
            WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)
                AND k.confrelid = 'identity.users'::regclass)
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        AND (a.attname = ANY (%(names)s) OR a.attnotnull AND NOT a.atthasdef AND a.attidentity = '')
"""
_CHECKS = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
_OF_CATEGORY = {"B": "false", "N": "1", "D": "2026-03-02", "A": "{}", "I": "203.0.113.7", "S": "x"}
_OF_TYPE = {"bytea": b"x", "jsonb": "{}", "uuid": UUID("00000000-0000-7000-8000-000000000001")}


def plant(superuser_dsn: str, table: str, owner_id: UUID, names_of_owners: list[str]) -> None:
    """Put a row of the owner's into a table, past its triggers, foreign keys and checks: a row to be looked at.

    The table loses its checks over it, so this is for a database that is thrown away.
    """
    with psycopg.connect(superuser_dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        name = sql.Identifier(*table.split("."))
        for (check,) in connection.execute(_CHECKS, [table]).fetchall():
            connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(name, sql.Identifier(check)))
        values: dict[str, Any] = {}
        for column, kind, category, owned in connection.execute(_COLUMNS, {"table": table, "names": names_of_owners}):
            of_owner = owned and kind == "uuid"
            values[column] = owner_id if of_owner else _OF_TYPE.get(kind, _OF_CATEGORY.get(category))
        connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                name,
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Literal(each) for each in values.values()),
            )
        )
