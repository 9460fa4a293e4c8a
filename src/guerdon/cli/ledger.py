"""``guerdon ledger``: verify every promise, show a statement, write everything out."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy.orm import Session

from guerdon.cli.console import err, out, show_table
from guerdon.core.clock import SystemClock
from guerdon.core.errors import NotFoundError
from guerdon.core.money import to_text
from guerdon.core.settings import load_settings
from guerdon.db.database import Database
from guerdon.db.location import open_database, running_database
from guerdon.kernel.commands import export_target
from guerdon.kernel.identity.service.accounts import find_by_email
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.schemas import Entry, Fault, Pocket
from guerdon.kernel.ledger.service.exporting import ExportFormat
from guerdon.kernel.ledger.service.verification import FAULTS_MAX

app = typer.Typer(no_args_is_help=True, help="The ledger: verification, statements, export.")

PAGE = 500
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]

Owner = Annotated[str, typer.Argument(help="A member's id or e-mail address, or the name of a part of the system.")]
UnitOption = Annotated[str | None, typer.Option("--unit", help="Only this unit.")]
Since = Annotated[datetime | None, typer.Option(formats=MOMENTS, help="From this moment on; UTC unless it says.")]
Until = Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Up to this moment, which is not included.")]


@contextmanager
def _database() -> Iterator[Database]:
    with running_database(load_settings()) as location:
        database = open_database(load_settings(), location, application_name="guerdon ledger")
        try:
            yield database
        finally:
            database.dispose()


@app.command()
def verify() -> None:
    """Compute everything again from the transfers; names each fault, and then ends with status 1."""
    with _database() as database, database.transaction() as session, _progress("checks") as bar:
        task = bar.add_task("", total=len(service.CHECKS))
        checked: list[str] = []

        def begin(check: str) -> None:
            bar.update(task, description=service.CHECKS[check], completed=len(checked))
            checked.append(check)

        faults = service.verify(session, begin)
        bar.update(task, description="Verified", completed=len(checked))
        transfers = service.count_transfers(session)
    for check, promise in service.CHECKS.items():
        found = [fault for fault in faults if fault.check == check]
        mark = Text("✗", style="red") if found else Text("✓", style="green")
        out.print(Text.assemble(mark, f" {check}: {promise}"), soft_wrap=True)
        for fault in found:
            out.print(Text(f"    {_named(fault)}"), soft_wrap=True)
        if len(found) == FAULTS_MAX:
            out.print(Text("    … and perhaps more"))
    if faults:
        err.print(Text(f"The ledger breaks its promises: {len(faults)} faults in {transfers} transfers.", style="red"))
        raise typer.Exit(1)
    out.print(Text(f"The ledger keeps all its promises: {len(service.CHECKS)} checks, {transfers} transfers."))


def _named(fault: Fault) -> str:
    where = " ".join(str(part) for part in (fault.owner_id, fault.unit) if part is not None)
    return f"{where}: {fault.fault}" if where else fault.fault


@app.command()
def statement(  # noqa: PLR0917 - Typer reads options from parameters
    owner: Owner,
    unit: UnitOption = None,
    pocket: Annotated[Pocket | None, typer.Option(help="Only this pocket.")] = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or jsonl.")] = "table",
) -> None:
    """Show an owner's movements with running balance, the latest first."""
    if form not in ("table", "csv", "jsonl"):
        raise typer.BadParameter("must be table, csv or jsonl", param_hint="--format")
    bounds = {"since": _aware(since), "until": _aware(until)}
    now = SystemClock().now()
    with _database() as database, database.transaction() as session:
        owner_id = _resolve(session, owner)
        pages = _pages(session, owner_id, now, unit=unit, pocket=pocket, **bounds)
        if form == "table":
            _print_table(pages)
        else:
            for chunk in service.render_entries(pages, ExportFormat(form)):
                sys.stdout.write(chunk)


@app.command("system-accounts")
def system_accounts() -> None:
    """Show what the unbounded accounts of the system hold, such as issuance: what came out of them is negative."""
    with _database() as database, database.transaction() as session:
        found = service.system_balances(session)
    table = Table("Account", "Unit", box=None, pad_edge=False)
    table.add_column("Balance", justify="right")
    for each in found:
        table.add_row(each.account, each.unit, to_text(int(each.balance_minor), each.scale))
    show_table(table)


def _pages(
    session: Session,
    owner_id: UUID,
    now: datetime,
    *,
    unit: str | None,
    pocket: Pocket | None,
    since: datetime | None,
    until: datetime | None,
) -> Iterator[list[Entry]]:
    last: Entry | None = None
    while True:
        page = service.statement(
            session,
            owner_id,
            now,
            unit=unit,
            pocket=pocket,
            before=last.transfer_id if last else None,
            before_pocket=last.pocket if last else None,
            since=since,
            until=until,
            limit=PAGE,
        )
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]


def _print_table(pages: Iterator[list[Entry]]) -> None:
    for page in pages:
        show_table(_wide_table(page), partial(_narrow_table, page))


def _wide_table(page: Sequence[Entry]) -> Table:
    table = Table("Happened", "Kind", "Pocket", "Unit", box=None, pad_edge=False)
    for name in ("Amount", "Balance"):
        table.add_column(name, justify="right")
    table.add_column("Transfer")
    for entry in page:
        happened, amount, balance = _told(entry)
        table.add_row(happened, entry.kind, entry.pocket.value, entry.unit, amount, balance, str(entry.transfer_id))
    return table


def _narrow_table(page: Sequence[Entry]) -> Table:
    """Two lines for each entry, so that 80 columns hold a transfer's id in one piece."""
    table = Table("Happened", "Kind\nTransfer", box=None, pad_edge=False)
    for name in ("Amount\nPocket", "Balance\nUnit"):
        table.add_column(name, justify="right")
    for entry in page:
        happened, amount, balance = _told(entry)
        table.add_row(
            happened,
            f"{entry.kind}\n{entry.transfer_id}",
            f"{amount}\n{entry.pocket.value}",
            f"{balance}\n{entry.unit}",
        )
    return table


def _told(entry: Entry) -> tuple[str, str, str]:
    happened = entry.happened_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return happened, to_text(entry.amount_minor, entry.scale), to_text(entry.balance_after_minor, entry.scale)


@app.command()
def export(  # noqa: PLR0917 - likewise
    form: Annotated[ExportFormat, typer.Option("--format", help="csv or jsonl.")] = ExportFormat.JSONL,
    to: Annotated[Path | None, typer.Option("--out", help="File to write; standard output, if not given.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only this member or part of the system.")] = None,
    unit: UnitOption = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write every entry out, by owner and in the order of posting, in one snapshot."""
    with _database() as database, database.transaction() as session:
        service.one_snapshot(session)
        owner_id = _resolve(session, owner) if owner else None
        wanted = service.Wanted(owner_id, unit, _aware(since), _aware(until))
        total = service.count_entries(session, wanted)
        with export_target(to) as target, _progress("entries") as bar:
            task = bar.add_task("Exporting", total=total)
            for chunk in service.export_entries(session, form, wanted, progress=lambda rows: bar.advance(task, rows)):
                target.write(chunk)


def _progress(what: str) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _resolve(session: Session, owner: str) -> UUID:
    """An owner's id from what a person types.

    Raises:
        NotFoundError, UnknownAccountError: nobody has that address; no owner has that id or name.
        UnboundedAccountError: it is an account of the system that nobody owns.
    """
    if "@" in owner:
        user = find_by_email(session, owner)
        if user is None:
            raise NotFoundError(what="account")
        return user.id
    try:
        owner_id = UUID(owner)
    except ValueError:
        return service.find_system_owner(session, owner)
    return service.require_owner(session, owner_id).id
