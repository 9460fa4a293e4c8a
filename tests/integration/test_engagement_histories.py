"""Random months of a club: counters, boards, streaks and badges agree with what is on record, whatever happened.

Facts come late, are repeated and withdrawn; members move and pause; staff restore streaks; the clock steps back; the
community takes another zone; the worker is away. The months are those of leap days, of ISO week 53 and the turn of a
year, and of clocks that are changed.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.errors import GuerdonError
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.errors import ActivityWithdrawnError
from guerdon.kernel.engagement.activities.schemas import Aggregate, Fact, MetricSeed, Zone
from guerdon.kernel.engagement.activities.service.community import set_time_zone
from guerdon.kernel.engagement.activities.service.rebuilding import rebuild
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.engagement.badges.models import BadgeBackfill
from guerdon.kernel.engagement.badges.service import backfilling
from guerdon.kernel.engagement.badges.service.definitions import definitions as badges
from guerdon.kernel.engagement.boards.seeds import BoardSeed
from guerdon.kernel.engagement.boards.service import upkeep
from guerdon.kernel.engagement.streaks.seeds import StreakBonus, StreakSeed
from guerdon.kernel.engagement.streaks.service import catching_up, pardons, pauses
from guerdon.kernel.engagement.streaks.service.definitions import definitions as streaks
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger import service as ledger
from support.walkers import WALKERS

CLUB = replace(
    WALKERS,
    metrics=(
        *WALKERS.metrics,
        MetricSeed("own", "Walks by one's own clock", ("walkers.walked",), zone=Zone.MEMBER),
        MetricSeed("longest", "Longest walk", ("walkers.walked",), Aggregate.MAX, "steps"),
    ),
    streaks=(
        *WALKERS.streaks,
        StreakSeed("own", "Own days", "own", period="day", freeze_every=3, bonus=StreakBonus.rising("BEAN", 1, 5)),
        StreakSeed("monthly", "Months", "walks", period="month", bonus=StreakBonus.rising("BEAN", 5, 50)),
    ),
    boards=(
        BoardSeed("walks", "Walks", "walks", periods=("day", "week", "month", "life")),
        BoardSeed("own", "Own days", "own", periods=("day", "week")),
        BoardSeed("longest", "Longest", "longest", periods=("week", "life")),
    ),
)
ZONES = (
    *("UTC", "Pacific/Auckland", "America/Lima", "Pacific/Kiritimati"),
    *("Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"),
)
BEGINNINGS = (
    datetime(2026, 12, 20, 11, tzinfo=UTC),
    datetime(2028, 2, 20, 11, tzinfo=UTC),
    datetime(2027, 3, 20, 11, tzinfo=UTC),
    datetime(2027, 10, 25, tzinfo=UTC),
)
MOVE = text("UPDATE identity.users SET time_zone = :zone WHERE id = :id")
RUNS = text("SELECT owner_id, streak_id, current, longest, freezes, started, last FROM engagement.streak_runs")


class History:
    """What four members, staff, the clock and the worker do, one after the other."""

    def __init__(self, database: Database, clock: FixedClock, person: Callable[..., User], seed: int) -> None:
        self.database, self.clock, self.random = database, clock, Random(seed)
        clock.move(BEGINNINGS[seed % len(BEGINNINGS)] - clock.now())
        self.members = [person(f"walker{number}").id for number in range(4)]
        self.staff = person("staff").id
        self.facts: list[Fact] = []
        self.recorded: list[tuple[UUID, UUID]] = []

    def do(self, call: Any, *args: Any, **options: Any) -> Any:
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def step(self) -> None:
        """Whatever comes next."""
        often = [self.record] * 8 + [self.withdraw] * 3 + [self.step_clock] * 2
        self.random.choice([*often, self.repeat, self.move, self.pause, self.restore, self.work, self.take_zone])()

    def record(self) -> None:
        facts = [self.fact() for _ in range(self.random.randint(1, 6))]
        outcomes = self.do(record, self.clock, facts)
        self.facts += facts
        self.recorded += [(fact.owner_id, each.activity_id) for fact, each in zip(facts, outcomes, strict=True)]

    def fact(self) -> Fact:
        chance = self.random
        late = timedelta(minutes=chance.choice([0, chance.randint(0, 3_000), chance.randint(0, 60_000)]))
        walked = {"steps": chance.choice([1, 100, 4_999, 5_000, 6_000, 12_000]), "route": chance.choice("abcd")}
        owner_id, key = chance.choice(self.members), f"key {chance.random()}"
        return Fact(owner_id, "walkers", "walkers.walked", self.clock.now() - late, walked, key)

    def repeat(self) -> None:
        if self.facts:
            self.do(record, self.clock, self.random.choices(self.facts, k=3))

    def withdraw(self) -> None:
        if self.recorded:
            with suppress(ActivityWithdrawnError):
                chosen = self.random.choice(self.recorded[-20:])
                self.do(withdraw, self.clock, *chosen, actor_id=None, reason="not so")

    def move(self) -> None:
        values = {"id": self.random.choice(self.members), "zone": self.random.choice(ZONES)}
        self.do(Session.execute, MOVE, values)

    def step_clock(self) -> None:
        self.clock.move(timedelta(minutes=self.random.choice([-1, -60, -1440, 60, 1440, 1440, 10_000])))

    def pause(self) -> None:
        first = self.clock.now().date() + timedelta(days=self.random.randint(0, 9))
        days = {"first": first, "last": first + timedelta(days=self.random.randint(0, 20))}
        self.of_some_streak(pauses.pause, **days, reason="ill")

    def restore(self) -> None:
        self.of_some_streak(pardons.restore, reason="ill")

    def of_some_streak(self, call: Any, **options: Any) -> None:
        """What staff do for a member, if it can be done."""
        owner_id = self.random.choice(self.members)

        def act(session: Session) -> None:
            streak = self.random.choice(streaks(session).all)
            call(session, self.clock.now(), streak, owner_id, actor_id=self.staff, **options)

        with suppress(GuerdonError):
            self.do(act)

    def work(self) -> None:
        """The worker, which may have been away for long."""
        self.do(upkeep.fold)
        for run_id in self.do(upkeep.end_due, self.clock.now()):
            self.do(upkeep.close, run_id, self.clock.now())
        self.do(ledger.settle_due, self.clock.now())

    def take_zone(self) -> None:
        """The community takes another zone, and everything is counted anew."""
        self.do(set_time_zone, self.random.choice(ZONES))
        self.do(rebuild, self.members)
        self.do(self.catch_up)
        self.do(self.newly_met)

    def catch_up(self, session: Session) -> None:
        for streak in streaks(session).all:
            catching_up.go_on(session, self.clock, streak.id, None)

    def newly_met(self, session: Session) -> dict[str, int]:
        """How many levels of each badge the nightly look gives."""
        found = {}
        for badge in badges(session).all:
            started = backfilling.start(session, self.clock, badge, requested_by=None)
            if started is not None:
                backfilling.go_on(session, self.clock, started)
                found[badge.code] = session.get_one(BadgeBackfill, started).awarded
        return {code: awarded for code, awarded in found.items() if awarded}

    def runs(self) -> set[tuple[Any, ...]]:
        with self.database.transaction() as session:
            rows = {tuple(row) for row in session.execute(RUNS)}
        return {row for row in rows if row[3]}  # working out writes down, too, who never had one

    def check(self) -> None:
        """Counting anew, and working out anew, find everything as it is."""
        assert self.do(rebuild, self.members) == []
        assert self.do(upkeep.verify) == []
        assert self.do(ledger.verify) == []
        kept = self.runs()
        self.do(self.catch_up)
        assert self.runs() == kept
        assert self.do(self.newly_met) == {}


@pytest.fixture
def club(owner_dsn: str, database: Database, recorded: None, tmp_path: Path) -> Database:
    """The test's database with the club in it."""
    boot.prepare(Settings(data_dir=tmp_path, secret_key="s" * 40))
    owner = Database(owner_dsn)
    with owner.transaction() as session:
        boot._install_program(CLUB, session)
    owner.dispose()
    return database


def live(history: History, steps: int) -> None:
    for number in range(1, steps + 1):
        history.step()
        if number % 20 == 0:
            history.check()


@pytest.mark.parametrize("seed", range(4))
def test_everything_agrees(club: Database, clock: FixedClock, person: Callable[..., User], seed: int) -> None:
    live(History(club, clock, person, seed), 60)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(100, 120))
def test_everything_agrees_for_long(club: Database, clock: FixedClock, person: Callable[..., User], seed: int) -> None:
    live(History(club, clock, person, seed), 400)
