"""The queue's tables: Procrastinate's own migrations, run in a schema of ours."""

from pathlib import Path

from procrastinate.schema import SchemaManager

SCHEMA = "worker"
PROCRASTINATE_SCHEMA = "03.04.00"
"""The newest of Procrastinate's migrations that ours apply; a later one needs a revision of ours."""


def procrastinate_migrations(*, after: str = "", upto: str = PROCRASTINATE_SCHEMA) -> list[Path]:
    """Procrastinate's migration files of the versions ``after`` (exclusive) to ``upto`` (inclusive), in order."""
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    return [file for file in files if after < file.name.partition("_")[0] <= upto]


def schema_sql(*, after: str = "", upto: str = PROCRASTINATE_SCHEMA) -> str:
    """The SQL that makes the queue's tables, types and functions in the schema ``worker``, or brings them further.

    It is history, so it is put together from Procrastinate's numbered migrations, which never change, and not from
    its present schema. Run it as it is, with the driver's cursor: it holds many statements and bare % and : signs.

    Args:
        after: the version that the database has; empty for none.
        upto: the version that it shall have.
    """
    parts = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};", f"SET LOCAL search_path = {SCHEMA};"]
    parts += [file.read_text(encoding="utf-8") for file in procrastinate_migrations(after=after, upto=upto)]
    parts.append("SET LOCAL search_path TO DEFAULT;")
    return "\n".join(parts)


def drop_sql() -> str:
    """The SQL that undoes ``schema_sql``, waiting jobs included."""
    return f"DROP SCHEMA {SCHEMA} CASCADE;"
