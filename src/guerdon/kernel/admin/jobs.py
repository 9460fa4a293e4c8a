"""Background work of administration: forgetting what the HTTP edge no longer needs."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.http import idempotency, limits
from guerdon.worker.tasks import Task


def _prune_http(session: Session, clock: Clock) -> None:
    idempotency.prune(session, clock)
    limits.prune(session, clock)


PRUNE_HTTP = Task("admin.prune_http", _prune_http, cron="41 2 * * *")
TASKS = (PRUNE_HTTP,)
