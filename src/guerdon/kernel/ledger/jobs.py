"""Background work of the ledger: writing down what has become due, and folding system balances."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.ledger import service
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _settle_due(session: Session, clock: Clock) -> None:
    """One batch is one transaction, so that locks are short; the rest is a job of its own."""
    if service.settle_due(session, clock.now()) == service.SETTLE_BATCH:
        enqueue(session, SETTLE_DUE, dedupe_key=SETTLE_DUE.name)


def _fold_system_balances(session: Session, clock: Clock) -> None:  # noqa: ARG001 - a job takes a clock
    service.fold_system_balances(session)


SETTLE_DUE = Task("ledger.settle_due", _settle_due, cron="* * * * *")
FOLD_SYSTEM_BALANCES = Task("ledger.fold_system_balances", _fold_system_balances, cron="* * * * *")
TASKS = (SETTLE_DUE, FOLD_SYSTEM_BALANCES)
