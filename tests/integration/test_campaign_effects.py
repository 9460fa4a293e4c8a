"""What campaigns do to awards: for whom, when, within which bounds, and never beyond their budgets."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from guerdon.core.errors import FieldErrors
from guerdon.kernel.engagement.activities.service import boosting as boosters
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import Terms
from guerdon.kernel.engagement.campaigns.service import boosting, managing, reading
from guerdon.kernel.ledger.service import verify
from support.track import Track, rule


@pytest.fixture
def running(track: Track) -> Any:
    """Campaigns are asked, and a rule gives ten laps for a run."""
    track.install(rule("run", "10", multiplier_max_bp=50_000))
    boosting.install()
    yield track
    boosters.boost_no_more(boosting.NAME)


def campaign(track: Track, code: str = "spring", **changes: Any) -> UUID:
    """An activated campaign: double laps from yesterday to tomorrow, with a budget of 1000."""
    now = track.clock.now()
    terms = {
        "code": code,
        "title": code.capitalize(),
        "unit": "LAP",
        "rules": (),
        "condition": "true",
        "multiplier_bp": 20_000,
        "budget_minor": 1000,
        "starts_at": now - timedelta(days=1),
        "ends_at": now + timedelta(days=1),
        **changes,
    }
    draft: Campaign = track.do(managing.write, Terms(**terms), actor_id=None)
    activated: Campaign = track.do(managing.activate, draft.id, now, actor_id=None)
    return activated.id


def spent(track: Track, campaign_id: UUID) -> int:
    def ask(session: Any) -> int:
        return reading.spending(session, [reading.get(session, campaign_id)])[campaign_id].spent_minor

    found: int = track.do(ask)
    return found


def paid_by_ledger(track: Track, code: str) -> int:
    """What members got from a budget, by the transfers alone."""
    query = text(
        """
        SELECT coalesce(sum(t.amount), 0)::bigint
        FROM ledger.transfers AS t JOIN ledger.owners AS o ON o.id = t.owner_id
        WHERE o.code = :code AND t.peer_owner_id IS NOT NULL AND t.debit = 1
        """
    )
    return int(track.do(lambda session: session.execute(query, {"code": f"campaign.{code}"}).scalar_one()))


def test_an_award_counts_double_and_says_why(running: Track) -> None:
    campaign_id = campaign(running)
    member = running.member()
    award = running.run(member).awards[0]
    assert (award.amount_minor, award.multiplier_bp, award.boosts) == (20, 20_000, {"spring": 10})
    assert running.laps(member) == 20
    assert spent(running, campaign_id) == 10
    assert len(award.transfer_ids) == 2


def test_only_for_whom_and_when_and_what_it_is(running: Track) -> None:
    running.install(rule("other", "3"))
    now = running.clock.now()
    campaign(running, "long", condition="activity.metres > 5000", rules=("track.run",))
    campaign(running, "third", condition="counters.track.runs.life == 3", multiplier_bp=30_000)
    campaign(running, "later", starts_at=now + timedelta(hours=1))
    campaign(running, "strange", condition="activity.friends.size() > 3 && activity.friends[9] == 'awa'")
    member = running.member()
    outcomes = [running.run(member), running.run(member, 6000), running.run(member)]
    boosts = [{award.rule: dict(award.boosts) for award in outcome.awards} for outcome in outcomes]
    assert boosts == [
        {"run": {}, "other": {}},
        {"run": {"long": 10}, "other": {}},
        {"run": {"third": 20}, "other": {"third": 6}},
    ]


def test_what_happened_in_time_counts_for_a_day_after_the_end(running: Track) -> None:
    campaign(running)
    member, happened = running.member(), running.clock.now()
    running.clock.move(timedelta(days=1, hours=23))
    assert running.run(member, at=happened).awards[0].boosts == {"spring": 10}
    assert running.run(member).awards[0].boosts == {}
    running.clock.move(timedelta(hours=2))
    assert running.run(member, at=happened).awards[0].boosts == {}


def test_overlapping_campaigns_compound_within_the_bounds_of_the_rule(running: Track) -> None:
    first = campaign(running, "spring", multiplier_bp=20_000)
    second = campaign(running, "may", multiplier_bp=40_000)
    award = running.run(running.member()).awards[0]
    # Two times four would be eight; the rule allows five.
    assert (award.amount_minor, award.multiplier_bp, award.boosts) == (50, 50_000, {"spring": 10, "may": 30})
    assert (spent(running, first), spent(running, second)) == (10, 30)


def test_what_the_budget_no_longer_covers_is_not_given_and_says_so(running: Track) -> None:
    campaign_id = campaign(running, budget_minor=25)
    member = running.member()
    awards = [running.run(member).awards[0] for _ in range(4)]
    assert [(award.amount_minor, dict(award.boosts)) for award in awards] == [
        (20, {"spring": 10}),
        (20, {"spring": 10}),
        (10, {"spring": 0}),
        (10, {"spring": 0}),
    ]
    assert (spent(running, campaign_id), running.laps(member)) == (20, 60)
    running.do(managing.stop, campaign_id, running.clock.now(), actor_id=None, reason="Enough.")
    assert spent(running, campaign_id) == 20
    assert running.run(member).awards[0].boosts == {}
    assert running.do(verify) == []


def test_a_campaign_without_money_left_moves_nothing_for_those_after_it(track: Track) -> None:
    track.install(rule("run", "10", caps={"act": 35, "day": 40}))
    boosting.install()
    try:
        empty = campaign(track, "spring", multiplier_bp=30_000, budget_minor=5)
        second = campaign(track, "may", multiplier_bp=15_000)
        member = track.member()
        awards = [track.run(member).awards[0] for _ in range(3)]
    finally:
        boosters.boost_no_more(boosting.NAME)
    # Half more of ten is five. With the first campaign it would be 45, more than the rule gives at once.
    assert [(each.amount_minor, each.multiplier_bp, dict(each.boosts)) for each in awards] == [
        (15, 15_000, {"spring": 0, "may": 5}),
        (15, 15_000, {"spring": 0, "may": 5}),
        (10, 15_000, {"spring": 0}),
    ]
    assert (spent(track, empty), spent(track, second), track.laps(member)) == (0, 10, 40)
    assert track.do(verify) == []


def test_an_award_that_fits_the_cap_of_one_act_is_not_refused_for_what_a_campaign_adds(track: Track) -> None:
    track.install(rule("run", "activity.metres", caps={"act": 100}))
    boosting.install()
    try:
        doubling = campaign(track, "spring", budget_minor=1000)
        member = track.member()
        outcomes = [track.run(member, metres) for metres in (40, 60, 100, 101)]
    finally:
        boosters.boost_no_more(boosting.NAME)
    awards = [award for outcome in outcomes for award in outcome.awards]
    assert [(each.amount_minor, each.capped, dict(each.boosts)) for each in awards] == [
        (80, None, {"spring": 40}),
        (100, "act", {"spring": 40}),
        (100, "act", {}),
    ]
    assert [each.reason for each in outcomes[3].not_awarded] == ["act_cap"]
    assert (spent(track, doubling), track.laps(member)) == (80, 280)
    assert track.do(verify) == []


def test_parallel_awards_never_spend_more_than_there_is(running: Track) -> None:
    campaign_id = campaign(running, budget_minor=305)
    members = [running.member() for _ in range(8)]

    def run(member: UUID) -> list[int]:
        return [running.run(member).awards[0].boosts["spring"] for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        boosts = [share for shares in pool.map(run, members) for share in shares]
    assert sorted(boosts) == [0] * 50 + [10] * 30
    assert spent(running, campaign_id) == paid_by_ledger(running, "spring") == 300
    assert sum(running.laps(member) for member in members) == 80 * 10 + 300
    assert running.do(verify) == []


def test_a_campaign_that_stops_while_it_is_spent_keeps_its_books(running: Track) -> None:
    campaign_id = campaign(running, budget_minor=10_000)
    members = [running.member() for _ in range(4)]

    def run(member: UUID) -> int:
        return sum(running.run(member).awards[0].boosts.get("spring", 0) for _ in range(12))

    def stop() -> None:
        running.do(managing.stop, campaign_id, running.clock.now(), actor_id=None, reason="Enough.")

    with ThreadPoolExecutor(5) as pool:
        given = [pool.submit(run, member) for member in members]
        pool.submit(stop).result()
        total = sum(each.result() for each in given)
    ended = running.do(reading.get, campaign_id)
    assert ended.status == "ended"
    assert total == paid_by_ledger(running, "spring") == spent(running, campaign_id)
    assert ended.returned_minor == 10_000 - total
    assert running.do(verify) == []


def test_a_condition_on_a_counter_that_there_is_not(running: Track) -> None:
    before = running.snapshot()
    with pytest.raises(FieldErrors) as refused:
        campaign(running, condition="counters.track.swims.life > 1")
    assert [fault.field for fault in refused.value.errors] == ["condition"]
    assert running.snapshot() == before
