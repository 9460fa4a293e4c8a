"""Recording facts: once each, with everything that follows, refused without a trace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.errors import (
    ActivityNotFoundError,
    ActivityWithdrawnError,
    WithdrawalReasonError,
)
from guerdon.kernel.engagement.activities.schemas import Outcome
from guerdon.kernel.engagement.activities.service import evaluating
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from support.databases import START_OF_TIME
from support.track import Track, rule, together

COUNTED = ("counters", "distinct_values", "rule_grants")


class TestRecording:
    def test_a_fact_earns_and_counts(self, track: Track) -> None:
        track.install(
            rule("run", "ratio(activity.metres, 100)"), rule("long", "50", condition="activity.metres > 5000")
        )
        member = track.member()
        outcome = track.run(member, 1000)
        assert [(each.rule, each.amount_minor) for each in outcome.awards] == [("run", 10)]
        assert [(each.rule, each.reason) for each in outcome.not_awarded] == [("long", "condition")]
        assert outcome.counters == {"track.runs": 1, "track.metres": 1000, "track.routes": 1, "track.longest": 1000}
        assert track.laps(member) == 10
        expected = {"day 2026-03-02": 10, "week 2026-03-02": 10, "month 2026-03-01": 10, "life": 10}
        assert track.counters(member, "earned.LAP", "ledger") == expected

    def test_counters_within_a_batch(self, track: Track) -> None:
        track.install(rule("third", "7", condition="counters.runs.week == 3"))
        member = track.member()
        outcomes = track.record(*(track.fact(member) for _ in range(4)))
        assert [len(each.awards) for each in outcomes] == [0, 0, 1, 0]
        assert track.run(member).counters["track.runs"] == 5

    def test_the_same_again_answers_the_same(self, track: Track) -> None:
        track.install(rule("run"))
        member = track.member()
        fact = track.fact(member)
        first, second = track.record(fact, fact)
        before = track.snapshot()
        third = track.record(fact)[0]
        assert not first.replayed
        assert second.replayed
        assert third.replayed
        assert third.activity_id == second.activity_id == first.activity_id
        assert third.awards == second.awards == first.awards
        assert track.snapshot() == before
        other = track.record(track.fact(member, 5, key=fact.key))[0]
        assert other.refused is not None
        assert other.refused.code == "activity-conflict"
        assert track.snapshot() == before

    def test_what_is_remembered_of_a_rule_is_not_what_its_next_version_gives(
        self, track: Track, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(evaluating, "_KNOWN_MAX", 3)
        track.install(rule("run", "ratio(activity.metres, 100)", condition="activity.metres != 700"))
        member = track.member()
        metres = [100 * number for number in range(1, 9)] * 2
        for times in (1, 3):
            outcomes = track.record(*(track.fact(member, each) for each in metres))
            assert amounts(outcomes) == [0 if each == 700 else times * each // 100 for each in metres]
            changes = {"amount": "3 * ratio(activity.metres, 100)"}
            draft = track.do(
                rules.write_version, "track", "run", params={}, note="more", actor_id=None, changes=changes
            )
            track.do(rules.activate, draft.id, track.clock.now())

    def test_late_facts_land_in_their_own_period(self, track: Track) -> None:
        track.install(rule("run", caps={"week": 15}))
        member = track.member()
        earlier = datetime(2026, 2, 27, 12, tzinfo=UTC)
        amounts = [
            sum(award.amount_minor for award in track.run(member, at=at).awards)
            for at in (track.clock.now(), track.clock.now(), earlier, track.clock.now(), earlier + timedelta(hours=1))
        ]
        assert amounts == [10, 5, 10, 0, 5]
        assert track.counters(member, "runs")["week 2026-02-23"] == 2


def amounts(outcomes: list[Outcome]) -> list[int]:
    """What each fact earned in all."""
    return [sum(award.amount_minor for award in outcome.awards) for outcome in outcomes]


def reasons(outcome: Outcome) -> dict[str, str]:
    """Why each rule granted nothing."""
    return {each.rule: each.reason for each in outcome.not_awarded}


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"kind": "track.swim"}, "activity-kind-unknown"),
            ({"program": "garden"}, "activity-kind-unknown"),
            ({"key": ""}, "activity-key"),
            ({"key": "k" * 256}, "activity-key"),
            ({"key": "nul\x00"}, "activity-key"),
            ({"happened_at": START_OF_TIME + timedelta(seconds=301)}, "activity-in-future"),
            ({"happened_at": START_OF_TIME.replace(tzinfo=None)}, "activity-moment"),
            ({"happened_at": datetime(1999, 12, 31, tzinfo=UTC)}, "activity-too-old"),
            ({"owner_id": UUID(int=7)}, "activity-member-unknown"),
            ({"properties": {"metres": 5}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "a", "pace": 3}}, "invalid-fields"),
            ({"properties": {"metres": "5", "route": "a"}}, "invalid-fields"),
            ({"properties": {"metres": True, "route": "a"}}, "invalid-fields"),
            ({"properties": {"metres": 5.0, "route": "a"}}, "invalid-fields"),
            ({"properties": {"metres": 10**12 + 1, "route": "a"}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "a" * 501}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "\ud800"}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": None}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "a", "friends": ["x"] * 101}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "a", "friends": [{}]}}, "invalid-fields"),
            ({"properties": {"metres": 5, "route": "a", "friends": ["x" * 100] * 99}}, "activity-properties-too-large"),
        ],
    )
    def test_what_cannot_be_recorded_leaves_nothing(self, track: Track, change: dict[str, Any], code: str) -> None:
        track.install(rule("run"))
        member = track.member()
        before = track.snapshot()
        outcome = track.record(replace(track.fact(member), **change))[0]
        assert outcome.refused is not None
        assert outcome.refused.code == code
        assert outcome.activity_id is None
        assert track.snapshot() == before

    def test_one_that_is_refused_does_not_hold_up_the_others(self, track: Track) -> None:
        track.install(rule("run"))
        member = track.member()
        good, bad = track.fact(member), track.fact(UUID(int=7))
        first, second, third = track.record(good, bad, track.fact(member))
        assert (first.refused, third.refused) == (None, None)
        assert second.refused is not None
        assert track.counters(member, "runs")["life"] == 2

    def test_whoever_has_left_takes_part_no_more(self, track: Track) -> None:
        member = track.member()
        track.run(member)
        with track.database.transaction() as session:
            session.execute(update(User).where(User.id == member).values(deleted_at=track.clock.now()))
        assert track.run(member).refused is not None

    def test_the_clock_may_be_ahead_a_little(self, track: Track) -> None:
        assert track.run(track.member(), at=START_OF_TIME + timedelta(seconds=300)).refused is None

    def test_the_database_keeps_activities(self, track: Track) -> None:
        track.run(track.member())
        for statement in (
            "UPDATE engagement.activities SET kind = 'x.y'",
            "DELETE FROM engagement.activities",
            "TRUNCATE engagement.activities CASCADE",
        ):
            with pytest.raises(DBAPIError), track.database.transaction() as session:
                session.execute(text(statement))
            with psycopg.connect(track.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(statement)


class TestRules:
    def test_multipliers_compound_within_bounds(self, track: Track) -> None:
        track.install(
            rule("double", multipliers=("20000", "activity.metres > 5000 ? 15000 : 10000"), multiplier_max_bp=25_000),
            rule("half", multipliers=("5000", "5000"), multiplier_min_bp=4_000),
            rule("thirds", "100", multipliers=("3333",)),
        )
        outcome = track.run(track.member(), 6000)
        found = {each.rule: (each.amount_minor, each.multiplier_bp) for each in outcome.awards}
        assert found == {"double": (25, 25_000), "half": (4, 4_000), "thirds": (33, 3_333)}

    def test_a_cap_of_a_period_leaves_what_is_left(self, track: Track) -> None:
        track.install(rule("run", "8", caps={"day": 20}))
        member = track.member()
        facts = [track.fact(member) for _ in range(4)]
        outcomes = track.record(*facts)
        assert amounts(outcomes) == [8, 8, 4, 0]
        assert outcomes[2].awards[0].capped == "day"
        assert reasons(outcomes[3]) == {"run": "day_cap"}
        track.clock.move(timedelta(days=1))
        assert amounts(track.record(track.fact(member))) == [8]

    @pytest.mark.parametrize("period", ["week", "month", "life"])
    def test_longer_caps(self, track: Track, period: str) -> None:
        track.install(rule("run", "8", caps={period: 10}))
        member = track.member()
        assert amounts([track.run(member), track.run(member)]) == [8, 2]
        assert reasons(track.run(member)) == {"run": f"{period}_cap"}
        track.clock.move(timedelta(days=40))
        assert amounts([track.run(member)]) == [0 if period == "life" else 8]

    def test_the_cap_of_one_act_refuses_it_whole(self, track: Track) -> None:
        track.install(rule("run", "activity.metres", caps={"act": 1000}))
        member = track.member()
        assert amounts([track.run(member, 1000)]) == [1000]
        refused = track.run(member, 1001)
        assert amounts([refused]) == [0]
        assert reasons(refused) == {"run": "act_cap"}

    def test_a_cool_down_holds_both_ways(self, track: Track) -> None:
        track.install(rule("run", cool_down_s=3600))
        member = track.member()
        now = track.clock.now()
        hours = (0, -0.5, -5, -2, -2.5, -1, -1.5)
        found = [track.run(member, at=now + timedelta(hours=each)) for each in hours]
        assert amounts(found) == [10, 0, 10, 10, 0, 10, 0]
        assert reasons(found[1]) == {"run": "cool_down"}

    def test_maturity_sets_aside(self, track: Track) -> None:
        track.install(rule("run", maturity_s=86_400))
        member = track.member()
        award = track.run(member).awards[0]
        assert award.due_at == track.clock.now() + timedelta(days=1)
        late = track.run(member, at=track.clock.now() - timedelta(days=2)).awards[0]
        assert late.due_at is None
        balances = {each.pocket.value: each.balance_minor for each in track.do(ledger.balances, member, START_OF_TIME)}
        assert balances == {"pending": 10, "available": 10}
        track.clock.move(timedelta(days=1))
        later = track.do(ledger.balances, member, track.clock.now())
        assert {each.pocket.value: each.balance_minor for each in later if each.balance_minor} == {"available": 20}

    def test_a_rule_that_fails_says_so_and_holds_nothing_up(self, track: Track) -> None:
        track.install(rule("bad", "activity.metres / (activity.metres - 1000)"), rule("good"))
        outcome = track.run(track.member(), 1000)
        assert [each.rule for each in outcome.awards] == ["good"]
        assert reasons(outcome) == {"bad": "failed"}

    def test_a_balance_that_is_full_costs_that_award_only(self, track: Track) -> None:
        track.install(rule("a", str(2**63 - 1)), rule("b", "1", condition="activity.metres > 1"))
        member = track.member()
        first, second = track.record(track.fact(member, 1), track.fact(member, 2))
        assert amounts([first]) == [2**63 - 1]
        assert reasons(second) == {"a": "ledger", "b": "ledger"}
        assert track.counters(member, "runs")["life"] == 2

    def test_what_is_left_out_reads_as_null_and_lists_are_asked(self, track: Track) -> None:
        track.install(
            rule("dark", condition="activity.night == true"),
            rule("known", condition="has(activity.night)"),
            rule("together", condition='activity.friends.exists(f, f == "ana")'),
        )
        member = track.member()
        assert reasons(track.run(member, friends=["ana"])) == {"dark": "condition", "known": "condition"}
        assert reasons(track.run(member, night=True)) == {"together": "failed"}
        assert reasons(track.run(member, night=False, friends=["bo"])) == {"dark": "condition", "together": "condition"}

    def test_members_and_counters_are_read(self, track: Track) -> None:
        track.install(
            rule("new", condition="member.account_age_days < 7 && !member.verified"),
            rule("tenth_km", condition="counters.metres.life >= 10000 && counters.metres.life < 11000"),
            rule("rich", condition="counters.earned.LAP.life >= 20"),
            rule("explorer", condition="counters.routes.week == 2 && counters.longest.life >= 2000"),
        )
        member = track.member()
        first = track.run(member, 9500)
        assert [each.rule for each in first.awards] == ["new"]
        assert first.awards[0].inputs == {"member.account_age_days": 0, "member.verified": False}
        second = track.run(member, 500, "hill")
        assert [each.rule for each in second.awards] == ["explorer", "new", "tenth_km"]
        track.clock.move(timedelta(days=8))
        third = track.run(member, 2500, "lake")
        assert [each.rule for each in third.awards] == ["rich"]

    def test_a_rule_put_in_force_counts_from_the_next_fact(self, track: Track) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        member = track.member()
        assert amounts([track.run(member, 3)]) == [3]
        with track.database.transaction() as session:
            draft = rules.write_version(session, "track", "run", params={"rate": 2}, note="more", actor_id=None)
            rules.activate(session, draft.id, track.clock.now())
            assert amounts(record(session, track.clock, [track.fact(member, 3)])) == [6]
            session.rollback()
        again = track.run(member, 3)
        assert (amounts([again]), again.awards[0].version) == ([3], 1)


class TestBudgets:
    def fund(self, track: Track, amount: int) -> UUID:
        def give(session: Session) -> UUID:
            owner = ledger.open_system_owner(session, "track.prizes", "LAP")
            source = SystemAccount("issuance", "LAP")
            ledger.post(session, Posting(source, Account(owner, "LAP"), amount, "award", "fund"), track.clock.now())
            return owner

        owner_id: UUID = track.do(give)
        return owner_id

    def test_a_budget_pays_whole_or_not_at_all(self, track: Track) -> None:
        track.install(rule("prize", "activity.metres", budget="track.prizes"))
        self.fund(track, 25)
        member = track.member()
        found = track.record(*(track.fact(member, metres) for metres in (10, 10, 10, 5, 1)))
        assert amounts(found) == [10, 10, 0, 5, 0]
        assert reasons(found[2]) == {"prize": "budget"}
        assert track.laps(member) == 25

    def test_a_budget_that_nobody_has_opened_pays_nothing(self, track: Track) -> None:
        track.install(rule("prize", budget="track.prizes"))
        assert reasons(track.run(track.member())) == {"prize": "budget"}

    def test_parallel_awards_never_overspend(self, track: Track) -> None:
        track.install(rule("prize", "7", budget="track.prizes"))
        budget = self.fund(track, 100)
        members = [track.member() for _ in range(8)]
        found: list[int] = []

        def work(number: int) -> None:
            for _ in range(5):
                found.extend(amounts([track.run(members[number])]))

        assert together(work, 8) == []
        assert sum(found) == 98
        assert [each.balance_minor for each in track.do(ledger.balances, budget, track.clock.now())] == [2]
        assert track.do(ledger.verify) == []


class TestTogether:
    def test_the_same_key_at_once_is_one_activity(self, track: Track) -> None:
        track.install(rule("run"))
        fact = track.fact(track.member())
        found: list[Outcome] = []
        assert together(lambda _number: found.append(track.record(fact)[0]), 8) == []
        assert len({each.activity_id for each in found}) == 1
        assert sorted(each.replayed for each in found) == [False] + [True] * 7
        assert track.laps(fact.owner_id) == 10
        assert track.counters(fact.owner_id, "runs")["life"] == 1

    def test_caps_are_exact_for_one_member(self, track: Track) -> None:
        track.install(rule("run", "8", caps={"day": 50}))
        member = track.member()
        found: list[int] = []

        def work(_number: int) -> None:
            for _ in range(3):
                found.extend(amounts([track.run(member)]))

        assert together(work, 6) == []
        assert sorted(found) == [0] * 11 + [2] + [8] * 6
        assert track.counters(member, "runs")["life"] == 18

    def test_batches_over_the_same_members_in_any_order(self, track: Track) -> None:
        track.install(rule("run", caps={"week": 60}))
        members = [track.member() for _ in range(6)]

        def work(number: int) -> None:
            order = members[number % 6 :] + members[: number % 6]
            for _ in range(3):
                track.record(*(track.fact(each) for each in (order if number % 2 else reversed(order))))

        assert together(work, 6) == []
        assert [track.laps(each) for each in members] == [60] * 6
        assert [track.counters(each, "runs")["life"] for each in members] == [18] * 6
        assert track.do(ledger.verify) == []


class TestWithdrawing:
    def test_everything_is_taken_back(self, track: Track) -> None:
        track.install(rule("run", caps={"day": 15}))
        member = track.member()
        first, _ = track.run(member, 7000, "hill"), track.run(member)
        taken = track.do(withdraw, track.clock, member, first.activity_id, actor_id=None, reason="a bicycle")
        assert [(each.taken_minor, each.kept_minor) for each in taken] == [(10, 0)]
        assert track.laps(member) == 5
        assert track.counters(member, "runs")["life"] == 1
        assert track.counters(member, "longest")["life"] == 1000
        assert track.counters(member, "routes")["life"] == 1
        assert track.counters(member, "long_runs") == {}
        assert track.counters(member, "earned.LAP", "ledger")["life"] == 5
        assert amounts([track.run(member)]) == [10]
        before = track.snapshot()
        with pytest.raises(ActivityWithdrawnError):
            track.do(withdraw, track.clock, member, first.activity_id, actor_id=None, reason="a bicycle")
        with pytest.raises(ActivityNotFoundError):
            track.do(withdraw, track.clock, member, UUID(int=3), actor_id=None, reason="a bicycle")
        with pytest.raises(WithdrawalReasonError):
            track.do(withdraw, track.clock, member, first.activity_id, actor_id=None, reason=" ")
        assert track.snapshot() == before

    def test_what_is_spent_is_kept(self, track: Track) -> None:
        track.install(rule("run"))
        member = track.member()
        outcome = track.run(member)
        spend = Posting(Account(member, "LAP"), SystemAccount("redemption", "LAP"), 7, "spend", "spent")
        track.do(ledger.post, spend, track.clock.now())
        taken = track.do(withdraw, track.clock, member, outcome.activity_id, actor_id=None, reason="a bicycle")
        assert [(each.taken_minor, each.kept_minor) for each in taken] == [(3, 7)]
        assert track.counters(member, "earned.LAP", "ledger")["life"] == 7

    def test_pending_and_budgets_go_back_where_they_came_from(self, track: Track) -> None:
        track.install(rule("prize", budget="track.prizes", maturity_s=3600))
        budget = TestBudgets().fund(track, 10)
        member = track.member()
        outcome = track.run(member)
        assert amounts([outcome]) == [10]
        track.do(withdraw, track.clock, member, outcome.activity_id, actor_id=None, reason="a bicycle")
        assert [each.balance_minor for each in track.do(ledger.balances, budget, track.clock.now())] == [10]
        assert track.do(ledger.verify) == []

    def test_two_who_withdraw_at_once(self, track: Track) -> None:
        track.install(rule("run"))
        member = track.member()
        outcome = track.run(member)

        def work(_number: int) -> None:
            track.do(withdraw, track.clock, member, outcome.activity_id, actor_id=None, reason="a bicycle")

        assert [type(each) for each in together(work, 3)] == [ActivityWithdrawnError] * 2


class TestEarned:
    def test_whatever_goes_through_the_door_counts(self, track: Track) -> None:
        track.install(rule("run"))
        member, staff = track.member(), track.member()
        track.run(member)
        track.clock.move(timedelta(days=10))
        posted = track.do(
            ledger.adjust,
            Account(member, "LAP"),
            5,
            reason="a prize",
            actor_id=staff,
            key="adjusted",
            at=track.clock.now(),
        )
        track.clock.move(timedelta(days=30))
        assert track.counters(member, "earned.LAP", "ledger")["week 2026-03-09"] == 5
        track.do(ledger.reverse, member, posted.transfer_id, key="back", at=track.clock.now(), amount_minor=2)
        expected = {"week 2026-03-02": 10, "week 2026-03-09": 3, "life": 13}
        found = track.counters(member, "earned.LAP", "ledger")
        assert expected.items() <= found.items()
        assert [name for name in found if name.startswith("month")] == ["month 2026-03-01"]

    def test_what_sql_moves_is_told_by_sql(self, track: Track) -> None:
        member = track.member()
        unit = "(SELECT id FROM ledger.units WHERE code = 'LAP')"
        for amount in (7, -2):
            with track.database.transaction() as session:
                query = text(f"SELECT engagement.earned(:owner, {unit}, :amount, :at)")
                session.execute(query, {"owner": member, "amount": amount, "at": track.clock.now()})
        assert track.counters(member, "earned.LAP", "ledger")["month 2026-03-01"] == 5
