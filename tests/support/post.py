"""What leaves the house in tests: the queue is worked off, and the outbox read."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity import jobs as identity_jobs
from guerdon.kernel.notifications import jobs as notifications_jobs
from guerdon.kernel.notifications import outbox
from guerdon.kernel.notifications.models import OutboxMessage
from guerdon.kernel.notifications.transports import Letter
from guerdon.worker.runner import run_worker

TOKEN = re.compile(r"token=([A-Za-z0-9_-]+)")
CODE = re.compile(r"\b(\d{6})\b")
TASKS = (*identity_jobs.TASKS, *notifications_jobs.TASKS)


class Post:
    """The outbox of a test, after the jobs that wait have been done."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self._database = database
        self._clock = clock

    def work(self) -> None:
        """Do all jobs that are due, in a thread: Playwright runs an event loop in that of the test."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(run_worker, self._database, TASKS, self._clock, until_idle=True).result()

    def letters(self, kind: str = "") -> list[Letter]:
        """Every message of a kind, the oldest first."""
        with self._database.transaction() as session:
            rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
            opened = [(row.kind, outbox.current().open(row)) for row in rows]
        return [letter for its_kind, letter in opened if letter is not None and its_kind.startswith(kind)]

    def token(self, kind: str) -> str:
        """The token of the link in the last message of a kind, after the jobs that wait."""
        self.work()
        found = TOKEN.search(self.letters(kind)[-1].body)
        assert found
        return found[1]

    def code(self) -> str:
        """The last code that was sent."""
        found = CODE.search(self.letters("identity.code")[-1].body)
        assert found
        return found[1]


@pytest.fixture
def post(database: Database, clock: FixedClock) -> Post:
    """The outbox of the test's application."""
    return Post(database, clock)
