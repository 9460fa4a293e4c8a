"""Migrations: tables by Alembic, functions, triggers and views by repeatable SQL files.

A *module* is a package that owns tables: the kernel's packages and each program. A table is made and changed by
numbered revisions, which are history and never edited. Functions, triggers, grants and views are not history but
code, so they stand in ``<package>/sql/*.sql`` in their present form and are laid anew after each migration, in the
transaction that migrates. Views are dropped before, so that no revision is blocked by a view on its table.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.db import repeatable
from guerdon.db.database import sqlalchemy_url

HOME = Path(__file__).parent / "migrations"
VERSION_SCHEMA = "public"
MIGRATION_LOCK = 7_304_811_200_001
"""Advisory lock that lets one migration run at a time."""


class MigrationMissingError(GuerdonError):
    """A revision that was asked for is not among those that the code knows."""

    code = "unknown-revision"
    status = 404
    message = "There is no migration '{revision}'."
    remedy = "List the migrations with 'guerdon db status'."


class MigrationForeignError(GuerdonError):
    """The database has a revision that the code does not know."""

    code = "migration-foreign"
    status = 500
    message = (
        "The database has the migration '{revision}', which is not known here: a program is missing, or a newer Guerdon"
        " made it."
    )
    remedy = (
        "Install what it comes from. To take a program away, undo its migrations first, while it is installed:"
        " guerdon db rollback --to PROGRAM@base"
    )


class MigrationFailedError(GuerdonError):
    """PostgreSQL refused a migration, a file of functions and grants, or what a package puts in."""

    code = "migration-failed"
    status = 500
    message = "The migration failed, and nothing was changed: {problem}"
    remedy = "Correct what it names, then migrate again."


class MigrationBranchError(GuerdonError):
    """The migrations of a program do not stand on a branch of their own above the kernel's."""

    code = "migration-branch"
    status = 500
    message = "The first migration in {package} is not labelled '{branch}', or does not say what it depends on."
    remedy = 'Let it say: branch_labels = ("{branch}",) and depends_on = ("{kernel}",)'


@dataclass(frozen=True, slots=True)
class Module:
    """A package that owns a PostgreSQL schema, or has only something to put in.

    Attributes:
        package: dotted name; its ``models`` define the tables, its ``sql`` folder holds the repeatable files.
        schema: the PostgreSQL schema, dropped views and functions of which are laid anew. None for a package without
            tables, which is installed once the database has every revision.
        migrations: dotted name of the package with its revisions, if it has a branch of its own, labelled with the
            schema.
        install: puts in what the package cannot work without (codes, first rules); run after each migration, as the
            owner, in its transaction, so it must leave alone what is there already.
        since: the revision from which its SQL can be laid, where the schema is older than its tables.
        views_in: further schemas in which it lays views.
    """

    package: str
    schema: str | None
    migrations: str | None = None
    install: Callable[[Session], None] | None = None
    since: str | None = None
    views_in: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Where the package lies on disk."""
        module = importlib.import_module(self.package)
        if module.__file__ is None:
            raise ValueError(f"{self.package} has no directory")
        return Path(module.__file__).parent

    def sql_files(self) -> list[Path]:
        """The repeatable files in the order in which they are run: by name."""
        return sorted((self.directory / "sql").glob("*.sql"))

    def view_schemas(self) -> set[str]:
        """The schemas whose views it lays."""
        return {each for each in (self.schema, *self.views_in) if each is not None}


@dataclass(frozen=True, slots=True)
class RevisionState:
    """One migration and whether the database has it."""

    revision: str
    branch: str
    title: str
    applied: bool


class Migrator:
    """Brings a database to a revision.

    Args:
        owner_dsn: libpq URI of the role that owns the database.
        modules: every package with tables, kernel first, in the order in which their SQL may refer to each other.
    """

    def __init__(self, owner_dsn: str, modules: Iterable[Module]) -> None:
        self._dsn = owner_dsn
        self._modules = list(modules)

    def upgrade(self, revision: str = "heads") -> None:
        """Migrate up to ``revision`` and lay functions, triggers, grants and views anew, all or nothing."""
        with self._locked() as connection:
            self._clear(connection)
            self._alembic(connection, command.upgrade, revision)
            self._lay_sql(connection)

    def downgrade(self, revision: str) -> None:
        """Undo migrations down to ``revision`` (``base`` for an empty database, ``-1`` for one step)."""
        with self._locked() as connection:
            self._clear(connection)
            self._alembic(connection, command.downgrade, revision)
            if self._applied(connection):
                self._lay_sql(connection)
            else:  # nothing stays, so that a backup can be loaded
                connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_SCHEMA}.alembic_version"))

    def status(self) -> list[RevisionState]:
        """Every revision that the code knows, oldest first."""
        with self._connection() as connection:
            applied = self._applied(connection)
        return [
            RevisionState(
                script.revision,
                ", ".join(sorted(script.branch_labels)) or "kernel",
                (script.doc or "").splitlines()[0],
                script.revision in applied,
            )
            for script in reversed(list(_scripts(self._modules).walk_revisions()))
        ]

    def pending(self) -> bool:
        """Whether the database lacks a revision that the code knows."""
        return not all(state.applied for state in self.status())

    def _alembic(self, connection: Connection, action: Callable[[Config, str], None], revision: str) -> None:
        _check_branches(_scripts(self._modules), self._modules)
        self._applied(connection)  # which refuses what the code does not know
        config = _config(self._modules)
        config.attributes["connection"] = connection
        try:
            action(config, revision)
        except CommandError as exc:
            raise MigrationMissingError(revision=revision) from exc
        except DBAPIError as exc:
            raise MigrationFailedError(problem=str(exc.orig).strip()) from exc

    def _applied(self, connection: Connection) -> set[str]:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return _reached(_scripts(self._modules), context.get_current_heads())

    def _clear(self, connection: Connection) -> None:
        """Drop what the repeatable files make, as far as nothing that stays needs it."""
        repeatable.drop_views(connection, {each for module in self._modules for each in module.view_schemas()})
        repeatable.drop_functions(connection, (file for module in self._modules for file in module.sql_files()))

    def _lay_sql(self, connection: Connection) -> None:
        connection.execute(text(f"GRANT SELECT ON {VERSION_SCHEMA}.alembic_version TO PUBLIC"))
        schemas: set[str | None] = set(connection.execute(text("SELECT nspname FROM pg_namespace")).scalars())
        applied = self._applied(connection)
        scripts = _scripts(self._modules)
        branches = _branches(scripts, applied)
        # A program's SQL calls the kernel's as it is today, and may not find it in an older one.
        owned = {module.schema for module in self._modules if module.migrations}
        kernel = {each.revision for each in scripts.walk_revisions() if not owned & set(each.branch_labels)}
        if kernel <= applied:
            schemas.add(None)
        present = [
            module
            for module in self._modules
            if module.schema in schemas
            and (module.since is None or module.since in applied)
            # The kernel may have made the schema before the program has its tables.
            and (module.migrations is None or (kernel <= applied and module.schema in branches))
        ]
        for module in present:
            for file in module.sql_files():
                # The driver's own cursor: the files hold many statements and bare % and : signs.
                try:
                    connection.connection.cursor().execute(file.read_text(encoding="utf-8"))
                except psycopg.Error as exc:
                    raise MigrationFailedError(problem=f"{file}: {str(exc).strip()}") from exc
        for module in present:
            if module.install:
                _install(module, module.install, connection)

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        engine = create_engine(sqlalchemy_url(self._dsn), connect_args={"application_name": "guerdon migrate"})
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def _locked(self) -> Iterator[Connection]:
        with self._connection() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            yield connection


def _install(module: Module, install: Callable[[Session], None], connection: Connection) -> None:
    """Let a module put in what it cannot work without.

    Raises:
        MigrationFailedError: the database refuses it.
    """
    try:
        with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
            install(session)
    except DBAPIError as exc:
        raise MigrationFailedError(problem=f"{module.package}: {str(exc.orig).strip()}") from exc


class Expected:
    """The revisions that the code knows, read once, to be held against a database again and again.

    Args:
        modules: as for ``Migrator``.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self._scripts = _scripts(modules)
        self._all = {script.revision for script in self._scripts.walk_revisions()}

    def unknown(self, revisions: Iterable[str]) -> set[str]:
        """Those revisions that the code does not know."""
        return set(revisions) - self._all

    def present(self, session: Session) -> bool:
        """Whether the session's database has all of them; any role may ask."""
        heads = session.scalars(text(f"SELECT version_num FROM {VERSION_SCHEMA}.alembic_version")).all()  # noqa: S608
        return self._all <= _reached(self._scripts, heads)


def _reached(scripts: ScriptDirectory, heads: Sequence[str]) -> set[str]:
    """Everything that a database with these heads has, what they depend on included.

    Raises:
        MigrationForeignError: one of them is none that the code knows.
    """
    if not heads:
        return set()
    try:
        return {script.revision for script in scripts.iterate_revisions(tuple(heads), "base", implicit_base=True)}
    except ResolutionError as exc:
        raise MigrationForeignError(revision=exc.argument) from exc


def _check_branches(scripts: ScriptDirectory, modules: Iterable[Module]) -> None:
    """Hold the programs' migrations to branches of their own: without, their SQL would not be laid, and nobody told.

    Raises:
        MigrationBranchError: the first one of a program lacks its label, or comes before the kernel's.
    """
    every = list(scripts.walk_revisions())
    kernel = max(each.revision for each in every if Path(each.path).parent == HOME / "versions")
    first = {label: each for each in every if each.down_revision is None for label in each.branch_labels}
    for module in modules:
        if module.migrations and (module.schema not in first or not first[module.schema].dependencies):
            raise MigrationBranchError(package=module.migrations, branch=module.schema, kernel=kernel)


def _branches(scripts: ScriptDirectory, applied: set[str]) -> set[str]:
    """The labels of the branches of which a database has anything."""
    return {
        label for script in scripts.walk_revisions() if script.revision in applied for label in script.branch_labels
    }


def _scripts(modules: Iterable[Module]) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(modules))


def _config(modules: Iterable[Module]) -> Config:
    locations = [HOME / "versions"]
    for module in modules:
        if module.migrations:
            package = importlib.import_module(module.migrations)
            locations.append(Path(next(iter(package.__path__))))
    config = Config()
    config.set_main_option("script_location", str(HOME))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(place) for place in locations))
    return config
