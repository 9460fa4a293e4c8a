"""A leaderboard of a million members: anybody's rank, the top, closing a month, and how each grows."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from bench.arena import Arena, Connection, Place
from bench.figures import Figure, Progress
from bench.plan import Plan
from guerdon.db.database import sqlalchemy_url
from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.boards.models import Board, BoardRun
from guerdon.kernel.engagement.boards.service import reading, upkeep

BATCH = 10_000
ASKED = 400
"""How many members are looked up in a round; the first ones only warm the connection up."""
WARM = 40
ROUNDS = 5
TIMES_MAX = 5
"""A rank with its neighbours, and the top 100, may take so many times as long as reading one row by its key."""
CLOSE_S_MAX = 60
GROWTH_MAX = 2.2
MEMORY_MIB_MAX = 64
"""What the close of a million may take more than it began with: the work memory of its sorts, not the members."""
_KEY = text("SELECT * FROM engagement.board_entries WHERE owner_id = :owner AND run_id = :run")
HALVES, WHOLES = (date(2026, 1, 1), date(2026, 4, 1)), (date(2026, 2, 1), date(2026, 3, 1))
"""Months with half of the members and with all of them: two of each, closed in the order of the calendar, so that what
else the machine does, and what closing finds in memory, counts for both sizes."""
AT = datetime(2026, 5, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filled:
    """A board with four months: two with half of the members, two with all of them."""

    place: Place
    halves: tuple[int, int]
    wholes: tuple[int, int]
    members: list[UUID]


def figures(built: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Every figure of the boards."""
    filled, load_s = _fill(built, plan.board_members, progress)
    built.tidy(filled.place)
    engine = create_engine(
        sqlalchemy_url(filled.place.app_dsn), connect_args={"options": "-c guerdon.acting_as=system"}
    )
    with Session(engine) as session:
        found = _readings(session, filled, plan.board_members, progress)
        found += _closings(session, filled, plan.board_members, progress)
    engine.dispose()
    rate = plan.board_members * 3 / load_s
    found.append(Figure("counters with a board, in batches of 10,000", "", rate, None, "counters/s", rate, 1))
    return found


def _fill(built: Arena, members: int, progress: Progress) -> tuple[Filled, float]:
    place = built.place("boards")
    with place.owner() as connection:
        _people(connection, members)
        board = connection.execute(
            """
            WITH metric AS (
                INSERT INTO engagement.metrics (program, code, title, activity_kinds, aggregate)
                VALUES ('bench', 'points', 'Points', '{bench.act}', 'count') RETURNING id
            )
            INSERT INTO engagement.boards (program, code, title, metric_id, periods, status)
            SELECT 'bench', 'points', 'Points', id, '{month}', 'active' FROM metric RETURNING id, metric_id
            """
        ).fetchone()
        assert board is not None
        ids = [row[0] for row in connection.execute("SELECT id FROM identity.users ORDER BY id").fetchall()]
        start = perf_counter()
        for month in (*HALVES, *WHOLES):
            number = members if month in WHOLES else members // 2
            for first in range(0, number, BATCH):
                _count(connection, board[1], month, ids[first : min(first + BATCH, number)])
                progress(f"filling a board of {members:,}")
        taken = perf_counter() - start
        runs = dict(connection.execute("SELECT period_start, id FROM engagement.board_runs").fetchall())
        connection.execute("SELECT engagement.fold_boards()")
    halves, wholes = ((runs[months[0]], runs[months[1]]) for months in (HALVES, WHOLES))
    return Filled(place, halves, wholes, ids), taken


def _people(connection: Connection, members: int) -> None:
    # Accounts as they are, without the price of making each: that is not the question here.
    connection.execute("ALTER TABLE identity.users DISABLE TRIGGER USER")
    connection.execute("DELETE FROM identity.users")
    connection.execute(
        "INSERT INTO identity.users (email, name)"
        " SELECT 'm' || i || '@example.org', 'Member ' || i FROM generate_series(1, %s) AS i",
        (members,),
    )
    connection.execute("INSERT INTO identity.profiles (user_id, full_name) SELECT id, name FROM identity.users")
    connection.execute("ALTER TABLE identity.users ENABLE TRIGGER USER")


def _count(connection: Connection, metric_id: int, month: date, ids: list[UUID]) -> None:
    """Counters as recording writes them, with scores from 1 to tens of thousands, many of them equal."""
    connection.execute(
        "INSERT INTO engagement.counters (owner_id, metric_id, period, period_start, value, reached_at)"
        " SELECT id, %s, 'month', %s, 1 + (exp(random() * 10))::bigint, now() FROM unnest(%s::uuid[]) AS id",
        (metric_id, month, ids),
    )


def _readings(session: Session, filled: Filled, members: int, progress: Progress) -> list[Figure]:
    """Through one session, as a request reads: a row by its key, a rank with its neighbours, the top 100."""
    shown = _shown(session)
    whole, half = (session.get_one(BoardRun, run_id) for run_id in (filled.wholes[0], filled.halves[0]))
    chosen = Random(1).sample(filled.members[: members // 2], ASKED)  # noqa: S311 - whom to ask

    def by_key(member: UUID) -> None:
        session.execute(_KEY, {"owner": member, "run": whole.id}).one()

    def ranked(run: BoardRun) -> Callable[[UUID], None]:
        def ask(member: UUID) -> None:
            found = reading.around(session, shown, run, member, member, neighbours=5)
            assert found

        return ask

    def top(member: UUID) -> None:
        assert len(reading.top(session, shown, whole, member, limit=100)) == 100

    questions = {"key": by_key, "rank": ranked(whole), "top": top, "rank of half": ranked(half)}
    times: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(ROUNDS):
        for name, ask in questions.items():
            times[name].append(_time(ask, chosen))
            progress(f"asking a board of {members:,}: {name}")
    key = median(times["key"])
    size = f"{members:,} members"

    def figure(title: str, name: str, against: str, target: float) -> Figure:
        base = "rank of half" if against.startswith("half") else "key"
        ratio = median(ours / theirs for ours, theirs in zip(times[name], times[base], strict=True))
        base_us = median(times[base]) * 1e6 if base != "key" else key * 1e6
        return Figure(title, against, median(times[name]) * 1e6, base_us, "µs", ratio, ROUNDS, target, at_most=True)

    same = "one row by its key, same session"
    return [
        figure(f"a member's live rank with 5 neighbours on each side, {size}", "rank", same, TIMES_MAX),
        figure(f"the top 100 with names, {size}", "top", same, TIMES_MAX),
        figure(f"a member's live rank, {size}", "rank", "half as many members", GROWTH_MAX),
    ]


def _shown(session: Session) -> reading.Shown:
    board, metric = session.execute(select(Board, Metric).join(Metric, Metric.id == Board.metric_id)).one()
    return reading.Shown(board, metric, None, "", 0)


def _time(ask: Callable[[UUID], None], members: list[UUID]) -> float:
    taken = []
    for member in members:
        start = perf_counter()
        ask(member)
        taken.append(perf_counter() - start)
    # The faster quarter: what else the machine does interrupts long requests more often than short ones.
    return sorted(taken[WARM:])[(ASKED - WARM) // 4]


def _closings(session: Session, filled: Filled, members: int, progress: Progress) -> list[Figure]:
    seconds: dict[int, float] = {}
    memory_mib = 0.0
    for run_id in (filled.halves[0], *filled.wholes, filled.halves[1]):
        places = members if run_id in filled.wholes else members // 2
        session.commit()
        session.execute(text("SELECT engagement.end_run(:run)"), {"run": run_id})
        session.commit()
        backend = int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())
        with _Memory(backend) as memory:
            start = perf_counter()
            assert upkeep.close(session, run_id, AT) == places
            session.commit()
            seconds[run_id] = perf_counter() - start
        memory_mib = max(memory_mib, memory.grown_mib)
        progress(f"closing a month of {places:,}")
    half, whole = (sum(seconds[run_id] for run_id in runs) / 2 for runs in (filled.halves, filled.wholes))
    return [
        Figure(f"closing a month of {members:,} members", "", whole, None, "s", whole, 2, CLOSE_S_MAX, at_most=True),
        Figure(
            f"closing a month of {members:,} members",
            "half as many members",
            whole,
            half,
            "s",
            whole / half,
            2,
            GROWTH_MAX,
            at_most=True,
        ),
        Figure("memory that closing takes", "", memory_mib, None, "MiB", memory_mib, 1, MEMORY_MIB_MAX, at_most=True),
    ]


class _Memory:
    """By how much a server process's own memory grew: without the buffers, which belong to all."""

    def __init__(self, pid: int) -> None:
        self._rollup = Path(f"/proc/{pid}/smaps_rollup")
        self._first = self._own_kib()
        self._highest = self._first
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @property
    def grown_mib(self) -> float:
        return (self._highest - self._first) / 1024

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._done.set()
        self._thread.join()

    def _own_kib(self) -> int:
        lines = self._rollup.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:"))

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._highest = max(self._highest, self._own_kib())
