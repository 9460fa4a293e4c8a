"""``guerdon engagement``: count anew what members did and earned, or look whether it is counted right."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.cli.console import err, out
from guerdon.core.clock import SystemClock
from guerdon.core.money import Unit, to_text
from guerdon.core.settings import load_settings
from guerdon.db.database import Database
from guerdon.db.location import open_database, running_database
from guerdon.kernel.engagement.activities.schemas import CounterChange
from guerdon.kernel.engagement.activities.service import rebuilding
from guerdon.kernel.engagement.activities.service.community import set_time_zone
from guerdon.kernel.engagement.boards import jobs
from guerdon.kernel.engagement.boards.service import reading, upkeep
from guerdon.kernel.engagement.errors import RuleNotFoundError
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.engagement.simulations.schemas import Tally
from guerdon.kernel.engagement.simulations.service import running as simulating
from guerdon.kernel.engagement.streaks.jobs import catch_up_all
from guerdon.kernel.ledger.catalogue import unit_of

app = typer.Typer(
    no_args_is_help=True, help="Activities: counters and leaderboards rebuilt and verified, rules simulated."
)
SHOWN_MAX = 20


@contextmanager
def _database() -> Iterator[Database]:
    with running_database(load_settings()) as location:
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
            former = set_time_zone(session, zone)
            if former != zone:
                out.print(Text(f"Days now begin by {zone} instead of {former}."))
        found = _each(database, "Rebuilding", rebuilding.rebuild)
        # Also where no counter was at fault: a rebuild that ended before it came so far may have put them right.
        with database.transaction() as session:
            catch_up_all(session)
    out.print(Text(f"Counters are rebuilt; {len(found)} were not as they should have been."))
    out.print(Text("The worker now works out every streak anew."))


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


@app.command("verify-boards")
def verify_boards() -> None:
    """Hold every leaderboard against its counters; names what differs, and then ends with status 1."""
    with _database() as database, database.transaction() as session:
        found = upkeep.verify(session)
    for each in found[:SHOWN_MAX]:
        whose = f", member {each.owner_id}" if each.owner_id else ""
        err.print(Text(f"run {each.run_id}{whose}, {each.fault}: {each.found} instead of {each.expected}"))
    if found:
        advice = "Put them right with 'guerdon engagement rebuild-boards'."
        err.print(Text(f"{len(found)} figures differ. {advice}", style="red"))
        raise typer.Exit(1)
    out.print(Text("Every leaderboard is what its counters say."))


@app.command("rebuild-boards")
def rebuild_boards() -> None:
    """Build the open periods of every leaderboard anew from counters; closed ones stand."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _database() as database, Progress(*columns, console=err, transient=True) as bar:
        with database.transaction() as session:
            ids = [shown.board.id for shown in reading.boards(session, for_staff=True) if shown.board.status != "draft"]
        for board_id in bar.track(ids, description="Rebuilding"):
            database.run(lambda session, one=board_id: jobs.rebuild(session, one))  # type: ignore[misc]
            while database.run(lambda session, one=board_id: upkeep.build(session, one, SystemClock().now())):  # type: ignore[misc]
                pass
    out.print(Text(f"{len(ids)} leaderboards are rebuilt."))


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


Moment = typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"])


@app.command()
def simulate(
    rule: Annotated[str, typer.Argument(help="The rule, as program.code.")],
    version: Annotated[int | None, typer.Option(help="Which version; default: the newest.")] = None,
    since: Annotated[datetime | None, Moment] = None,
    until: Annotated[datetime | None, Moment] = None,
) -> None:
    """Find out what a version of a rule would have paid: last month, unless told otherwise. Nothing moves."""
    zone = ZoneInfo(load_settings().time_zone)
    clock = SystemClock()
    first, after = simulating.last_month(clock.now().astimezone(zone))
    first, after = _aware(since, zone) or first, _aware(until, zone) or after
    program, _, code = rule.partition(".")
    with _database() as database:
        with database.transaction() as session:
            found = next(
                (each for each in rules.versions(session, program, code) if version in (None, each.version)), None
            )
            if found is None:
                raise RuleNotFoundError(rule=rule if version is None else f"{rule}, version {version}")
            rule_id, total = found.id, simulating.count_members(session)
            unit = unit_of(session, found.unit_code)
            number = found.version
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, transient=True) as bar:
            task = bar.add_task("Simulating", total=total)
            tally = simulating.simulate(
                database,
                clock,
                rule_id,
                since=first,
                until=after,
                progress=lambda members: bar.advance(task, members),
            )
    _print_tally(tally, unit, f"{rule}, version {number}, from {first:%Y-%m-%d} until {after:%Y-%m-%d}")


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment


def _print_tally(tally: Tally, unit: Unit, title: str) -> None:
    def amount(minor: int) -> str:
        return f"{to_text(minor, unit.scale)} {unit.code}"

    table = Table("", "Would have been", "Really", title=title, box=None, pad_edge=False, header_style="dim")
    table.add_row("Given", amount(tally.paid_minor), amount(tally.was_minor))
    table.add_row("Facts with an award", str(tally.granted), str(tally.was_granted))
    for start, would, did in simulating.sizes(tally):
        table.add_row(f"Members from {amount(start)}", str(would), str(did))
    out.print(table)
    out.print(f"{tally.facts} facts of {tally.members} members; {tally.gaining} with more, {tally.losing} with less.")
    for difference, owner in (*tally.gainers, *tally.losers):
        out.print(Text(f"  {owner}  {'+' if difference > 0 else ''}{amount(difference)}"), soft_wrap=True)
