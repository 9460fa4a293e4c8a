"""A community that comes from another system, with the tables of the seed: everything comes in, or nothing does."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.programs.events.service.importing.evenings import Evenings
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.people import bring_people
from guerdon.programs.events.service.importing.report import Report
from guerdon.programs.events.service.importing.source import TABLES, read
from guerdon.programs.events.service.importing.standing import bring_badges, bring_points, count_attendances

__all__ = ["TABLES", "Report", "import_tables"]

Progress = Callable[[str, int, int], None]
"""Is told what is being done, and how much of it of how much is done."""


def import_tables(
    session: Session,
    clock: Clock,
    files: Mapping[str, bytes],
    *,
    source: str,
    currency: str,
    dry_run: bool = False,
    progress: Progress = lambda _what, _done, _all: None,
) -> Report:
    """Bring in members, events, registrations, attendances, payments, badges and points of another system.

    What came in before is known again by its id, so the same files can be read once more when they have grown.

    Args:
        files: the content of CSV files by table, of ``TABLES``.
        source: the other system's name; it tells its rows from those of a third one.
        currency: of the amounts that were paid (ISO 4217).
        dry_run: check everything, bring in nothing.

    Returns:
        The report; with faults in it, nothing came in.
    """
    report = Report()
    zone = time_zone(session)
    rows = read(files, ZoneInfo(zone), report)
    keys = Keys(source)
    everything = session.begin_nested()
    progress("users", 0, len(rows.users))
    people = bring_people(session, clock, rows.users, zone, report)
    evenings = Evenings(session, clock, rows, report, key=keys, people=people, zone=zone, currency=currency)
    for what, bring in (
        ("events", evenings.bring_events),
        ("registrations", evenings.bring_registrations),
        ("event_attendees", evenings.bring_attendances),
        ("payment", evenings.bring_payments),
    ):
        progress(what, 0, report.read[what])
        bring()
    bring_badges(session, clock, rows, people, report)
    if not report.faults:
        events = {event.id: event for event in evenings.events.values()}
        count_attendances(
            session, clock, evenings.attended, events, lambda done, all_: progress("attendances", done, all_)
        )
        evenings.end_cancelled()
    bring_points(
        session,
        clock,
        rows,
        people,
        report,
        keys=keys,
        told=lambda done, all_: progress("points_transactions", done, all_),
    )
    if dry_run or report.faults:
        everything.rollback()
        return report
    everything.commit()
    session.expire_all()
    announce(session, Act("events.tables_imported", "community", new={"source": source, **report.new}))
    return report
