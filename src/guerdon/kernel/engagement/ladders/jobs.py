"""Background work of tiers: the daily review, in portions."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.ladders.service import keeping
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _review(session: Session, clock: Clock) -> None:
    """One portion is one transaction; as long as there was any, another follows."""
    if keeping.review(session, clock.now()):
        enqueue(session, REVIEW, dedupe_key=REVIEW.name)


REVIEW = Task("engagement.review_tiers", _review, cron="7 * * * *")
TASKS = (REVIEW,)
