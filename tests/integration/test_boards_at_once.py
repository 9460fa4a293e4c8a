"""Leaderboards while everything moves: exact at every instant, nobody counted who has left."""

import threading
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from guerdon.kernel.engagement.boards.service import managing, upkeep
from support.boards import WEEK, Boards


class TestManyAtOnce:
    def test_ranks_are_exact_at_every_instant(self, boards: Boards, owner_dsn: str) -> None:
        """Writers, folds and readers together; each reader holds ranks against a count in the same snapshot."""
        shown = boards.define()
        members = [boards.member(f"m{number:02}") for number in range(24)]
        for who in members:
            boards.count(who, 1)
        run_id = boards.run(shown).id
        raised: list[BaseException] = []
        done = threading.Event()
        checked: list[int] = []

        def writer(number: int) -> None:
            random = Random(number)
            with psycopg.connect(owner_dsn, autocommit=True) as connection:
                for _ in range(150):
                    chosen = sorted(random.sample(members, random.choice([1, 1, 1, 12])))
                    connection.execute(
                        "INSERT INTO engagement.counters AS c"
                        " SELECT id, %s, 'week', %s, 1 + floor(random() * 40), now() FROM unnest(%s::uuid[]) AS id"
                        " ON CONFLICT (owner_id, metric_id, period, period_start)"
                        " DO UPDATE SET value = excluded.value, reached_at = excluded.reached_at",
                        (boards.metric_id, WEEK, chosen),
                    )

        def folder() -> None:
            while not done.is_set():
                boards.do(upkeep.fold)

        def reader() -> None:
            with psycopg.connect(owner_dsn) as connection:
                connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                while not done.is_set():
                    rows = connection.execute(
                        "SELECT e.score, (SELECT above FROM engagement.board_above(%(run)s, e.score)),"
                        " (SELECT count(*) FROM engagement.board_entries AS o"
                        "  WHERE o.run_id = e.run_id AND o.score > e.score AND o.present)"
                        " FROM engagement.board_entries AS e WHERE run_id = %(run)s",
                        {"run": run_id},
                    ).fetchall()
                    connection.commit()
                    assert len(rows) == len(members)
                    for score, above, counted in rows:
                        assert above == counted, score
                    checked.append(len(rows))

        def guarded(work: Callable[..., None], *args: Any) -> Callable[[], None]:
            def run() -> None:
                try:
                    work(*args)
                except BaseException as exc:
                    raised.append(exc)

            return run

        writers = [threading.Thread(target=guarded(writer, number)) for number in range(4)]
        others = [threading.Thread(target=guarded(each)) for each in (folder, reader, reader)]
        for thread in (*writers, *others):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in others:
            thread.join()
        assert raised == []
        assert sum(checked) > 100
        assert boards.faults() == []
        assert boards.do(upkeep.fold) >= 0
        assert boards.faults() == []

    def test_what_comes_late_while_a_board_is_built_opens_no_period_before(
        self, boards: Boards, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Facts of now and of long ago come from four connections, from before it begins until it is built anew."""
        monkeypatch.setattr(upkeep, "BUILD_BATCH", 2)
        members = [boards.member(f"m{number:02}") for number in range(12)]
        for who in members:
            boards.count(who, 1)
        done, ready = threading.Event(), threading.Barrier(5)

        def record(number: int) -> None:
            random = Random(number)
            with psycopg.connect(owner_dsn, autocommit=True) as connection:
                ready.wait()
                while not done.is_set():
                    weeks = random.choice([0, 0, 1, 5, 30])
                    connection.execute(
                        "INSERT INTO engagement.counters AS c VALUES (%s, %s, 'week', %s, 1, now())"
                        " ON CONFLICT (owner_id, metric_id, period, period_start)"
                        " DO UPDATE SET value = c.value + 1, reached_at = excluded.reached_at",
                        (random.choice(members), boards.metric_id, WEEK - timedelta(weeks=weeks)),
                    )

        recording = [threading.Thread(target=record, args=(number,)) for number in range(4)]
        for thread in recording:
            thread.start()
        ready.wait()
        shown = boards.define()
        for _ in range(3):
            while boards.do(upkeep.build, shown.board.id, boards.clock.now()):
                pass
            boards.do(upkeep.rebuild, shown.board.id)
        while boards.do(upkeep.build, shown.board.id, boards.clock.now()):
            pass
        done.set()
        for thread in recording:
            thread.join()
        assert boards.weeks() == [WEEK - timedelta(weeks=1), WEEK]
        assert boards.faults() == []

    def test_who_leaves_while_being_counted_is_on_no_board(self, boards: Boards, owner_dsn: str) -> None:
        shown = boards.define()
        awa = boards.member("awa")
        boards.count(awa, 1)

        def count() -> None:
            with psycopg.connect(owner_dsn, autocommit=True) as connection:
                for value in range(2, 60):
                    connection.execute(
                        "UPDATE engagement.counters SET value = %s WHERE owner_id = %s AND period = 'week'",
                        (value, awa),
                    )

        counting = threading.Thread(target=count)
        counting.start()
        for number in range(21):
            boards.do(managing.show, awa, shown=bool(number % 2))
        counting.join()
        assert boards.top(shown) == []
        assert boards.own(shown, awa).score == 59
        assert boards.faults() == []
