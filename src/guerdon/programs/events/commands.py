"""``guerdon events``: bringing in a community from another system."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from guerdon.core.clock import SystemClock
from guerdon.core.settings import load_settings
from guerdon.kernel.commands import working_database
from guerdon.programs.events.evening_errors import NothingToImportError
from guerdon.programs.events.service.importing import TABLES, Report, import_tables

app = typer.Typer(no_args_is_help=True, help="Events: bringing in a community from another system.")

FAULTS_SHOWN = 50


@app.callback()
def events() -> None:
    """Keep the name of the one command."""


@app.command("import")
def take_in(
    directory: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, readable=True, help="With users.csv, events.csv and so on."),
    ],
    source: Annotated[str, typer.Option(help="Name of the system that it comes from.")] = "pine-time",
    currency: Annotated[str, typer.Option(help="Of the amounts that were paid (ISO 4217).")] = "USD",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, bring in nothing.")] = False,
) -> None:
    """Bring in members, events, payments, badges and points: all of it, or nothing if anything is wrong."""
    files = {table: path.read_bytes() for table in TABLES if (path := directory / f"{table}.csv").is_file()}
    if not files:
        raise NothingToImportError(directory=directory, files=", ".join(f"{table}.csv" for table in TABLES))
    with working_database("guerdon events") as database, _progress() as bar, database.transaction() as session:
        task = bar.add_task("", total=None)
        report = import_tables(
            session,
            SystemClock(),
            files,
            source=source,
            currency=currency,
            locale=load_settings().default_locale,
            dry_run=dry_run,
            progress=lambda what, done, rows: bar.update(task, description=what, completed=done, total=rows),
        )
    _show(report, dry_run=dry_run)
    if report.faults:
        raise typer.Exit(1)


def _show(report: Report, *, dry_run: bool) -> None:
    console = _err()
    if report.faults:
        table = Table("File", "Row", "Column", "Problem", box=None, pad_edge=False)
        for fault in report.faults[:FAULTS_SHOWN]:
            table.add_row(f"{fault.table}.csv", str(fault.row), fault.column, Text(fault.problem))
        console.print(table)
        console.print(f"{len(report.faults)} problems; nothing was imported.")
        return
    table = Table("Table", "Rows", "Would be new" if dry_run else "New", box=None, pad_edge=False)
    for name in TABLES:
        if name in report.read:
            table.add_row(name, str(report.read[name]), str(report.new[name]) if name != "badges" else "")
    console.print(table)
    for note in report.notes:
        console.print(Text(note, style="yellow"), soft_wrap=True)


def _err() -> Console:
    return Console(stderr=True, highlight=False)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_err(), transient=True)
