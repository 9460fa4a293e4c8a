"""The queue in figures, read from the queue itself, so that they hold for all workers together."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text

from guerdon.db.database import Database

_JOBS = text("SELECT task_name, status::text, count(*) FROM worker.procrastinate_jobs GROUP BY 1, 2")
_OLDEST = text(
    "SELECT coalesce(extract(epoch FROM now() - min(coalesce(job.scheduled_at, event.at))), 0)"
    "  FROM worker.procrastinate_jobs AS job"
    "  JOIN worker.procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'"
    " WHERE job.status = 'todo' AND coalesce(job.scheduled_at, now()) <= now()"
)


class QueueCollector(Collector):
    """Jobs by task and state (``todo``, ``doing``, ``succeeded``, ``failed``), and how late the oldest waiting one is.

    Finished jobs are counted as long as they are kept: done ones for a week, failed ones for a month. ``aborted`` are
    those that were to run again while another of their key waited.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Read the figures in one transaction."""
        jobs = GaugeMetricFamily("guerdon_jobs", "Jobs in the queue's tables.", labels=["task", "status"])
        with self._database.transaction() as session:
            for task, status, count in session.execute(_JOBS):
                jobs.add_metric([task, status], count)
            late_s = float(session.execute(_OLDEST).scalar_one())
        yield jobs
        yield GaugeMetricFamily("guerdon_queue_late_seconds", "Age of the oldest job that is due.", value=late_s)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing in advance: registering must not need a database."""
        return ()
