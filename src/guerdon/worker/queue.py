"""Queueing a job: by SQL in the caller's transaction, so that what is rolled back never happens; and what is queued."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.worker.tasks import Task

_ENQUEUE = text("SELECT worker.enqueue(:task, CAST(:args AS jsonb), :queue, :run_at, :dedupe_key)")

_UNFINISHED = text("SELECT args FROM worker.procrastinate_jobs WHERE task_name = :task AND status IN ('todo', 'doing')")


def enqueue(
    session: Session,
    task: Task,
    *,
    queue: str | None = None,
    run_at: datetime | None = None,
    dedupe_key: str | None = None,
    **args: Any,
) -> int | None:
    """Queue a job; workers see it when the session's transaction commits.

    Args:
        session: whose transaction the job is part of.
        task: what to run.
        queue: instead of the task's own.
        run_at: not before this moment.
        dedupe_key: while a job with this key waits, no second one is queued.
        args: for the task's function; anything that has a JSON form.

    Returns:
        The job's number, or ``None`` if one with the same ``dedupe_key`` waits already.

    Raises:
        TaskArgumentsError: the function does not take these arguments; nothing is queued.
    """
    values = {
        "task": task.name,
        "args": json.dumps(task.pack(args)),
        "queue": queue or task.queue,
        "run_at": run_at,
        "dedupe_key": dedupe_key,
    }
    job_id: int | None = session.execute(_ENQUEUE, values).scalar_one()
    return job_id


def unfinished(session: Session, task: Task) -> list[dict[str, Any]]:
    """The arguments, as JSON has them, of the jobs of a task that wait or are being done."""
    return list(session.scalars(_UNFINISHED, {"task": task.name}))
