"""Background work of administration: forgetting what is no longer kept."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.http import idempotency, limits
from guerdon.kernel.admin import retention
from guerdon.worker.tasks import Task


def _prune_http(session: Session, clock: Clock) -> None:
    idempotency.prune(session, clock)
    limits.prune(session, clock)


def _apply_retention(session: Session, clock: Clock) -> None:
    retention.apply_all(session, clock)


PRUNE_HTTP = Task("admin.prune_http", _prune_http, cron="41 2 * * *")
RETENTION = Task("admin.retention", _apply_retention, cron="47 2 * * *")
TASKS = (PRUNE_HTTP, RETENTION)
