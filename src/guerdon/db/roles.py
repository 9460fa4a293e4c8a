"""The two roles: one owns and migrates, the other runs the application and owns nothing."""

import psycopg
from psycopg import errors as pg
from psycopg import sql

from guerdon.db.errors import AppRoleError, DatabaseUnreachableError

OWNER_ROLE = "guerdon_owner"
APP_ROLE = "guerdon_app"
DATABASE_NAME = "guerdon"


def create_embedded_roles(superuser_dsn: str, *, owner_password: str, app_password: str) -> None:
    """Create the roles and the database on the embedded server; where they stand already, set the passwords alone.

    The owner is no superuser and may not create roles: it owns its database, which is enough for schemas and for
    the trusted extensions that Guerdon uses. The application's role may connect; whatever else it may do, each
    package grants in its SQL.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, password in ((OWNER_ROLE, owner_password), (APP_ROLE, app_password)):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
            statement = "CREATE ROLE {} LOGIN PASSWORD {}" if found is None else "ALTER ROLE {} PASSWORD {}"
            connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE_NAME,)).fetchone()
        if found is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE_NAME), sql.Identifier(OWNER_ROLE))
            )
            close_to_others(connection, DATABASE_NAME)


def close_to_others(connection: "psycopg.Connection[tuple[object, ...]]", database: str) -> None:
    """Let nobody but its owner and the application connect to a database."""
    connection.execute(
        sql.SQL("REVOKE ALL ON DATABASE {0} FROM PUBLIC; GRANT CONNECT ON DATABASE {0} TO {1}").format(
            sql.Identifier(database), sql.Identifier(APP_ROLE)
        )
    )


def ensure_app_role(owner_dsn: str) -> None:
    """Make sure, on a server of the operator's own, that the application's role exists and the owner may take it on.

    Raises:
        AppRoleError: it does not exist and the owner may not create it, or exists and was made by another.
        DatabaseUnreachableError: nobody answers under the DSN.
    """
    try:
        with psycopg.connect(owner_dsn, autocommit=True) as connection:
            _ensure_app_role(connection)
    except psycopg.OperationalError as exc:
        raise DatabaseUnreachableError(problem=str(exc).strip()) from exc


def _ensure_app_role(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    row = connection.execute(
        "SELECT current_user, (SELECT pg_has_role(oid, 'SET') FROM pg_roles WHERE rolname = %s)", (APP_ROLE,)
    ).fetchone()
    owner, may_take_on = row if row else ("", None)
    try:
        if may_take_on is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(APP_ROLE)))
        if not may_take_on:
            connection.execute(
                sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE").format(sql.Identifier(APP_ROLE))
            )
    except pg.InsufficientPrivilege as exc:
        statements = f'GRANT {APP_ROLE} TO "{owner}";'
        if may_take_on is None:
            statements = f"CREATE ROLE {APP_ROLE} NOLOGIN; {statements}"
        problem = exc.diag.message_primary or str(exc)
        raise AppRoleError(role=APP_ROLE, owner=owner, problem=problem, statements=statements) from exc
