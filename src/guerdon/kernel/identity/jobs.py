"""Background work of identity: answering who asked for a way in, ending what lies idle, forgetting what has ended."""

from datetime import timedelta

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.settings import load_settings
from guerdon.kernel.identity.service import codes, recovery, sessions, sign_up
from guerdon.worker.tasks import Task


def _prune_sessions(session: Session, clock: Clock) -> None:
    sessions.prune_sessions(session, clock)
    codes.prune(session, clock)
    recovery.prune(session, clock)
    sign_up.prune(session, clock)


def _end_idle(session: Session, clock: Clock) -> None:
    sessions.end_idle(session, clock, timedelta(seconds=load_settings().staff_idle_timeout_s))


PRUNE_SESSIONS = Task("identity.prune_sessions", _prune_sessions, cron="17 3 * * *")
END_IDLE = Task("identity.end_idle_sessions", _end_idle, cron="*/10 * * * *")
TASKS = (PRUNE_SESSIONS, END_IDLE, sign_up.ANSWER, recovery.SEND_LINK)
