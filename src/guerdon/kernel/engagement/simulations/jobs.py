"""Background work: simulations, some members in each job, so that everybody can see how far they are."""

from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.simulations.service import running
from guerdon.worker.queue import enqueue, unfinished
from guerdon.worker.tasks import Task


def go_on(session: Session, clock: Clock, simulation_id: UUID) -> None:
    """Take the next members, and see to it that somebody takes those after them."""
    if running.go_on(session, clock, simulation_id):
        enqueue(session, SIMULATE, simulation_id=simulation_id)


def forget(session: Session, clock: Clock) -> None:
    """Forget old ones, and give up those whose job has failed for good."""
    running.give_up(session, clock, [UUID(each["simulation_id"]) for each in unfinished(session, SIMULATE)])
    running.forget(session, clock)


SIMULATE = Task("engagement.simulate", go_on)
TASKS = (SIMULATE, Task("engagement.forget_simulations", forget, cron="53 2 * * *"))
