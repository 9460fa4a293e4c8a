"""``guerdon retention``: forget now what is no longer kept, or count what that would be."""

from typing import Annotated

import typer
from rich.table import Table

from guerdon import boot
from guerdon.cli.console import show_table
from guerdon.core.clock import SystemClock
from guerdon.core.settings import load_settings
from guerdon.db.location import open_database, running_database
from guerdon.kernel.admin.retention import apply_all


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; delete nothing.")] = False,
) -> None:
    """Delete what is older than the retention policies allow; the worker does it every night."""
    settings = load_settings()
    boot.prepare(settings)
    with running_database(settings) as location:
        database = open_database(settings, location, application_name="guerdon retention")
        try:
            with database.transaction() as session:
                outcomes = apply_all(session, SystemClock(), dry_run=dry_run)
        finally:
            database.dispose()
    table = Table("Policy", "What", "Days", "Would go" if dry_run else "Gone", box=None, pad_edge=False)
    for each in outcomes:
        removed = "stays" if each.removed is None else str(each.removed)
        table.add_row(each.code, each.what, str(each.keep_days), removed)
    show_table(table)
