"""The worker: takes jobs from the queue and runs each in one transaction."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from psycopg import sql

from guerdon.core.clock import Clock
from guerdon.db.database import Database
from guerdon.db.queue_schema import SCHEMA
from guerdon.worker.maintenance import MAINTENANCE_TASKS
from guerdon.worker.tasks import Retry, Task, TaskRegistry, TaskScheduleError

CONCURRENCY = 4
STOP_TIMEOUT_S = 8.0
"""How long a running job may go on after the worker was told to stop; later it is undone and taken up again."""

MISSED_S = timedelta(days=366).total_seconds()
"""How long ago the last time of a schedule may be for a worker to make up for it when it starts: as good as always. A
machine that is off at night would never forget what it should otherwise."""

LONG_S = 1.0
"""From how long on a job stands in the log although nothing is wrong with it; there is one every few seconds."""

log = structlog.get_logger("guerdon.worker")


class _RetryStrategy(BaseRetryStrategy):
    def __init__(self, retry: Retry) -> None:
        self._retry = retry

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        wait_s = self._retry.next_wait_s(job.attempts + 1, exception)
        if wait_s is None:
            return None
        # The database's clock decides when a job is due, so this is real time and not the injected clock.
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait_s))


def run_worker(
    database: Database,
    tasks: Iterable[Task],
    clock: Clock,
    *,
    concurrency: int = CONCURRENCY,
    until_idle: bool = False,
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Run jobs until SIGTERM or SIGINT arrives; jobs in hand are finished first, for a few seconds at most.

    Args:
        database: as the application's role.
        tasks: every task that may be in the queue; the queue's own maintenance is added.
        clock: handed to the jobs.
        concurrency: jobs at the same time, each in a thread with a connection.
        until_idle: return when no job is due, instead of waiting for more. Runs no schedules.
        on_ready: called once the worker is about to take its first job.

    Raises:
        TaskScheduleError: a task's schedule cannot be read; no job is taken.
    """
    registry = TaskRegistry([*MAINTENANCE_TASKS, *tasks])
    _quieten_procrastinate()
    app = _app(database, registry, clock, schedules=not until_idle)

    async def main() -> None:
        async with app.open_async():
            if on_ready is not None:
                on_ready()
            await app.run_worker_async(
                concurrency=concurrency,
                wait=not until_idle,
                listen_notify=not until_idle,
                shutdown_graceful_timeout=STOP_TIMEOUT_S,
                install_signal_handlers=threading.current_thread() is threading.main_thread(),
            )

    asyncio.run(main())


def _app(database: Database, registry: TaskRegistry, clock: Clock, *, schedules: bool) -> procrastinate.App:
    async def configure(connection: "psycopg.AsyncConnection[Any]") -> None:
        await connection.set_autocommit(True)
        if database.role:
            await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(database.role)))
        await connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))

    connector = procrastinate.PsycopgConnector(
        conninfo=database.dsn,
        kwargs={"application_name": "guerdon worker"},
        configure=configure,
        min_size=1,
        max_size=4,
    )
    app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": MISSED_S})
    for task in registry.values():
        runnable = app.task(name=task.name, queue=task.queue, retry=_RetryStrategy(task.retry))(
            _runner(database, task, clock)
        )
        if task.cron and schedules:
            app.periodic(cron=task.cron)(runnable)
    _check_schedules(app)
    return app


def _check_schedules(app: procrastinate.App) -> None:
    """Read every schedule now: one that cannot be read would end those of all others, and nobody told.

    Raises:
        TaskScheduleError: one is not as cron has them.
    """
    for each in app.periodic_registry.periodic_tasks.values():
        try:
            each.croniter.get_next()
        except ValueError as exc:
            raise TaskScheduleError(task=each.task.name, cron=each.cron, problem=str(exc)) from exc


def _runner(database: Database, task: Task, clock: Clock) -> Callable[..., None]:
    def run(timestamp: int | None = None, **arguments: Any) -> None:  # noqa: ARG001 - the schedule's, not the task's
        started = time.monotonic()
        try:
            with database.transaction() as session:
                task.run(session, clock, **task.unpack(arguments))
        except Exception:
            log.exception("job failed", task=task.name, duration_s=round(time.monotonic() - started, 3))
            raise
        duration_s = time.monotonic() - started
        level = logging.INFO if duration_s >= LONG_S else logging.DEBUG
        log.log(level, "job done", task=task.name, duration_s=round(duration_s, 3))

    return run


def _quieten_procrastinate() -> None:
    """Let it speak of its own troubles only: what it says of a job holds the arguments, which may be personal."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    logger = logging.getLogger("procrastinate.worker")  # a logger's filter does not see what its children log
    if not any(isinstance(each, _NoJobs) for each in logger.filters):
        logger.addFilter(_NoJobs())


class _NoJobs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "job", None) is None
