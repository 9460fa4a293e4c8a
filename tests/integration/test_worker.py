"""The queue: jobs commit with their cause, run in one transaction, are tried again and forgotten."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, FixedClock, SystemClock
from guerdon.db.database import Database
from guerdon.db.queue_schema import PROCRASTINATE_SCHEMA, procrastinate_migrations, schema_sql
from guerdon.worker.maintenance import RESCUES_MAX, rescue, sweep
from guerdon.worker.metrics import QueueCollector
from guerdon.worker.queue import enqueue
from guerdon.worker.runner import run_worker
from guerdon.worker.tasks import Retry, Task, TaskArgumentsError, TaskRegistry, TaskScheduleError

AT_ONCE = Retry(attempts_max=3, wait_s=0)


def jobs(database: Database) -> list[tuple[str, str, int]]:
    """Name, state and tries of every job that is not the queue's own."""
    with database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT task_name, status::text, attempts FROM worker.procrastinate_jobs"
                " WHERE queue_name <> 'maintenance' ORDER BY id"
            )
        )
        return [(name, status, attempts) for name, status, attempts in rows]


def recorder() -> tuple[list[dict[str, Any]], Task]:
    calls: list[dict[str, Any]] = []

    def note(session: Session, clock: Clock, user_id: UUID, amount: int = 1) -> None:
        calls.append({"user_id": user_id, "amount": amount, "now": clock.now()})

    return calls, Task("test.note", note)


def work(database: Database, *tasks: Task, clock: Clock | None = None) -> None:
    run_worker(database, tasks, clock or SystemClock(), until_idle=True)


def test_job_runs_with_typed_arguments(database: Database, clock: FixedClock) -> None:
    calls, task = recorder()
    user_id = uuid4()
    with database.transaction() as session:
        assert enqueue(session, task, user_id=user_id, amount=7) is not None
    assert calls == []
    work(database, task, clock=clock)
    assert calls == [{"user_id": user_id, "amount": 7, "now": clock.now()}]
    assert jobs(database) == [("test.note", "succeeded", 1)]


def test_rolled_back_cause_has_no_effect(database: Database) -> None:
    calls, task = recorder()
    with database.session_factory() as session:
        enqueue(session, task, user_id=uuid4())
        session.rollback()
    work(database, task)
    assert calls == []
    assert jobs(database) == []


def test_wrong_arguments_are_refused_where_they_are_queued(database: Database) -> None:
    _, task = recorder()
    wrong: list[dict[str, Any]] = [{}, {"user_id": "nobody"}, {"user_id": uuid4(), "colour": "red"}]
    for arguments in wrong:
        with database.transaction() as session, pytest.raises(TaskArgumentsError):
            enqueue(session, task, **arguments)
    assert jobs(database) == []


def test_dedupe_key_keeps_one_waiting_job(database: Database) -> None:
    calls, task = recorder()
    with database.transaction() as session:
        first = enqueue(session, task, dedupe_key="report", user_id=uuid4())
        assert enqueue(session, task, dedupe_key="report", user_id=uuid4()) is None
        assert enqueue(session, task, dedupe_key="other", user_id=uuid4()) not in {None, first}
    work(database, task)
    assert len(calls) == 2
    with database.transaction() as session:  # it waits no longer, so the next one counts
        assert enqueue(session, task, dedupe_key="report", user_id=uuid4()) is not None


def test_job_waits_for_its_time(database: Database) -> None:
    calls, task = recorder()
    with database.transaction() as session:
        enqueue(session, task, run_at=SystemClock().now() + timedelta(hours=1), user_id=uuid4())
    work(database, task)
    assert calls == []
    assert jobs(database) == [("test.note", "todo", 0)]


def test_failed_job_leaves_nothing_and_is_tried_again(database: Database) -> None:
    tries: list[int] = []
    calls, follow_up = recorder()

    def fail_twice(session: Session, clock: Clock) -> None:
        enqueue(session, follow_up, user_id=uuid4())
        tries.append(len(tries))
        if len(tries) < 3:
            raise RuntimeError("not yet")

    task = Task("test.fail_twice", fail_twice, retry=AT_ONCE)
    with database.transaction() as session:
        enqueue(session, task)
    for _ in range(4):
        work(database, task, follow_up)
    assert len(tries) == 3
    assert len(calls) == 1
    assert jobs(database) == [("test.fail_twice", "succeeded", 3), ("test.note", "succeeded", 1)]


def failing(error: Exception) -> Callable[[Session, Clock], None]:
    def run(session: Session, clock: Clock) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("retry", "tries"), [(AT_ONCE, 3), (Retry(attempts_max=3, wait_s=0, permanent=(ValueError,)), 1)]
)
def test_job_is_given_up(database: Database, retry: Retry, tries: int) -> None:
    task = Task("test.fail", failing(ValueError("never")), retry=retry)
    with database.transaction() as session:
        enqueue(session, task)
    for _ in range(tries + 1):
        work(database, task)
    assert jobs(database) == [("test.fail", "failed", tries)]


def test_waits_grow_up_to_a_limit() -> None:
    retry = Retry(attempts_max=5, wait_s=10, factor=3, wait_s_max=100)
    error = RuntimeError()
    assert [retry.next_wait_s(attempts, error) for attempts in range(1, 6)] == [10, 30, 90, 100, None]


def test_any_search_path_can_queue(app_dsn: str, database: Database) -> None:
    with psycopg.connect(app_dsn) as connection:
        connection.execute("SET search_path = pg_catalog")
        connection.execute("SELECT worker.enqueue('test.sql', '{\"a\": 1}')")
    assert jobs(database) == [("test.sql", "todo", 0)]


def test_arguments_are_not_logged(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def fail(session: Session, clock: Clock, email: str) -> None:
        raise RuntimeError

    task = Task("test.private", fail, retry=Retry(attempts_max=1))
    with database.transaction() as session:
        enqueue(session, task, email="awa@example.org")
    with caplog.at_level(logging.DEBUG):
        work(database, task)
    assert jobs(database) == [("test.private", "failed", 1)]
    assert "awa@example.org" not in "".join(record.getMessage() for record in caplog.records)


def held_by_dead_worker(database: Database, attempts: int = 0) -> None:
    with database.transaction() as session:
        session.execute(
            text(
                "WITH dead AS (INSERT INTO worker.procrastinate_workers (last_heartbeat)"
                "              VALUES (now() - interval '1 hour') RETURNING id)"
                " INSERT INTO worker.procrastinate_jobs (queue_name, task_name, status, worker_id, attempts)"
                " SELECT 'default', 'test.lost', 'doing', id, :attempts FROM dead"
            ),
            {"attempts": attempts},
        )


def test_job_of_a_dead_worker_is_rescued(database: Database, clock: FixedClock) -> None:
    held_by_dead_worker(database)
    with database.transaction() as session:
        rescue(session, clock)
    assert jobs(database) == [("test.lost", "todo", 1)]


def test_job_that_kills_its_workers_is_given_up(database: Database, clock: FixedClock) -> None:
    held_by_dead_worker(database, attempts=RESCUES_MAX)
    with database.transaction() as session:
        rescue(session, clock)
    assert jobs(database) == [("test.lost", "failed", RESCUES_MAX + 1)]


def _waits_for_another_day(database: Database, task: Task) -> None:
    with database.transaction() as session:
        tomorrow = SystemClock().now() + timedelta(days=1)
        assert enqueue(session, task, run_at=tomorrow, dedupe_key="letter", user_id=uuid4()) is not None


def test_a_job_that_had_queued_its_successor_when_its_worker_died_holds_nobody_up(
    database: Database, clock: FixedClock
) -> None:
    """Its work is in the successor: it is given up, and the others are rescued as ever."""
    _, task = recorder()
    with database.transaction() as session:
        enqueue(session, task, dedupe_key="letter", user_id=uuid4())
        session.execute(text("UPDATE worker.procrastinate_jobs SET status = 'doing'"))
    _waits_for_another_day(database, task)
    held_by_dead_worker(database)
    with database.transaction() as session:
        rescue(session, clock)
    assert jobs(database) == [("test.note", "aborted", 1), ("test.note", "todo", 0), ("test.lost", "todo", 1)]


def test_two_jobs_of_one_key_whose_workers_died_are_done_once_more(database: Database, clock: FixedClock) -> None:
    _, task = recorder()
    for _ in range(2):
        with database.transaction() as session:
            enqueue(session, task, dedupe_key="letter", user_id=uuid4())
            session.execute(text("UPDATE worker.procrastinate_jobs SET status = 'doing'"))
    with database.transaction() as session:
        rescue(session, clock)
    assert sorted(state for _, state, _ in jobs(database)) == ["aborted", "todo"]


def test_a_job_that_fails_while_one_of_its_key_waits_is_left_to_that_one(database: Database) -> None:
    _, task = recorder()

    def fail(session: Session, clock: Clock) -> None:
        _waits_for_another_day(database, task)
        raise RuntimeError("not now")

    failing_task = Task("test.fail", fail)
    with database.transaction() as session:
        enqueue(session, failing_task, dedupe_key="letter")
    work(database, failing_task, task)
    assert jobs(database) == [("test.fail", "aborted", 1), ("test.note", "todo", 0)]


def test_old_jobs_are_swept(database: Database) -> None:
    _, task = recorder()
    broken = Task("test.fail", failing(ValueError("never")), retry=Retry(attempts_max=1))
    with database.transaction() as session:
        enqueue(session, task, user_id=uuid4())
        enqueue(session, broken)
    work(database, task, broken)
    with database.transaction() as session:
        enqueue(session, task, user_id=uuid4())
    for days, left in ((6, 3), (8, 2), (31, 1)):
        later = FixedClock(SystemClock().now() + timedelta(days=days))
        with database.transaction() as session:
            sweep(session, later)
        assert len(jobs(database)) == left
    assert jobs(database) == [("test.note", "todo", 0)]


def test_figures_come_from_the_queue(database: Database) -> None:
    _, task = recorder()
    with database.transaction() as session:
        enqueue(session, task, user_id=uuid4())
    work(database, task)
    jobs_metric, late_metric = QueueCollector(database).collect()
    labels = {"task": "test.note", "status": "succeeded"}
    assert [sample.value for sample in jobs_metric.samples if sample.labels == labels] == [1]
    assert late_metric.samples[0].value == 0


def test_task_names_are_unique() -> None:
    _, task = recorder()
    with pytest.raises(ValueError, match=r"test\.note"):
        TaskRegistry([task, task])


def test_all_of_procrastinates_migrations_are_ours() -> None:
    """A newer Procrastinate brings further migrations; they need a revision that applies them."""
    assert procrastinate_migrations(upto="99") == procrastinate_migrations(upto=PROCRASTINATE_SCHEMA)


def test_migrated_queue_is_what_procrastinate_would_make(empty_owner_dsn: str) -> None:
    shape = (
        "SELECT format('%%s.%%s %%s %%s', table_name, column_name, data_type, is_nullable)"
        "  FROM information_schema.columns WHERE table_schema = %(schema)s"
        " UNION SELECT replace(indexdef, %(schema)s || '.', '') FROM pg_indexes WHERE schemaname = %(schema)s"
        " UNION SELECT proname FROM pg_proc WHERE pronamespace = CAST(%(schema)s AS regnamespace)"
        " UNION SELECT format('%%s %%s', trigger_name, event_manipulation)"
        "  FROM information_schema.triggers WHERE trigger_schema = %(schema)s"
    )
    with psycopg.connect(empty_owner_dsn) as connection:
        connection.execute(schema_sql())
        connection.execute("CREATE SCHEMA reference")
        connection.execute("SET LOCAL search_path = reference")
        connection.execute(SchemaManager.get_schema())
        made, wanted = (
            set(connection.execute(shape, {"schema": schema}).fetchall()) for schema in ("worker", "reference")
        )
    assert len(wanted) > 50
    assert made == wanted


@pytest.mark.parametrize("cron", ["every day", "61 * * * *", "0 0 31 2 *"])
def test_a_schedule_that_cannot_be_read_is_told_before_any_job_is_taken(database: Database, cron: str) -> None:
    calls, task = recorder()
    with database.transaction() as session:
        enqueue(session, task, user_id=uuid4())
    scheduled = Task("test.daily", lambda _session, _clock: None, cron=cron)
    with pytest.raises(TaskScheduleError, match=r"'test\.daily' cannot run by"):
        run_worker(database, [task, scheduled], SystemClock())
    assert calls == []
    assert jobs(database) == [("test.note", "todo", 0)]


def test_a_time_that_passed_while_no_worker_ran_is_made_up_for_once(database: Database) -> None:
    calls: list[datetime] = []

    def note(session: Session, clock: Clock) -> None:
        calls.append(clock.now())

    for _ in range(2):
        stop = threading.Timer(2, os.kill, (os.getpid(), signal.SIGTERM))
        run_worker(database, [Task("test.yearly", note, cron="0 0 1 1 *")], SystemClock(), on_ready=stop.start)
    assert len(calls) == 1
