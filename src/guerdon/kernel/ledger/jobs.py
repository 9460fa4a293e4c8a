"""Background work of the ledger."""

from guerdon.worker.tasks import Task

TASKS: tuple[Task, ...] = ()
