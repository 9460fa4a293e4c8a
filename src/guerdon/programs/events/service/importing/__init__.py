"""A community that comes from another system, with the tables of the seed: everything comes in, or nothing does."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.programs.events.errors import EventCurrencyError
from guerdon.programs.events.service.importing.attendances import bring_attendances
from guerdon.programs.events.service.importing.context import Context
from guerdon.programs.events.service.importing.events import bring_events, end_cancelled
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.payments import bring_payments
from guerdon.programs.events.service.importing.people import bring_people
from guerdon.programs.events.service.importing.registrations import bring_registrations
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
    locale: str,
    dry_run: bool = False,
    progress: Progress = lambda _what, _done, _all: None,
) -> Report:
    """Bring in members, events, registrations, attendances, payments, badges and points of another system.

    What came in before is known again by its id, so the same files can be read once more when they have grown.

    Args:
        files: the content of CSV files by table, of ``TABLES``.
        source: the other system's name; it tells its rows from those of a third one.
        currency: of the amounts that were paid (ISO 4217).
        locale: in which members are written to, until they choose one.
        dry_run: check everything, bring in nothing.

    Returns:
        The report; with faults in it, nothing came in.

    Raises:
        EventCurrencyError: there is no such currency.
    """
    if currency not in list_currencies():
        raise EventCurrencyError(field="currency", currency=currency[:50])
    report, zone = Report(), time_zone(session)
    rows = read(files, ZoneInfo(zone), report)
    context = Context(session, clock, rows, report, Keys(source), zone, currency, locale)
    everything = session.begin_nested()
    progress("users", 0, len(rows.users))
    bring_people(context)
    progress("events", 0, len(rows.events))
    bring_events(context)
    progress("registrations", 0, len(rows.registrations))
    registered = bring_registrations(context)
    progress("event_attendees", 0, len(rows.event_attendees))
    attended = bring_attendances(context, registered)
    progress("payment", 0, len(rows.payment))
    bring_payments(context, registered)
    bring_badges(context)
    if not report.faults:
        count_attendances(context, attended, lambda done, all_: progress("attendances", done, all_))
        end_cancelled(context)
    bring_points(context, lambda done, all_: progress("points_transactions", done, all_))
    if dry_run or report.faults:
        everything.rollback()
        return report
    everything.commit()
    session.expire_all()
    announce(session, Act("events.tables_imported", "community", new={"source": source, **report.new}))
    return report
