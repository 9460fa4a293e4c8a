"""The queue's own jobs: give back what a dead worker held, forget what is long done."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.worker.tasks import Task

MAINTENANCE_QUEUE = "maintenance"

WORKER_SILENT_S = 60
"""A worker that has not been heard of for so long is dead; living ones report every 10 s."""

RESCUES_MAX = 10
"""After so many tries a job is given up: it may be what kills the workers."""

KEEP_DONE = timedelta(days=7)
KEEP_FAILED = timedelta(days=30)

_RESCUE = text(
    """
    WITH stalled AS (
        SELECT job.id, job.attempts
          FROM worker.procrastinate_jobs AS job
          LEFT JOIN worker.procrastinate_workers AS holder ON holder.id = job.worker_id
         WHERE job.status = 'doing'
           AND (holder.id IS NULL OR holder.last_heartbeat < now() - make_interval(secs => :silent_s))
           FOR UPDATE OF job SKIP LOCKED
    )
    SELECT CASE WHEN attempts < :rescues_max
                THEN worker.procrastinate_retry_job_v1(id, now(), NULL, NULL, NULL)::text
                ELSE worker.procrastinate_finish_job_v1(id, 'failed', false)::text
           END
      FROM stalled
    """
)

_SWEEP = text(
    """
    DELETE FROM worker.procrastinate_jobs AS job
     WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
       AND (SELECT max(event.at) FROM worker.procrastinate_events AS event WHERE event.job_id = job.id)
           < CASE job.status WHEN 'failed' THEN CAST(:failed_before AS timestamptz)
                             ELSE CAST(:done_before AS timestamptz) END
       AND NOT EXISTS (SELECT FROM worker.procrastinate_periodic_defers AS defer WHERE defer.job_id = job.id)
    """
)


def rescue(session: Session, clock: Clock) -> None:  # noqa: ARG001 - heartbeats are in the database's own time
    """Queue again the jobs of workers that died while they had them."""
    session.execute(_RESCUE, {"silent_s": WORKER_SILENT_S, "rescues_max": RESCUES_MAX})


def sweep(session: Session, clock: Clock) -> None:
    """Delete finished jobs: the done ones after a week, the failed ones after a month."""
    moment = clock.now()
    session.execute(_SWEEP, {"done_before": moment - KEEP_DONE, "failed_before": moment - KEEP_FAILED})


MAINTENANCE_TASKS = (
    Task("worker.rescue", rescue, queue=MAINTENANCE_QUEUE, cron="* * * * *"),
    Task("worker.sweep", sweep, queue=MAINTENANCE_QUEUE, cron="17 3 * * *"),
)
