"""Background work of identity: forgetting what has ended."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.identity.service.sessions import prune_sessions
from guerdon.worker.tasks import Task


def _prune_sessions(session: Session, clock: Clock) -> None:
    prune_sessions(session, clock)


PRUNE_SESSIONS = Task("identity.prune_sessions", _prune_sessions, cron="17 3 * * *")
TASKS = (PRUNE_SESSIONS,)
