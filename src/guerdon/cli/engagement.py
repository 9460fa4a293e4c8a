"""``guerdon engagement``: count anew what members did and earned, or look whether it is counted right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from guerdon.cli.console import err, out
from guerdon.cli.db import running_database
from guerdon.core.settings import load_settings
from guerdon.db.database import Database
from guerdon.db.location import open_database
from guerdon.kernel.engagement.activities.models import Community
from guerdon.kernel.engagement.activities.schemas import CounterChange
from guerdon.kernel.engagement.activities.service import rebuilding

app = typer.Typer(no_args_is_help=True, help="Activities: counters rebuilt and verified.")
SHOWN_MAX = 20


@contextmanager
def _database() -> Iterator[Database]:
    with running_database() as location:
        database = open_database(load_settings(), location, application_name="guerdon engagement")
        try:
            yield database
        finally:
            database.dispose()


@app.command()
def rebuild() -> None:
    """Count everything anew from activities and ledger, in the community's zone of the settings."""
    with _database() as database:
        zone = load_settings().time_zone
        with database.transaction() as session:
            former = session.scalars(select(Community.time_zone)).one()
            if former != zone:
                session.execute(update(Community).values(time_zone=zone))
                out.print(Text(f"Days now begin by {zone} instead of {former}."))
        found = _each(database, "Rebuilding", rebuilding.rebuild)
    out.print(Text(f"Counters are rebuilt; {len(found)} were not as they should have been."))


@app.command()
def verify() -> None:
    """Compare counters with activities and ledger; names what differs, and then ends with status 1."""
    with _database() as database:
        found = _each(database, "Comparing", lambda session, owners: rebuilding.differences(session, owners).changes)
        names = _names(database) if found else {}
    for each in found[:SHOWN_MAX]:
        line = f"member {each.owner_id}, {names[each.metric_id]}, {each.period} {each.period_start}: "
        err.print(Text(f"{line}{each.before} instead of {each.after}"), soft_wrap=True)
    if found:
        err.print(Text(f"{len(found)} counters differ. Put them right with 'guerdon engagement rebuild'.", style="red"))
        raise typer.Exit(1)
    out.print(Text("Every counter is what activities and ledger say."))


def _each(
    database: Database, title: str, work: Callable[[Session, list[UUID]], list[CounterChange]]
) -> list[CounterChange]:
    """Some members at a time, each in a transaction of its own, so that nobody waits long and memory stays as it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    found: list[CounterChange] = []
    with Progress(*columns, console=err, transient=True) as bar:
        with database.transaction() as session:
            groups = list(rebuilding.everybody(session))
        task = bar.add_task(title, total=sum(map(len, groups)))
        for owners in groups:
            changes = database.run(lambda session, owners=owners: work(session, owners))  # type: ignore[misc]
            found += changes
            bar.advance(task, len(owners))
    return found


def _names(database: Database) -> dict[int, str]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT id, program || '.' || code FROM engagement.metrics"))
        return {row[0]: row[1] for row in rows}
