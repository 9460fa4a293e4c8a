"""Recording facts: once each, with everything that follows, refused without a trace."""

from datetime import UTC, datetime, timedelta

from support.track import Track, rule


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
