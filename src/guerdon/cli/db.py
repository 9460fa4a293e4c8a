"""``guerdon db``: where the database is, its migrations, its backups, its reference."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from guerdon import boot
from guerdon.cli import backup
from guerdon.cli.console import note, out, show_table, step
from guerdon.cli.errors import EmbeddedOnlyError, StaleReferenceError
from guerdon.core.settings import load_settings
from guerdon.db.embedded import EmbeddedServer
from guerdon.db.location import locate, running_database
from guerdon.db.migrate import Migrator
from guerdon.db.schema_docs import render_reference

app = typer.Typer(no_args_is_help=True, help="The database: its address, migrations, backups and reference.")
app.command("backup")(backup.make)
app.command("backups")(backup.show)
app.command("check-backup")(backup.check)
app.command("restore")(backup.restore)

REFERENCE = Path("docs/reference/schema.md")


@app.command()
def url(
    as_app: Annotated[bool, typer.Option("--app", help="The application's role instead of the owner.")] = False,
) -> None:
    """Print the database's address, as psql takes it."""
    location = locate(load_settings())
    if location.server is not None and not location.server.running:
        note("The embedded database is not running; start it with: guerdon db start")
    typer.echo(location.app_psql_dsn if as_app else location.owner_dsn)


@app.command()
def start() -> None:
    """Start the embedded database and leave it running."""
    server = _embedded("start")
    started = server.start()
    out.print("The embedded database runs." if started else f"It runs already (process {server.pid}).")


@app.command()
def stop() -> None:
    """Stop the embedded database."""
    out.print("The embedded database is stopped." if _embedded("stop").stop() else "It was not running.")


@app.command()
def migrate(
    to: Annotated[str, typer.Option(help="Revision to go up to.")] = "heads",
) -> None:
    """Bring the database up to date."""
    with running_database(load_settings()) as location, step("Migrating …", "The database is up to date"):
        Migrator(location.owner_dsn, boot.modules()).upgrade(to)


@app.command()
def rollback(
    to: Annotated[
        str | None, typer.Option(help="Revision to go back to; 'base' removes everything. Default: one step.")
    ] = None,
) -> None:
    """Undo migrations; what they had made is lost."""
    with running_database(load_settings()) as location:
        migrator = Migrator(location.owner_dsn, boot.modules())
        target = to or _one_step_back(migrator)
        if target is None:
            out.print("There is nothing to roll back.")
            return
        with step("Rolling back …", "Rolled back"):
            migrator.downgrade(target)


def _one_step_back(migrator: Migrator) -> str | None:
    # Relative to a branch: with several programs, each a branch of its own, a bare "-1" does not say which.
    applied = [state for state in migrator.status() if state.applied]
    return f"{applied[-1].branch}@-1" if applied else None


@app.command()
def status() -> None:
    """List the migrations and which of them the database has."""
    with running_database(load_settings()) as location:
        states = Migrator(location.owner_dsn, boot.modules()).status()
    table = Table("Branch", "Revision", "What it does", "Applied", box=None, pad_edge=False)
    for state in states:
        table.add_row(state.branch, state.revision, state.title, "yes" if state.applied else "no")
    show_table(table)


@app.command()
def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the file is stale.")] = False,
    output: Annotated[Path, typer.Option(help="File to write.")] = REFERENCE,
) -> None:
    """Write the reference of all tables, with a diagram for each schema, from the models."""
    text = render_reference(boot.modules())
    if check:
        if not output.is_file() or output.read_text(encoding="utf-8") != text:
            raise StaleReferenceError(file=output)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    out.print(f"Wrote {output}")


def _embedded(action: str) -> EmbeddedServer:
    server = locate(load_settings()).server
    if server is None:
        raise EmbeddedOnlyError(action=action)
    return server
