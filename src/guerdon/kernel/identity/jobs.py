"""Background work of identity: answering who asked for a way in, ending what lies idle.

What has ended is forgotten by the retention policies of ``guerdon.kernel.admin``.
"""

from datetime import timedelta

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.settings import load_settings
from guerdon.kernel.identity.service import recovery, sessions, sign_up
from guerdon.worker.tasks import Task


def _end_idle(session: Session, clock: Clock) -> None:
    sessions.end_idle(session, clock, timedelta(seconds=load_settings().staff_idle_timeout_s))


END_IDLE = Task("identity.end_idle_sessions", _end_idle, cron="*/10 * * * *")
TASKS = (END_IDLE, sign_up.ANSWER, recovery.SEND_LINK)
