"""What a version would have paid for what really happened: the same as it would have, and nothing moves."""

import random
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.kernel.engagement.activities.service import withdrawing
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.engagement.simulations import jobs
from guerdon.kernel.engagement.simulations.errors import SimulationPeriodError
from guerdon.kernel.engagement.simulations.schemas import SHOWN, Tally
from guerdon.kernel.engagement.simulations.service import running
from guerdon.kernel.identity.permissions import Role
from support.http_client import Client
from support.people import PASSWORD
from support.track import Track, rule

HARD: tuple[RuleSeed, ...] = (
    rule("metres", "ratio(activity.metres * params.laps_per_km, 1000)", params={"laps_per_km": 2}),
    rule("capped", "ratio(activity.metres, 500)", caps={"day": 9, "week": 25, "act": 18}),
    rule("third", "7", condition="counters.runs.week >= 3 && counters.routes.life > 1"),
    rule("now_and_then", "4", cool_down_s=7200, multipliers=("activity.metres > 4000 ? 15000 : 10000",)),
    rule("longest", "counters.longest.month", condition="member.account_age_days >= 0"),
    rule("rich", "1", condition="counters.earned.LAP.life > 40"),
)


def season(track: Track, members: list[UUID], start: datetime) -> None:
    """Four weeks of runs, some of them told late."""
    chance = random.Random(7)
    for day in range(28):
        track.clock._moment = start + timedelta(days=day, hours=12)
        for member in members:
            for _ in range(chance.randrange(3)):
                at = track.clock.now() - timedelta(minutes=chance.randrange(600))
                track.run(member, chance.randrange(200, 9000), chance.choice(["river", "hill", "park"]), at=at)


@pytest.fixture
def run_in(track: Track, clock: FixedClock) -> list[UUID]:
    """Members with four weeks behind them, under every sort of rule."""
    track.install(*HARD)
    members = [track.member() for _ in range(4)]
    season(track, members, clock.now())
    return members


def version_of(track: Track, code: str) -> Rule:
    found: Rule = track.do(rules.in_force, "track", code)
    return found


def simulated(track: Track, rule_id: UUID, since: datetime, until: datetime) -> Tally:
    return running.simulate(track.database, track.clock, rule_id, since=since, until=until, progress=lambda _: None)


def really(track: Track, code: str, since: datetime, until: datetime) -> int:
    query = text(
        """
        SELECT coalesce(sum((w ->> 3)::bigint), 0)::bigint
        FROM engagement.activities AS a, jsonb_array_elements(a.outcome -> 'awards') AS w
        WHERE w ->> 0 = 'track.' || :code AND a.happened_at >= :since AND a.happened_at < :until
        """
    )
    values = {"code": code, "since": since, "until": until}
    return int(track.do(lambda session: session.execute(query, values).scalar_one()))


def test_what_is_in_force_would_have_paid_what_it_paid(track: Track, run_in: list[UUID], clock: FixedClock) -> None:
    before = track.snapshot()
    until = clock.now() + timedelta(hours=1)
    for since in (until - timedelta(days=40), until - timedelta(days=9, hours=5)):
        for seed in HARD:
            tally = simulated(track, version_of(track, seed.code).id, since, until)
            paid = really(track, seed.code, since, until)
            assert (tally.paid_minor, tally.was_minor) == (paid, paid), seed.code
            assert paid > 0
            assert (tally.gaining, tally.losing, tally.granted) == (0, 0, tally.was_granted), seed.code
    assert track.snapshot() == before


def test_a_draft_pays_more_to_some_and_less_to_others(track: Track, run_in: list[UUID], clock: FixedClock) -> None:
    since, until = clock.now() - timedelta(days=40), clock.now() + timedelta(hours=1)
    draft: Rule = track.do(
        rules.write_version, "track", "metres", params={"laps_per_km": 4}, note="Twice as much.", actor_id=None
    )
    before = track.snapshot()
    tally = simulated(track, draft.id, since, until)
    assert tally.paid_minor > tally.was_minor * 1.9
    assert tally.gaining == tally.members == len(run_in)
    assert sum(amount for amount, _ in tally.gainers) == tally.paid_minor - tally.was_minor
    assert sum(tally.spread.values()) == sum(tally.was_spread.values()) == tally.members
    assert track.snapshot() == before


def test_what_was_withdrawn_is_left_out(track: Track, clock: FixedClock) -> None:
    track.install(rule("run", "10"))
    member = track.member()
    first = track.run(member).activity_id
    track.run(member)
    since, until = clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)
    rule_id = version_of(track, "run").id
    assert simulated(track, rule_id, since, until).facts == 2
    track.do(withdrawing.withdraw, clock, member, first, actor_id=None, reason="It was nobody.")
    tally = simulated(track, rule_id, since, until)
    assert (tally.facts, tally.paid_minor, tally.was_minor) == (1, 10, 10)


def test_what_is_kept_does_not_grow_with_the_members() -> None:
    chance = random.Random(3)
    tally = Tally()
    for number in range(5000):
        tally.take(UUID(int=number), chance.randrange(1000), chance.randrange(1000))
    assert len(tally.gainers) == len(tally.losers) == SHOWN
    assert tally.gainers[0][0] >= tally.gainers[-1][0] > 0 > tally.losers[-1][0] >= tally.losers[0][0]
    assert len(tally.spread) <= 4
    assert Tally.read(asdict(tally)) == tally


@pytest.fixture
def staff(whole_app: FastAPI, person: Callable[..., Any]) -> Client:
    person("staff", Role.STAFF)
    client = Client(whole_app)
    answer = client.post("/api/v1/identity/tokens", json={"email": "staff@example.org", "password": PASSWORD})
    return client.bear(answer.json()["access_token"])


def work(track: Track, simulation_id: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Do the queued work, two members at a time; gives how far it was after each job."""
    monkeypatch.setattr(running, "MEMBERS_AT_ONCE", 2)
    done = []
    while True:
        track.do(jobs.go_on, track.clock, UUID(simulation_id))
        found = track.do(running.get, UUID(simulation_id))
        done.append(found.members_done)
        if found.status != "running":
            return done


def test_one_whose_job_failed_for_good_does_not_count_as_running_for_ever(staff: Client, track: Track) -> None:
    track.install(rule("run", "10"))
    path = f"/api/v1/engagement/rules/{version_of(track, 'run').id}/simulations"
    period = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
    begun = [staff.post(path, json=period).json()["id"] for _ in range(running.RUNNING_MAX)]
    assert staff.post(path, json=period).status_code == 409
    lost, late = begun[0], track.clock.now() - running.GIVE_UP
    with track.database.transaction() as session:
        session.execute(text("UPDATE engagement.simulations SET created_at = :late"), {"late": late})
        failed = "UPDATE worker.procrastinate_jobs SET status = 'failed' WHERE args ->> 'simulation_id' = :lost"
        session.execute(text(failed), {"lost": lost})
    track.do(jobs.forget, track.clock)
    told = [staff.get(f"/api/v1/engagement/simulations/{each}").json()["status"] for each in begun]
    assert told == ["failed", "running", "running"]
    assert staff.post(path, json=period).status_code == 202


def test_in_the_background_with_progress(
    staff: Client, track: Track, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    track.install(rule("run", "10"))
    members = [track.member() for _ in range(5)]
    for member in members:
        track.run(member)
    rule_id = version_of(track, "run").id
    period = {"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}
    before = track.snapshot()
    begun = staff.post(f"/api/v1/engagement/rules/{rule_id}/simulations", json=period)
    assert begun.status_code == 202, begun.text
    path = f"/api/v1/engagement/simulations/{begun.json()['id']}"
    assert (begun.json()["status"], begun.json()["members_total"]) == ("running", 5)
    with track.database.transaction() as session:
        queued = session.execute(
            text("SELECT count(*) FROM worker.procrastinate_jobs WHERE task_name = 'engagement.simulate'")
        )
        assert queued.scalar_one() == 1
    assert work(track, begun.json()["id"], monkeypatch) == [2, 4, 5]
    done = staff.get(path).json()
    assert (done["status"], done["facts"], done["members"], done["paid"], done["paid_before"]) == (
        "done",
        5,
        5,
        "50",
        "50",
    )
    assert done["spread"] == [{"from_amount": "10", "members": 5, "members_before": 5}]
    assert track.snapshot() == before


def test_what_cannot_be_simulated(staff: Client, track: Track, clock: FixedClock) -> None:
    track.install(rule("run", "10"))
    path = f"/api/v1/engagement/rules/{version_of(track, 'run').id}/simulations"
    for since, until in (
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"),
        ("2024-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-02-01T00:00:00", "2026-03-01T00:00:00Z"),
    ):
        assert staff.post(path, json={"since": since, "until": until}).status_code == 422
    period = {"since": "2026-02-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
    for _ in range(running.RUNNING_MAX):
        assert staff.post(path, json=period).status_code == 202
    refused = staff.post(path, json=period)
    assert (refused.status_code, refused.json()["code"]) == (409, "simulations-running")
    nowhere = staff.get("/api/v1/engagement/simulations/0198c0de-0000-7000-8000-000000000000")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "simulation-not-found")


def test_pages_that_need_no_script(
    whole_app: FastAPI,
    person: Callable[..., Any],
    track: Track,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    track.install(rule("run", "10"))
    for name in ("first", "second", "third"):
        track.run(track.member(name))
    draft = version_of(track, "run")
    person("staff", Role.STAFF)
    browser = Client(whole_app, page=True)
    assert browser.submit("/sign-in", email="staff@example.org", password=PASSWORD).status_code == 303
    asking = f"/staff/simulations/new/{draft.id}"
    assert 'value="2026-02-01"' in browser.get(asking).text
    assert 'value="2026-02-28"' in browser.get(asking).text
    for since, until in (("soon", "2026-03-31"), ("2026-03-01", "9999-12-31"), ("0001-01-01", "2026-03-31")):
        assert browser.submit(asking, since=since, until=until).status_code == 422
    begun = browser.submit(asking, since="2026-03-01", until="2026-03-31")
    assert begun.status_code == 303, begun.text
    page = begun.headers["location"]
    watching = browser.get(page).text
    assert '<meta http-equiv="refresh"' in watching
    assert 'role="progressbar"' in watching
    work(track, page.rpartition("/")[2], monkeypatch)
    done = browser.get(page).text
    assert '<meta http-equiv="refresh"' not in done
    assert "3 facts of 3 members" in done
    assert f'/staff/simulations/new/{draft.id}"' in browser.get("/staff/rules/track/run").text


def test_they_are_forgotten_after_a_month(staff: Client, track: Track, clock: FixedClock) -> None:
    track.install(rule("run", "10"))
    period = {"since": "2026-02-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}
    staff.post(f"/api/v1/engagement/rules/{version_of(track, 'run').id}/simulations", json=period)
    with track.database.transaction() as session:
        session.execute(text("UPDATE engagement.simulations SET created_at = :at"), {"at": clock.now()})
    track.do(jobs.forget, clock)
    clock.move(timedelta(days=31))
    assert track.do(lambda session: session.execute(text("SELECT count(*) FROM engagement.simulations")).scalar()) == 1
    track.do(jobs.forget, clock)
    assert track.do(lambda session: session.execute(text("SELECT count(*) FROM engagement.simulations")).scalar()) == 0


@pytest.mark.parametrize(("begins", "ends"), [(1, -1), (0, 0), (-400, -1), (1, 2)])
def test_an_impossible_period_is_refused_at_once_too(track: Track, clock: FixedClock, begins: int, ends: int) -> None:
    since, until = (clock.now() + timedelta(days=days) for days in (begins, ends))
    looked_at: list[int] = []
    track.install(HARD[0])
    rule_id = version_of(track, HARD[0].code).id
    with pytest.raises(SimulationPeriodError):
        running.simulate(track.database, clock, rule_id, since=since, until=until, progress=looked_at.append)
    assert looked_at == []
