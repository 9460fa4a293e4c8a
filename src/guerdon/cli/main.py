"""The command's entry point."""

import errno
import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from guerdon import boot
from guerdon.cli import db, engagement, ledger, parts, reference, retention, settings_table, up, users
from guerdon.cli.console import show_error
from guerdon.core.errors import GuerdonError
from guerdon.db.errors import DatabaseGaveUpError, NotMigratedError
from guerdon.kernel.commands import OutputBrokenError, prepare_with

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Guerdon records what members do, decides what it is worth, and moves the value on a ledger.",
)
app.command()(up.up)
app.command()(parts.web)
app.command()(parts.worker)
app.add_typer(db.app, name="db")
app.add_typer(users.app, name="users")
app.add_typer(ledger.app, name="ledger")
app.add_typer(engagement.app, name="engagement")
app.command("settings")(settings_table.settings)
app.command()(retention.retention)
prepare_with(boot.prepare)
for _program, _commands in boot.commands().items():
    app.add_typer(_commands, name=_program)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("guerdon"))


@app.command()
def docs(directory: Annotated[Path, typer.Option(help="Where to write them.")] = Path("docs/reference")) -> None:
    """Write the reference pages that come from the code."""
    for file in reference.write(directory, app):
        typer.echo(f"Wrote {file}")


def _drop_output() -> None:
    """Leave what could not be written unwritten, instead of trying again at the end and failing then."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command; errors that are meant for people are shown as such and end it with status 1."""
    try:
        app()
    except OSError as exc:
        if exc.errno not in _NO_ROOM:
            raise
        show_error(OutputBrokenError(problem=os.strerror(exc.errno)))
        _drop_output()
        sys.exit(1)
    except GuerdonError as exc:
        show_error(exc)
        sys.exit(1)
    except DBAPIError as exc:
        told = _of_database(exc)
        if told is None:
            raise
        show_error(told)
        sys.exit(1)


def _of_database(exc: DBAPIError) -> GuerdonError | None:
    """What the database said, for people; None where it is a fault of the command."""
    problem = str(exc.orig).partition("\n")[0]
    if isinstance(exc.orig, pg.UndefinedTable | pg.UndefinedColumn | pg.UndefinedFunction | pg.InvalidSchemaName):
        return NotMigratedError(problem=problem)
    return DatabaseGaveUpError(problem=problem) if isinstance(exc.orig, psycopg.OperationalError) else None
