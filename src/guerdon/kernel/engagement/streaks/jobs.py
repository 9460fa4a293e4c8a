"""Background work of streaks: telling members before one breaks, and working them out from the counters."""

from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.streaks.service import catching_up, reminding
from guerdon.kernel.engagement.streaks.service.changing import Numbers, change
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions, get
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _remind(session: Session, clock: Clock) -> None:
    reminding.remind(session, clock)


def _catch_up(session: Session, clock: Clock, streak_id: UUID, after: UUID | None) -> None:
    last = catching_up.go_on(session, clock, streak_id, after)
    if last is not None:
        enqueue(session, CATCH_UP, streak_id=streak_id, after=last)


def change_and_catch_up(
    session: Session, clock: Clock, streak_id: UUID, numbers: Numbers, *, actor_id: UUID, reason: str
) -> Definition:
    """Set the numbers of a streak; what was done while it was not active is worked out in the background.

    Raises:
        The errors of ``change``.
    """
    was_active = get(session, streak_id).active
    changed = change(session, clock.now(), streak_id, numbers, actor_id=actor_id, reason=reason)
    if changed.active and not was_active:
        enqueue(session, CATCH_UP, streak_id=streak_id, after=None)
    return changed


def catch_up_all(session: Session) -> None:
    """Work every streak out from the counters, in the background, after these were put right."""
    for streak in definitions(session).all:
        if streak.active:
            enqueue(session, CATCH_UP, streak_id=streak.id, after=None)


CATCH_UP = Task("streaks.catch_up", _catch_up)
TASKS = (CATCH_UP, Task("streaks.remind", _remind, cron="7 * * * *"))
