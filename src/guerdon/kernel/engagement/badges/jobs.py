"""Background work of badges: giving a badge to who meets it already, and looking every night whether nobody was missed.

A fact that is recorded in the very moment in which a badge is activated may be judged by what held before; the night
makes up for it.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.badges.service import backfilling
from guerdon.kernel.engagement.badges.service.definitions import Definition, definitions
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _backfill(session: Session, clock: Clock, backfill_id: UUID) -> None:
    if backfilling.go_on(session, clock, backfill_id):
        enqueue(session, BACKFILL, backfill_id=backfill_id)


def _sweep(session: Session, clock: Clock) -> None:
    for badge in definitions(session).all:
        if badge.active:
            start_backfill(session, clock, badge, requested_by=None)


def start_backfill(session: Session, clock: Clock, badge: Definition, *, requested_by: UUID | None) -> None:
    """Have a badge given to everybody who meets it already, in the background."""
    backfill_id = backfilling.start(session, clock, badge, requested_by=requested_by)
    if backfill_id is not None:
        enqueue(session, BACKFILL, backfill_id=backfill_id, dedupe_key=f"badges.backfill:{backfill_id}")


BACKFILL = Task("badges.backfill", _backfill)
TASKS = (BACKFILL, Task("badges.sweep", _sweep, cron="17 3 * * *"))
