"""Background work of administration: backups, and forgetting what is no longer kept."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.http import idempotency, limits
from guerdon.kernel.admin import backups, retention
from guerdon.worker.tasks import Retry, Task


def _prune_http(session: Session, clock: Clock) -> None:
    idempotency.prune(session, clock)
    limits.prune(session, clock)


def _apply_retention(session: Session, clock: Clock) -> None:
    retention.apply_all(session, clock)


# Before anything is forgotten, so that what a mistake in the policies removes can be brought back.
BACKUP = Task("admin.backup", backups.make_nightly, cron="17 2 * * *", retry=Retry(attempts_max=4, wait_s=300))
PRUNE_HTTP = Task("admin.prune_http", _prune_http, cron="41 2 * * *")
RETENTION = Task("admin.retention", _apply_retention, cron="47 2 * * *")
TASKS = (BACKUP, PRUNE_HTTP, RETENTION)
