"""A command that builds something anew is killed half-way: what it began is finished all the same."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.db.embedded import EmbeddedServer
from guerdon.kernel.engagement.activities.schemas import LIFE_START
from guerdon.kernel.engagement.boards.service import reading
from guerdon.kernel.engagement.streaks.service.definitions import by_code
from guerdon.kernel.engagement.streaks.service.reading import one_of_member
from guerdon.kernel.identity.models import User
from guerdon.worker.runner import run_worker
from support.boards import Boards
from support.databases import START_OF_TIME, on_database
from support.processes import eventually, guerdon, guerdon_environment
from support.walkers import advance

Kill = Callable[[str, str], None]
WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE application_name = 'guerdon engagement' AND datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def environment(owner_dsn: str, app_dsn: str, tmp_path: Path) -> dict[str, str]:
    return guerdon_environment(tmp_path, database_url=owner_dsn, database_app_url=app_dsn)


@pytest.fixture
def kill(database_server: EmbeddedServer, database_name: str, environment: dict[str, str]) -> Kill:
    """Runs ``guerdon engagement`` with a command until it waits for what a statement holds, and kills it there."""
    dsn = on_database(database_server.superuser_dsn, database_name)

    def kill_while(held: str, command: str) -> None:
        with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as watcher:
            holder.execute(held)  # type: ignore[arg-type]
            process = subprocess.Popen(
                [sys.executable, "-m", "guerdon.cli", "engagement", command],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )

            def waits() -> bool:
                row = watcher.execute(WAITING).fetchone()
                return row is not None and row[0] > 0

            eventually(lambda: waits() or process.poll() is not None, 30)
            with suppress(ProcessLookupError):
                process.kill()
            said, _ = process.communicate()
            assert process.returncode == -9, said.decode()

    return kill_while


def test_boards(boards: Boards, kill: Kill) -> None:
    """The worker builds on; until then members were told that the board is being built, for ever."""
    boards.count(boards.member("awa"), 7, start=LIFE_START, period="life")
    boards.define()
    run_worker(boards.database, boot.tasks().values(), boards.clock, until_idle=True)
    kill("SELECT FROM engagement.counters FOR UPDATE", "rebuild-boards")
    assert [each.board.status for each in boards.listed()] == ["building"]
    run_worker(boards.database, boot.tasks().values(), boards.clock, until_idle=True)
    [shown] = boards.listed()
    assert shown.board.status == "active"
    found = boards.do(reading.top, shown, boards.run(shown, LIFE_START, "life"), None, limit=10)
    assert [each.score for each in found] == [7]
    assert boards.faults() == []


def test_counters(
    walkers: Database, clock: FixedClock, person: Callable[..., User], kill: Kill, environment: dict[str, str]
) -> None:
    """Killed between the last counter and the streaks: the next run finds no counter at fault, and streaks follow."""
    awa = person("awa").id
    with walkers.transaction() as session:  # counters that no activity is behind
        advance(session, clock.now(), awa, START_OF_TIME.date(), walks=1)
    kill("LOCK TABLE worker.procrastinate_jobs", "rebuild")
    done = guerdon("engagement", "rebuild", environment=environment)
    assert "0 were not as they should have been" in done.stdout, done.stderr
    run_worker(walkers, boot.tasks().values(), clock, until_idle=True)
    with walkers.transaction() as session:
        stands = one_of_member(session, clock.now(), awa, by_code(session, "walkers", "weekly"))
    assert (stands.standing.current, stands.standing.longest) == (0, 0)
