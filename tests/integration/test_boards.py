"""Leaderboards on a real database: order, ranks, absences, closing, building."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.db.database import Database
from guerdon.kernel import personal_data
from guerdon.kernel.engagement.boards.personal_data import PART
from guerdon.kernel.engagement.boards.schemas import BoardChange, Draft, Own, Stretch
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.boards.service import managing, periods, reading, upkeep
from support.boards import NOON, WEEK, Boards


def ranks(rows: Sequence[Stretch]) -> list[tuple[int, str | None, int]]:
    return [(row.rank, row.name, row.score) for row in rows]


class TestOrder:
    @pytest.mark.parametrize(
        ("ranking", "numbers"), [("rank", [1, 2, 2, 4]), ("dense", [1, 2, 2, 3]), ("row", [1, 2, 3, 4])]
    )
    def test_score_then_who_came_first_then_id(self, boards: Boards, ranking: str, numbers: list[int]) -> None:
        shown = boards.define(ranking=ranking)
        awa, ben, zoe, kim = (boards.member(name) for name in ("awa", "ben", "zoe", "kim"))
        boards.count(awa, 20, at=NOON + timedelta(hours=2))
        boards.count(ben, 20, at=NOON + timedelta(hours=1))
        boards.count(zoe, 30)
        boards.count(kim, 5)
        expected = list(zip(numbers, ["Zoe", "Ben", "Awa", "Kim"], [30, 20, 20, 5], strict=True))
        assert ranks(boards.top(shown)) == expected
        for who, rank in zip((zoe, ben, awa, kim), numbers, strict=True):
            own = boards.own(shown, who)
            assert own.rank == rank
            assert ranks(own.around) == expected
        assert [row.own for row in boards.own(shown, awa).around] == [False, False, True, False]
        assert boards.faults() == []

    def test_same_moment_goes_by_id(self, boards: Boards) -> None:
        shown = boards.define(ranking="row")
        members = sorted(boards.member(f"m{number}") for number in range(4))
        for who in reversed(members):
            boards.count(who, 7)
        assert [row.user_id for row in boards.top(shown)] == members

    def test_nothing_or_less_holds_no_place(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben = boards.member("awa"), boards.member("ben")
        boards.count(awa, 3)
        boards.count(ben, 0)
        assert ranks(boards.top(shown)) == [(1, "Awa", 3)]
        boards.count(awa, -2)
        boards.count(ben, 1)
        assert ranks(boards.top(shown)) == [(1, "Ben", 1)]
        assert boards.own(shown, awa) == Own(None, -2, True, [])
        assert boards.faults() == []

    def test_a_counter_that_goes_takes_its_place_along(self, boards: Boards) -> None:
        shown = boards.define()
        awa = boards.member("awa")
        boards.count(awa, 3)
        boards.sql("DELETE FROM engagement.counters WHERE owner_id = :who", who=awa)
        assert boards.top(shown) == []
        assert boards.faults() == []

    def test_pages_go_on_where_the_one_before_ended(self, boards: Boards) -> None:
        shown = boards.define()
        scores = [9, 9, 9, 9, 9, 8, 8, 3, 2, 2, 1]
        for number, score in enumerate(scores):
            boards.count(boards.member(f"m{number:02}"), score, at=NOON + timedelta(minutes=number // 3))
        whole = boards.top(shown)
        assert [row.rank for row in whole] == [1, 1, 1, 1, 1, 6, 6, 8, 9, 9, 11]
        for size in (1, 2, 3, 4, 10):
            after, found = None, []
            while page := boards.top(shown, after=after, limit=size):
                found += page
                after = reading.key_after(page, after)
            assert found == whole, size

    def test_neighbours_of_one_among_many_equals(self, boards: Boards) -> None:
        shown = boards.define()
        members = [boards.member(f"m{number:02}") for number in range(12)]
        for number, who in enumerate(members):
            boards.count(who, 5 if number < 10 else 4 - number % 2, at=NOON + timedelta(minutes=number))
        own = boards.own(shown, members[8], neighbours=2)
        assert [row.rank for row in own.around] == [1, 1, 1, 1, 11]
        assert [row.user_id for row in own.around] == [*members[6:11]]
        assert [row.rank for row in boards.own(shown, members[11], neighbours=1).around] == [11, 12]


class TestLargeScores:
    def test_ranks_agree_with_counting_over_every_size_of_score(self, boards: Boards, owner_dsn: str) -> None:
        shown = boards.define()
        random = Random(7)
        edges = [
            base + step for power in (1, 17, 18, 19, 22, 26, 30, 45, 62) for base in [2**power] for step in (-1, 0, 1)
        ]
        scores = [*edges, *edges, 2**63 - 1, *(random.randrange(1, 2 ** random.randrange(1, 63)) for _ in range(200))]
        boards.member("awa")
        with psycopg.connect(owner_dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO engagement.counters"
                " SELECT gen_random_uuid(), %s, 'week', %s, s, now() FROM unnest(%s::bigint[]) AS s",
                (boards.metric_id, WEEK, scores),
            )
        run = boards.run(shown)
        for score in {*scores, *(score + 1 for score in edges)}:
            found = boards.sql(
                "SELECT engagement.board_rank(:run, 'rank', :score, NULL, NULL)", run=run.id, score=score
            )
            assert found[0][0] == 1 + sum(other > score for other in scores), score
        codes = boards.sql(
            "SELECT engagement.score_code(s) FROM unnest(CAST(:s AS bigint[])) AS s ORDER BY s", s=scores
        )
        assert [code for (code,) in codes] == sorted(code for (code,) in codes)
        assert boards.faults() == []


class TestWhoIsSeen:
    def test_who_opts_out_holds_no_rank_and_may_come_back(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben, zoe = boards.member("awa"), boards.member("ben"), boards.member("zoe")
        for who, score in ((awa, 9), (ben, 5), (zoe, 1)):
            boards.count(who, score)
        before = boards.top(shown)
        boards.do(managing.show, awa, shown=False)
        boards.do(managing.show, awa, shown=False)
        assert ranks(boards.top(shown)) == [(1, "Ben", 5), (2, "Zoe", 1)]
        assert boards.own(shown, awa) == Own(1, 9, False, [])
        boards.count(awa, 11)
        boards.count(awa, 2, period="life", start=date.min)
        assert ranks(boards.top(shown)) == [(1, "Ben", 5), (2, "Zoe", 1)]
        assert boards.own(shown, awa).score == 11
        assert boards.faults() == []
        boards.count(awa, 9)
        boards.do(managing.show, awa, shown=True)
        assert boards.top(shown) == before
        assert boards.faults() == []

    def test_a_private_profile_shows_no_name(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben = boards.member("awa"), boards.member("ben")
        boards.count(awa, 9)
        boards.count(ben, 5)
        boards.sql("UPDATE identity.profiles SET is_profile_public = false WHERE user_id = :who", who=awa)
        assert [(row.name, row.user_id) for row in boards.top(shown, ben)] == [(None, None), ("Ben", ben)]
        assert [row.name for row in boards.own(shown, ben).around] == [None, "Ben"]
        assert [row.name for row in boards.top(shown, awa)] == ["Awa", "Ben"]
        assert [row.name for row in boards.top(shown, ben, knows_all=True)] == ["Awa", "Ben"]

    def test_suspended_and_closed_accounts_are_on_no_board(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben = boards.member("awa"), boards.member("ben")
        boards.count(awa, 9)
        boards.count(ben, 5)
        boards.sql("UPDATE identity.users SET is_active = false WHERE id = :who", who=awa)
        assert ranks(boards.top(shown)) == [(1, "Ben", 5)]
        boards.sql("UPDATE identity.users SET is_active = true WHERE id = :who", who=awa)
        assert len(boards.top(shown)) == 2
        boards.sql("UPDATE identity.users SET deleted_at = now() WHERE id = :who", who=awa)
        assert ranks(boards.top(shown)) == [(1, "Ben", 5)]
        assert boards.faults() == []

    def test_who_is_erased_vanishes_and_the_others_keep_their_ranks(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben = boards.member("awa"), boards.member("ben")
        for start in (WEEK - timedelta(days=7), WEEK):
            boards.count(awa, 9, start=start)
            boards.count(ben, 5, start=start)
        boards.clock.move(timedelta(hours=4))
        boards.close_due()
        assert PART.erase is not None
        boards.do(PART.erase, boards.clock, awa)
        assert ranks(boards.top(shown)) == [(1, "Ben", 5)]
        assert ranks(boards.top(shown, start=WEEK - timedelta(days=7))) == [(2, "Ben", 5)]
        for table, column in (("board_entries", "owner_id"), ("leaderboard_cache", "user_id")):
            assert boards.sql(f"SELECT FROM engagement.{table} WHERE {column} = :who", who=awa) == []

    def test_a_copy_of_ones_data_tells_scores_and_places(self, boards: Boards) -> None:
        boards.define()
        awa = boards.member("awa")
        boards.count(awa, 9, start=WEEK - timedelta(days=7))
        boards.count(awa, 4)
        boards.clock.move(timedelta(hours=4))
        boards.close_due()
        with boards.database.transaction() as session:
            files = {file.path: file.content.decode() for file in PART.export(session, boards.clock, awa)}
        assert '"score": 4' in files["scores.json"]
        assert '"rank": 1' in files["places.json"]
        assert isinstance(PART, personal_data.PersonalData)


class TestClosing:
    def test_a_closed_week_is_a_snapshot_that_late_facts_do_not_change(self, boards: Boards) -> None:
        shown = boards.define()
        awa, ben, zoe = boards.member("awa"), boards.member("ben"), boards.member("zoe")
        for who, score in ((awa, 9), (ben, 9), (zoe, 1)):
            boards.count(who, score, at=NOON + timedelta(minutes=score))
        live = boards.top(shown)
        boards.clock.move(timedelta(days=7, hours=2))  # Monday 11:00; closed at 12:00
        assert boards.close_due() == []
        boards.clock.move(timedelta(hours=1))
        assert boards.close_due() == [3]
        assert boards.close_due() == []
        run = boards.run(shown)
        assert (run.state, run.members, run.closed_at) == ("closed", 3, boards.clock.now())
        closed = boards.top(shown)
        assert ranks(closed) == ranks(live)
        assert [row.reached_at for row in closed] == [row.reached_at for row in live]
        own = boards.own(shown, zoe, neighbours=1)
        assert (own.rank, own.score, [row.rank for row in own.around]) == (3, 1, [1, 3])
        boards.count(zoe, 100)
        assert boards.top(shown) == closed
        assert boards.sql("SELECT FROM engagement.board_entries WHERE run_id = :run", run=run.id) == []
        assert boards.faults() == []

    def test_closed_places_are_paged_and_hide_who_left_since(self, boards: Boards) -> None:
        shown = boards.define()
        members = [boards.member(f"m{number}") for number in range(5)]
        for number, who in enumerate(members):
            boards.count(who, 10 - number)
        boards.clock.move(timedelta(days=8))
        boards.close_due()
        first = boards.top(shown, limit=2)
        assert boards.top(shown, limit=10, after=reading.key_after(first)) == boards.top(shown)[2:]
        boards.do(managing.show, members[0], shown=False)
        assert [row.rank for row in boards.top(shown)] == [2, 3, 4, 5]
        assert boards.own(shown, members[0]).rank == 1

    def test_a_run_that_has_ended_takes_nothing_before_it_is_closed(self, boards: Boards) -> None:
        shown = boards.define()
        awa = boards.member("awa")
        boards.count(awa, 3)
        boards.clock.move(timedelta(days=8))
        due = boards.do(upkeep.end_due, boards.clock.now())
        boards.count(awa, 50)
        assert ranks(boards.top(shown)) == [(1, "Awa", 3)]
        assert boards.do(upkeep.end_due, boards.clock.now()) == due
        assert [boards.do(upkeep.close, run_id, boards.clock.now()) for run_id in due] == [1]
        assert ranks(boards.top(shown)) == [(1, "Awa", 3)]

    def test_all_time_never_closes(self, boards: Boards) -> None:
        shown = boards.define()
        boards.count(boards.member("awa"), 3, period="life", start=date.min)
        boards.clock.move(timedelta(days=4000))
        assert boards.close_due() == []
        assert boards.run(shown, date.min, "life").state == "open"

    def test_places_cannot_be_changed_by_the_application(self, boards: Boards) -> None:
        shown = boards.define()
        boards.count(boards.member("awa"), 3)
        boards.clock.move(timedelta(days=8))
        boards.close_due()
        before = boards.top(shown)
        for statement in (
            "UPDATE engagement.leaderboard_cache SET rank = 7",
            "DELETE FROM engagement.leaderboard_cache",
            "DELETE FROM engagement.board_finishes",
            "UPDATE engagement.board_entries SET score = 7",
            "UPDATE engagement.board_runs SET state = 'open'",
            "DELETE FROM engagement.board_buckets",
        ):
            with pytest.raises(Exception, match="permission denied"):
                boards.sql(statement)
        assert boards.top(shown) == before

    def test_a_view_serves_the_columns_of_the_seed(self, boards: Boards, owner_dsn: str) -> None:
        boards.define()
        boards.count(boards.member("awa"), 3)
        boards.clock.move(timedelta(days=8))
        boards.close_due()
        with psycopg.connect(owner_dsn) as connection:
            row = connection.execute(
                "SELECT md5(c.run_id || ':' || c.position)::uuid AS id, c.user_id, c.rank, c.score AS total_steps,"
                " r.period_start AS week_starts_at,"
                " CASE r.period WHEN 'week' THEN 'weekly' WHEN 'month' THEN 'monthly' END AS period,"
                " r.closed_at AS last_updated"
                " FROM engagement.leaderboard_cache AS c JOIN engagement.board_runs AS r ON r.id = c.run_id"
            ).fetchone()
        assert row is not None
        assert row[2:6] == (1, 3, WEEK, "weekly")

    @pytest.mark.parametrize(
        ("period", "start", "by_member", "zone", "end"),
        [
            ("day", date(2026, 3, 2), False, "Africa/Dakar", datetime(2026, 3, 3, tzinfo=UTC)),
            ("week", date(2026, 3, 23), False, "Europe/Paris", datetime(2026, 3, 29, 22, tzinfo=UTC)),
            ("month", date(2026, 12, 1), False, "UTC", datetime(2027, 1, 1, tzinfo=UTC)),
            ("week", date(2026, 3, 2), True, "Africa/Dakar", datetime(2026, 3, 9, 12, tzinfo=UTC)),
        ],
    )
    def test_ends(self, period: str, start: date, by_member: bool, zone: str, end: datetime) -> None:
        assert periods.ends_at(period, start, by_member=by_member, zone=zone) == end
        assert periods.start_of(period, start) == start


class TestBuilding:
    def test_a_board_over_a_metric_with_a_past_is_built_from_counters(
        self, boards: Boards, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(upkeep, "BUILD_BATCH", 3)
        members = [boards.member(f"m{number}") for number in range(8)]
        for number, who in enumerate(members):
            boards.count(who, 10 + number)
            boards.count(who, 100 + number, period="life", start=date.min)
            boards.count(who, 5, start=WEEK - timedelta(days=70))
        shown = boards.define()
        assert shown.board.status == "building"
        with pytest.raises(GuerdonError, match="not ready"):
            boards.run(shown)
        boards.count(members[7], 50)  # recorded while it is being built
        steps = 1
        while boards.do(upkeep.build, shown.board.id, boards.clock.now()):
            steps += 1
        assert steps == 3
        shown = boards.do(reading.get, "garden", "visits")
        assert (shown.board.status, shown.board.build_done) == ("active", 8)
        assert [row.score for row in boards.top(shown)] == [50, 16, 15, 14, 13, 12, 11, 10]
        former = WEEK - timedelta(days=7)  # takes late facts until noon
        assert boards.weeks() == [former, WEEK]  # the old week stays in the past
        boards.count(members[0], 6, start=WEEK - timedelta(days=70))  # also for a fact that is told late
        assert boards.weeks() == [former, WEEK]
        boards.count(members[0], 1, start=WEEK + timedelta(days=7))
        assert boards.weeks() == [former, WEEK, WEEK + timedelta(days=7)]
        assert boards.faults() == []
        assert boards.do(upkeep.build, shown.board.id, boards.clock.now()) is False

    def test_what_does_not_add_up_is_found_and_built_anew(self, boards: Boards, owner_dsn: str) -> None:
        shown = boards.define()
        awa, ben = boards.member("awa"), boards.member("ben")
        boards.count(awa, 9)
        boards.count(ben, 5)
        with psycopg.connect(owner_dsn, autocommit=True) as connection:
            connection.execute("UPDATE engagement.board_entries SET score = 1 WHERE owner_id = %s", (awa,))
            connection.execute("DELETE FROM engagement.board_lanes")
        assert {row[0].split()[0] for row in boards.faults()} == {"score", "bucket"}
        with boards.database.transaction() as session:
            upkeep.rebuild(session, shown.board.id)
        while boards.do(upkeep.build, shown.board.id, boards.clock.now()):
            pass
        assert boards.faults() == []
        assert ranks(boards.top(shown)) == [(1, "Awa", 9), (2, "Ben", 5)]


class TestDefining:
    def test_a_draft_counts_nothing(self, boards: Boards) -> None:
        draft = Draft("garden", "quiet", "Quiet", "garden:visits")
        boards.do(managing.define, draft, actor_id=None)
        boards.count(boards.member("awa"), 3)
        assert boards.sql("SELECT FROM engagement.board_runs") == []
        with pytest.raises(GuerdonError, match="no leaderboard"):
            boards.do(reading.get, "garden", "quiet")

    @pytest.mark.parametrize(
        ("given", "field"),
        [({"code": "No"}, "code"), ({"periods": ()}, "periods"), ({"metric": "garden:none"}, "metric")],
    )
    def test_what_does_not_fit_is_named(self, boards: Boards, given: dict[str, Any], field: str) -> None:
        values = {"program": "garden", "code": "new", "title": "New", "metric": "garden:visits", **given}
        with pytest.raises(FieldErrors) as refused:
            boards.do(managing.define, Draft(**values), actor_id=None)
        assert [fault.field for fault in refused.value.errors] == [field]
        assert boards.sql("SELECT FROM engagement.boards WHERE program = 'garden'") == []

    def test_twice_is_refused(self, boards: Boards) -> None:
        boards.define()
        with pytest.raises(GuerdonError, match="already"):
            boards.do(managing.define, Draft("garden", "visits", "Again", "garden:visits"), actor_id=None)
        with pytest.raises(GuerdonError, match="active"):
            boards.do(managing.activate, "garden", "visits", boards.clock.now(), actor_id=None)

    def test_a_hidden_board_is_for_staff(self, boards: Boards) -> None:
        boards.define()
        boards.do(managing.change, "garden", "visits", BoardChange(title="Seen", hidden=True), actor_id=None)
        assert boards.listed() == []
        assert [each.board.title for each in boards.listed(for_staff=True)] == ["Seen"]
        acts = boards.sql(
            "SELECT action FROM admin.audit_logs WHERE action LIKE 'engagement.board%' ORDER BY timestamp"
        )
        assert [act for (act,) in acts] == [f"engagement.board_{word}" for word in ("defined", "activated", "changed")]

    def test_a_program_brings_boards_once(self, boards: Boards, owner_dsn: str) -> None:
        seeds = (BoardSeed("leaves", "Leaves", "ledger:earned.LEAF"), BoardSeed("calls", "Calls", "visits"))
        owner = Database(owner_dsn)
        for _ in range(2):
            with owner.transaction() as session:
                managing.install(session, "garden", seeds, boards.clock.now())
        owner.dispose()
        found = boards.listed()
        assert [(each.name, each.unit, each.scale) for each in found] == [
            ("garden.calls", None, 0),
            ("garden.leaves", "LEAF", 2),
        ]
        awa = boards.member("awa")
        boards.sql("SELECT engagement.earned(:who, ledger.unit_id('LEAF'), 250, :at)", who=awa, at=boards.clock.now())
        leaves = boards.do(reading.get, "garden", "leaves")
        assert leaves.score(boards.top(leaves)[0].score) == "2.50"
