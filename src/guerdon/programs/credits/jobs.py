"""Background work of the credits program: archiving what was rejected a year ago."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.credits.service.archiving import KEEP, archive
from guerdon.worker.tasks import Task


def _archive(session: Session, clock: Clock) -> None:
    archive(session, clock.now() - KEEP)


ARCHIVE = Task("credits.archive", _archive, cron="23 4 * * 0")
TASKS = (ARCHIVE,)
