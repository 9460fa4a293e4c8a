"""The command's entry point."""

import sys
from importlib.metadata import version as installed_version

import typer

from guerdon.cli import db, parts, settings_table, up, users
from guerdon.cli.console import show_error
from guerdon.core.errors import GuerdonError

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
app.command("settings")(settings_table.settings)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("guerdon"))


def main() -> None:
    """Run the command; errors that are meant for people are shown as such and end it with status 1."""
    try:
        app()
    except GuerdonError as exc:
        show_error(exc)
        sys.exit(1)
