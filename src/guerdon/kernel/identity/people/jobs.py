"""Background work about people: copies of personal data, closings that are due, the nightly look at guardians."""

from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.identity.people.service import erasures, exports, guardians, verifications
from guerdon.worker.queue import enqueue, unfinished
from guerdon.worker.tasks import Task


def _make_export(session: Session, clock: Clock, export_id: UUID) -> None:
    if exports.make(session, clock, export_id):
        enqueue(session, MAKE_EXPORT, export_id=export_id)


def _erase_due(session: Session, clock: Clock) -> None:
    """Some are one transaction; as long as there were any, others may follow."""
    if erasures.erase_due(session, clock):
        enqueue(session, ERASE_DUE, dedupe_key=ERASE_DUE.name)


def _check_guardians(session: Session, clock: Clock) -> None:
    guardians.check_all(session, clock)
    guardians.tell_who_came_of_age(session, clock)


def _expire(session: Session, clock: Clock) -> None:
    under_way = [UUID(each["export_id"]) for each in unfinished(session, MAKE_EXPORT)]
    exports.expire(session, clock, under_way=under_way)
    verifications.expire(session, clock)


MAKE_EXPORT = Task("identity.make_export", _make_export)
ERASE_DUE = Task("identity.erase_due", _erase_due, cron="7 2 * * *")
TASKS = (
    MAKE_EXPORT,
    ERASE_DUE,
    Task("identity.check_guardians", _check_guardians, cron="27 2 * * *"),
    Task("identity.expire", _expire, cron="37 * * * *"),
)
