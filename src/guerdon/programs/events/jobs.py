"""Background work of the events program: offers that run out, refunds."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.events.service import paying, places
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _settle_places(session: Session, clock: Clock) -> None:
    """Some events are one transaction, so that locks are short; the rest is a job of its own."""
    if places.sweep(session, clock) == places.SWEEP_EVENTS:
        enqueue(session, SETTLE_PLACES, dedupe_key=SETTLE_PLACES.name)


SETTLE_PLACES = Task("events.settle_places", _settle_places, cron="* * * * *")
TASKS = (SETTLE_PLACES, paying.CARRY_OUT_REFUND)
