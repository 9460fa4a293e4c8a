"""Caps and cool-downs that come with a later version count what was granted before it, and so does a rebuild."""

from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.errors import ActivityWithdrawnError
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.rebuilding import rebuild
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.ledger import service as ledger
from support.track import Track, rule

COUNTED = ("counters", "distinct_values", "rule_grants")
ZONES = ("UTC", "Pacific/Auckland", "America/Lima", "Pacific/Kiritimati", "Europe/Paris")
LIMITS: tuple[dict[str, Any], ...] = (
    {"caps": {}, "cool_down_s": 0},
    {"caps": {"day": 30}, "cool_down_s": 0},
    {"caps": {"week": 60}, "cool_down_s": 3600},
    {"caps": {"month": 90, "act": 20}, "cool_down_s": 0},
    {"caps": {"life": 500}, "cool_down_s": 7200},
)
_MOVE = text("UPDATE identity.users SET time_zone = :zone WHERE id = :id")


def change(track: Track, **terms: Any) -> None:
    """Put a version of the rule for runs in force that is limited otherwise."""
    draft = track.do(rules.write_version, "track", "run", params={}, note="too much", actor_id=None, changes=terms)
    track.do(rules.activate, draft.id, track.clock.now())


def refusals(track: Track, member: UUID) -> list[str]:
    """Why a run that is recorded now earns nothing."""
    return [each.reason for each in track.run(member).not_awarded]


class TestChanged:
    def test_a_cap_counts_what_was_granted_before_it(self, track: Track) -> None:
        track.install(rule("run"))
        awa, ben = track.member(), track.member()
        runs = [track.run(awa) for _ in range(5)]
        change(track, caps={"day": 30})
        assert refusals(track, awa) == ["day_cap"]
        assert track.laps(awa) == 50
        assert refusals(track, ben) == []
        for each in runs[:3]:
            track.do(withdraw, track.clock, awa, each.activity_id, actor_id=None, reason="not so")
        assert refusals(track, awa) == []
        assert refusals(track, awa) == ["day_cap"]
        assert track.laps(awa) == 30

    def test_a_cool_down_after_a_cap_counts_what_was_granted_before_it(self, track: Track) -> None:
        track.install(rule("run", caps={"day": 100}))
        awa = track.member()
        track.run(awa)
        change(track, cool_down_s=3600)
        assert refusals(track, awa) == ["cool_down"]
        track.clock.move(timedelta(hours=2))
        assert refusals(track, awa) == []

    def test_a_cool_down_that_was_put_in_force_before_that_was_counted(self, track: Track) -> None:
        track.install(rule("run", caps={"day": 100}))
        awa = track.member()
        track.run(awa)
        change(track, cool_down_s=3600)
        with psycopg.connect(track.owner_dsn) as owner:
            owner.execute("DELETE FROM engagement.rule_grants WHERE period = 'life'")
        assert refusals(track, awa) == ["cool_down"]
        track.clock.move(timedelta(hours=2))
        assert refusals(track, awa) == []


class History:
    """Random facts, repetitions, withdrawals, moves, steps of the clock and changes of limits."""

    def __init__(self, track: Track, seed: int) -> None:
        self.track, self.random = track, Random(seed)
        self.members = [track.member(zone=zone) for zone in ZONES[:3]]
        self.facts: list[Fact] = []
        self.recorded: list[tuple[UUID, UUID]] = []

    def step(self) -> None:
        """Whatever comes next."""
        acts = [self.record] * 5 + [self.withdraw] * 2 + [self.repeat, self.move, self.step_clock, self.limit]
        self.random.choice(acts)()

    def record(self) -> None:
        facts = [self.fact() for _ in range(self.random.randint(1, 6))]
        outcomes = self.track.record(*facts)
        self.facts += facts
        for fact, outcome in zip(facts, outcomes, strict=True):
            if outcome.activity_id is not None:
                self.recorded.append((fact.owner_id, outcome.activity_id))

    def fact(self) -> Fact:
        ago = timedelta(minutes=self.random.choice([0, self.random.randint(0, 90), self.random.randint(0, 60_000)]))
        metres, route = self.random.randint(-5, 9000), self.random.choice("abc")
        return self.track.fact(self.random.choice(self.members), metres, route, at=self.track.clock.now() - ago)

    def repeat(self) -> None:
        if self.facts:
            self.track.record(*self.random.choices(self.facts, k=3))

    def withdraw(self) -> None:
        if self.recorded:
            with suppress(ActivityWithdrawnError):
                chosen = self.random.choice(self.recorded)
                self.track.do(withdraw, self.track.clock, *chosen, actor_id=None, reason="not so")

    def move(self) -> None:
        values = {"id": self.random.choice(self.members), "zone": self.random.choice(ZONES)}
        self.track.do(Session.execute, _MOVE, values)

    def step_clock(self) -> None:
        self.track.clock.move(timedelta(minutes=self.random.choice([-1, -60, -1440, 60, 1440, 10_000])))

    def limit(self) -> None:
        change(self.track, **self.random.choice(LIMITS))

    def check(self) -> None:
        """Counting anew finds everything as it is."""
        kept = {name: rows for name, rows in self.track.snapshot().items() if name in COUNTED}
        assert self.track.do(rebuild, self.members) == []
        assert {name: rows for name, rows in self.track.snapshot().items() if name in COUNTED} == kept
        assert self.track.do(ledger.verify) == []


def live(track: Track, seed: int, steps: int) -> None:
    """Let a history take its course, and look at it now and then."""
    track.install(
        rule("run", "ratio(activity.metres, 100)"),
        rule("rare", condition="counters.runs.day == 2", cool_down_s=7200, maturity_s=86_400),
    )
    history = History(track, seed)
    for number in range(1, steps + 1):
        history.step()
        if number % 30 == 0:
            history.check()


@pytest.mark.parametrize("seed", range(3))
def test_histories_in_which_limits_change(track: Track, seed: int) -> None:
    live(track, seed, 90)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 104))
def test_long_histories_in_which_limits_change(track: Track, seed: int) -> None:
    live(track, seed, 3000)
