"""``guerdon credits``: archiving, importing and exporting at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from guerdon.core.clock import SystemClock
from guerdon.kernel.commands import export_target, working_database
from guerdon.programs.credits.models import ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import Filters
from guerdon.programs.credits.service import archiving, exporting
from guerdon.programs.credits.service.import_file import Encoding
from guerdon.programs.credits.service.importing import Report, import_csv

app = typer.Typer(no_args_is_help=True, help="Contributions: archiving, importing and exporting.")

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day in UTC, YYYY-MM-DD.")]


@app.command()
def archive(
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Move what was submitted before this day; default: a year ago."),
    ] = None,
) -> None:
    """Move contributions that were rejected long ago to the archive: all of them, or none if anything fails."""
    clock = SystemClock()
    limit = _utc(before) or clock.now() - archiving.KEEP
    with working_database("guerdon credits") as database, _progress() as progress, database.transaction() as session:
        task = progress.add_task("Archiving", total=archiving.count_archivable(session, limit))
        moved = archiving.archive_by(
            session, clock, limit, actor_id=None, progress=lambda done: progress.update(task, completed=done)
        )
    _err().print(f"{moved} contributions moved to the archive.")


@app.command("import")
def take_in(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV with commas, semicolons or tabs.")
    ],
    partial: Annotated[
        bool, typer.Option("--partial", help="Take in every row that is right, even if others are not.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, take nothing in.")] = False,
    encoding: Annotated[
        Encoding | None, typer.Option(help="Needed for what is neither UTF-8 nor UTF-16 with its mark.")
    ] = None,
) -> None:
    """Submit the contributions of a CSV, each in its member's name; ends with status 1 if anything is wrong."""
    content = file.read_bytes()
    with working_database("guerdon credits") as database, _progress() as progress, database.transaction() as session:
        task = progress.add_task("Importing", total=None)
        report = import_csv(
            session,
            SystemClock(),
            content,
            actor_id=None,
            encoding=encoding,
            all_or_nothing=not partial,
            dry_run=dry_run,
            progress=lambda done, rows: progress.update(task, completed=done, total=rows),
        )
    _show(report, dry_run=dry_run)
    if report.faults:
        raise typer.Exit(1)


@app.command()
def export(
    *,
    out: Annotated[Path | None, typer.Option(help="File to write; default: standard output.")] = None,
    status: Annotated[ContributionStatus | None, typer.Option(help="Where it stands.")] = None,
    kind: Annotated[ContributionType | None, typer.Option("--type", help="What was given.")] = None,
    since: Day = None,
    until: Day = None,
    search: Annotated[str, typer.Option(help="Words in what was given, or in the member's name or address.")] = "",
) -> None:
    """Write contributions as CSV, oldest first."""
    filters = Filters(status=status, type=kind, search=search, since=_utc(since), until=_utc(until))
    with (
        export_target(out) as target,
        working_database("guerdon credits") as database,
        _progress() as progress,
        database.transaction() as session,
    ):
        task = progress.add_task("Exporting", total=exporting.count(session, filters))
        for number, chunk in enumerate(exporting.export_csv(session, filters)):
            target.write(chunk)
            if number:  # the first one is the header
                progress.advance(task, exporting.rows_of(chunk))


def _show(report: Report, *, dry_run: bool) -> None:
    console = _err()
    if report.faults:
        table = Table("Row", "Column", "Problem", box=None, pad_edge=False)
        for fault in report.faults:
            table.add_row(str(fault.row), fault.column, Text(fault.problem.format(**fault.params)))
        console.print(table)
    did = "would be imported" if dry_run else "imported"
    console.print(f"{report.rows} rows, {report.imported} {did}, {len(report.faults)} problems.")


def _err() -> Console:
    return Console(stderr=True, highlight=False)


def _utc(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_err()) as progress:
        yield progress
