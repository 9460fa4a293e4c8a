"""What repeatable files make goes before they are laid, so that the form of it can change.

PostgreSQL lets nothing replace a view with other columns, nor a function with another result; and one with other
parameters would stand beside the former.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy import Connection, text

_MADE = re.compile(r"^CREATE OR REPLACE (?:FUNCTION|PROCEDURE|AGGREGATE) ([a-z_0-9]+\.[a-z_0-9]+)", re.MULTILINE)

_VIEWS = text("SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = ANY(:schemas)")
# What triggers, policies, constraints and the like call stays as it is until its file replaces it, and so does what
# that calls in turn. One statement drops the others, which may need each other.
_FUNCTIONS = text(
    """
    WITH RECURSIVE made AS (
        SELECT f.oid FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE n.nspname || '.' || f.proname = ANY(:names)
    ), calls AS (
        SELECT d.refobjid AS called, CASE WHEN d.classid = d.refclassid THEN d.objid END AS caller
        FROM pg_depend AS d
        WHERE d.refclassid = CAST('pg_proc' AS regclass) AND d.refobjid IN (SELECT oid FROM made)
    ), needed(oid) AS (
        SELECT called FROM calls WHERE caller IS NULL OR caller NOT IN (SELECT oid FROM made)
        UNION
        SELECT c.called FROM needed AS n JOIN calls AS c ON c.caller = n.oid
    )
    SELECT string_agg(CAST(CAST(oid AS regprocedure) AS text), ', ') FROM made WHERE oid NOT IN (SELECT oid FROM needed)
    """
)


def drop_views(connection: Connection, schemas: Collection[str]) -> None:
    """Drop every view of some schemas, and what others have built on it."""
    for view in connection.execute(_VIEWS, {"schemas": list(schemas)}).scalars().all():
        connection.execute(text(f"DROP VIEW IF EXISTS {view} CASCADE"))


def drop_functions(connection: Connection, files: Iterable[Path]) -> None:
    """Drop the functions, procedures and aggregates that files make, but for those that something else needs."""
    names = {name for file in files for name in _MADE.findall(file.read_text(encoding="utf-8"))}
    found = connection.execute(_FUNCTIONS, {"names": sorted(names)}).scalar_one()
    if found:
        connection.execute(text(f"DROP ROUTINE {found}"))
