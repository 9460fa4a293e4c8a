"""Background work of streaks: telling members before one breaks."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.streaks.service import reminding
from guerdon.worker.tasks import Task


def _remind(session: Session, clock: Clock) -> None:
    reminding.remind(session, clock)


TASKS = (Task("streaks.remind", _remind, cron="7 * * * *"),)
