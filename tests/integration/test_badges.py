"""Badges on a real database: by criteria, by hand, for many at once and by many at once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import FixedClock
from guerdon.core.errors import FieldErrors
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.engagement.badges.errors import (
    BadgeHeldError,
    BadgeInactiveError,
    BadgeLevelNotFoundError,
    BadgeReasonMissingError,
    BadgeRewardError,
    OwnBadgeError,
)
from guerdon.kernel.engagement.badges.jobs import start_backfill
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, Criteria
from guerdon.kernel.engagement.badges.service import awarding, backfilling, defining, reading, staffing
from guerdon.kernel.engagement.badges.service.awarding import Candidate
from guerdon.kernel.engagement.badges.service.defining import Draft
from guerdon.kernel.engagement.badges.service.definitions import by_code, get
from guerdon.kernel.engagement.service.rewarding import give
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.kernel.ledger.service import open_member
from support.databases import START_OF_TIME
from support.walkers import advance, beans

DAY = timedelta(days=1)


class Hiker:
    """One member who walks; the club's badges as they have them."""

    def __init__(self, database: Database, clock: FixedClock, owner_id: UUID) -> None:
        self.database = database
        self.clock = clock
        self.owner_id = owner_id
        with database.transaction() as session:
            open_member(session, owner_id)

    def walk(self, day: int, steps: int = 100, route: str = "lake") -> dict[str, Any]:
        """Record a walk; gives what followed from it."""
        fact = Fact(
            self.owner_id,
            "walkers",
            "walkers.walked",
            START_OF_TIME + day * DAY,
            {"steps": steps, "route": route},
            key=f"{self.owner_id}:{day}:{steps}:{route}",
        )
        with self.database.transaction() as session:
            (outcome,) = record(session, self.clock, [fact])
        assert outcome.refused is None
        return {each["badge"]: each["level"] for each in outcome.badges}

    def levels(self) -> dict[str, int]:
        with self.database.transaction() as session:
            return {each.badge.code: each.level for each in reading.of_member(session, self.owner_id) if each.level}

    def beans(self) -> int:
        with self.database.transaction() as session:
            return beans(session, self.owner_id)


@pytest.fixture
def hiker(walkers: Database, clock: FixedClock, person: Callable[..., Any]) -> Hiker:
    clock.move(60 * DAY)
    return Hiker(walkers, clock, person("ibis").id)


def test_each_kind_of_criteria_is_reached_by_its_own(hiker: Hiker) -> None:
    assert hiker.walk(0) == {"walker": 1}
    assert hiker.walk(0, route="hill") == {"explorer": 1}
    assert hiker.walk(1, steps=9_999) == {"walker": 2}
    assert hiker.walk(2, steps=10_000) == {"far": 1}
    assert hiker.walk(3, steps=5_000) == {"walker": 3, "steady": 1}
    assert hiker.walk(7) == {"loyal": 1}
    assert hiker.walk(8, steps=30_000) == {"secret": 1}
    assert hiker.levels() == {"walker": 3, "explorer": 1, "far": 1, "steady": 1, "loyal": 1, "secret": 1}


def test_days_of_two_months_are_not_added_up(hiker: Hiker) -> None:
    for day in (28, 29, 30):  # 30 and 31 March, 1 April
        hiker.walk(day, steps=6_000)
    assert "steady" not in hiker.levels()
    hiker.walk(31, steps=6_000)
    hiker.walk(32, steps=6_000)
    assert hiker.levels()["steady"] == 1


def test_a_leap_earns_every_level_with_its_reward(hiker: Hiker) -> None:
    with hiker.database.transaction() as session:
        advance(session, hiker.clock.now(), hiker.owner_id, START_OF_TIME.date(), walks=7)
    assert hiker.levels()["walker"] == 3
    assert hiker.beans() == 10 + 30 + 5


def test_progress_is_shown_and_hidden_badges_are_not(hiker: Hiker) -> None:
    hiker.walk(0, steps=4_000)
    with hiker.database.transaction() as session:
        shown = {each.badge.code: each for each in reading.of_member(session, hiker.owner_id)}
    assert "secret" not in shown
    assert (shown["walker"].value, shown["walker"].next and shown["walker"].next.threshold) == (1, 3)
    assert (shown["far"].value, shown["far"].share) == (4_000, 0.4)
    assert shown["helper"].value is None


def test_a_withdrawal_takes_back_level_and_reward_and_what_comes_again_is_paid_again(hiker: Hiker) -> None:
    def move(by: int, *, withdrawn: bool = False) -> None:
        with hiker.database.transaction() as session:
            day = START_OF_TIME.date()
            advance(session, hiker.clock.now(), hiker.owner_id, day, withdrawn=withdrawn, walks=by)

    move(3)
    before = hiker.beans()
    assert hiker.levels()["walker"] == 2
    move(-1, withdrawn=True)
    assert (hiker.levels()["walker"], hiker.beans()) == (1, before - 30)
    move(1)
    assert (hiker.levels()["walker"], hiker.beans()) == (2, before)


@pytest.mark.parametrize(
    "harder",
    [
        {"criteria": Criteria.total("walks"), "levels": (BadgeLevel(50),)},
        {"criteria": Criteria.total("routes"), "levels": (BadgeLevel(4), BadgeLevel(9))},
        {"criteria": Criteria.days("steps", 5000), "levels": (BadgeLevel(10),)},
        {"criteria": Criteria.longest("weekly"), "levels": (BadgeLevel(10),)},
    ],
)
def test_a_badge_that_asks_for_more_is_kept_when_something_is_withdrawn(
    hiker: Hiker, person: Callable[..., Any], harder: dict[str, Any]
) -> None:
    staff = person("heron").id

    def move(by: int) -> None:
        with hiker.database.transaction() as session:
            more = {"walks": by, "routes": by, "steps": by * 6000}
            advance(session, hiker.clock.now(), hiker.owner_id, START_OF_TIME.date(), withdrawn=by < 0, **more)

    move(4)
    before = hiker.beans()
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        defining.change(session, badge.id, draft(**harder, reason="It was too easy."), actor_id=staff)
    move(-1)  # by what it said when it was earned, level 2 still stands
    assert (hiker.levels()["walker"], hiker.beans()) == (2, before)
    if harder["criteria"] == Criteria.total("walks"):
        move(-1)
        assert (hiker.levels()["walker"], hiker.beans()) == (1, before - 30)


def test_a_badge_that_asks_for_less_is_kept_by_what_it_asks_for_now(hiker: Hiker, person: Callable[..., Any]) -> None:
    with hiker.database.transaction() as session:
        advance(session, hiker.clock.now(), hiker.owner_id, START_OF_TIME.date(), walks=3)
        badge = by_code(session, "walkers", "walker")
        easier = draft(levels=(BadgeLevel(1), BadgeLevel(2)), reason="It was too hard.")
        defining.change(session, badge.id, easier, actor_id=person("heron").id)
    with hiker.database.transaction() as session:
        advance(session, hiker.clock.now(), hiker.owner_id, START_OF_TIME.date(), withdrawn=True, walks=-1)
    assert hiker.levels()["walker"] == 2


def test_many_at_once_write_a_level_once(hiker: Hiker) -> None:
    barrier = threading.Barrier(8)
    written: list[int] = []

    def run() -> None:
        barrier.wait()
        with hiker.database.transaction() as session:
            badge = by_code(session, "walkers", "walker")
            found = awarding.award(session, [Candidate(hiker.owner_id, badge, 2, 3, hiker.clock.now())])
            give(session, hiker.clock.now(), [each.reward for each in found if each.reward])
            written.append(len(found))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0] * 7 + [2]
    assert (hiker.levels()["walker"], hiker.beans()) == (2, 40)


def test_staff_award_by_hand_and_revoke(hiker: Hiker, person: Callable[..., Any]) -> None:
    staff = person("heron").id
    now = hiker.clock.now()

    def award(actor: UUID = staff, level: int = 1, reason: str = "Ran the kitchen.", code: str = "helper") -> None:
        with hiker.database.transaction() as session:
            badge = by_code(session, "walkers", code)
            staffing.award_by_hand(session, now, hiker.owner_id, badge, level, actor_id=actor, reason=reason)

    for arguments, error in (
        ({"actor": hiker.owner_id}, OwnBadgeError),
        ({"reason": " "}, BadgeReasonMissingError),
        ({"level": 2}, BadgeLevelNotFoundError),
    ):
        with pytest.raises(error):
            award(**arguments)
    assert hiker.beans() == 0
    award()
    assert (hiker.levels(), hiker.beans()) == ({"helper": 1}, 100)
    with pytest.raises(BadgeHeldError):
        award()
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "helper")
        assert staffing.revoke(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="A mistake.") == [1]
    assert (hiker.levels(), hiker.beans()) == ({}, 0)
    award()
    assert (hiker.levels(), hiker.beans()) == ({"helper": 1}, 100)
    with hiker.database.transaction() as session:
        actions = session.scalars(text("SELECT action FROM admin.audit_logs WHERE action LIKE 'engagement.badge_%'"))
        assert sorted(actions) == ["engagement.badge_awarded"] * 2 + ["engagement.badge_revoked"]


def test_a_reward_in_another_unit_than_before_is_given_whole(hiker: Hiker, person: Callable[..., Any]) -> None:
    staff, now = person("heron").id, hiker.clock.now()

    def award_and_revoke(session: Session) -> None:
        badge = by_code(session, "walkers", "helper")
        staffing.award_by_hand(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="Ran the kitchen.")
        redemption = SystemAccount("redemption", "BEAN")
        ledger.post(session, Posting(Account(hiker.owner_id, "BEAN"), redemption, 90, "spend", "tea"), now)
        staffing.revoke(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="A mistake.")

    def award_again(session: Session) -> Any:
        badge = by_code(session, "walkers", "helper")
        [found] = staffing.award_by_hand(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="She did.")
        return found.document()["reward"]

    def change(session: Session, *, unit: str) -> None:
        badge = by_code(session, "walkers", "helper")
        other = draft(criteria=Criteria.by_hand(), levels=(BadgeLevel(1, unit, 100),), reason="Something else.")
        defining.change(session, badge.id, other, actor_id=staff)

    with hiker.database.transaction() as session:
        award_and_revoke(session)
    with hiker.database.transaction() as session:
        change(session, unit="CREDIT")
    with hiker.database.transaction() as session:
        assert award_again(session) == {"unit": "CREDIT", "amount_minor": 100}
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "helper")
        staffing.revoke(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="Not at all.")
        change(session, unit="BEAN")
    with hiker.database.transaction() as session:
        assert award_again(session) == {"unit": "BEAN", "amount_minor": 10}  # 90 of them were never taken back
    assert hiker.beans() == 10


def test_what_staff_revoked_is_not_earned_again_by_itself(hiker: Hiker, person: Callable[..., Any]) -> None:
    hiker.walk(0)
    staff = person("heron").id
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        staffing.revoke(session, hiker.clock.now(), hiker.owner_id, badge, 1, actor_id=staff, reason="Never came.")
    hiker.walk(1)
    hiker.walk(2)
    assert hiker.levels()["walker"] == 2
    with hiker.database.transaction() as session:
        standing = session.scalars(
            text("SELECT array_agg(level) FROM engagement.earned_levels WHERE revoked_at IS NULL AND badge_id = :id"),
            {"id": badge.id},
        ).one()
    assert standing == [2]


def draft(**changes: Any) -> Draft:
    given = {
        "name": "Veteran",
        "description": "Walked a lot.",
        "criteria": Criteria.total("walks"),
        "levels": (BadgeLevel(2, "BEAN", 7), BadgeLevel(4)),
    }
    return Draft(**{**given, **changes})


def test_an_activated_badge_reaches_who_meets_it_already(
    walkers: Database, clock: FixedClock, person: Callable[..., Any]
) -> None:
    clock.move(30 * DAY)
    hikers = [Hiker(walkers, clock, person(name).id) for name in ("ibis", "neem", "heron")]
    for number, each in enumerate(hikers):
        for day in range(2 * number):
            each.walk(day)
    with walkers.transaction() as session:
        badge_id = defining.create(session, "walkers", "veteran", draft(), actor_id=None)
    hikers[2].walk(9)
    assert "veteran" not in hikers[2].levels()
    with walkers.transaction() as session:
        assert defining.set_active(session, badge_id, active=True, actor_id=hikers[0].owner_id)
        start_backfill(session, clock, get(session, badge_id), requested_by=None)
        jobs = session.scalars(
            text("SELECT count(*) FROM worker.procrastinate_jobs WHERE task_name = 'badges.backfill'")
        )
        assert jobs.one() == 1
    with walkers.transaction() as session:
        run_id = backfilling.latest(session)[badge_id].id
    more = True
    while more:
        with walkers.transaction() as session:
            more = backfilling.go_on(session, clock, run_id, portion=1)
    assert [each.levels().get("veteran", 0) for each in hikers] == [0, 1, 2]
    with walkers.transaction() as session:
        run = backfilling.latest(session)[badge_id]
        assert (run.done, run.total, run.awarded, run.finished_at) == (2, 2, 3, clock.now())
        assert reading.holders_by_badge(session)[badge_id] == 2


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"colour": "red"}, {"colour"}),
        ({"icon": "unicorn"}, {"icon"}),
        ({"levels": ()}, {"levels"}),
        ({"levels": (BadgeLevel(3), BadgeLevel(3))}, {"levels.2.threshold"}),
        ({"levels": (BadgeLevel(0),)}, {"levels.1.threshold"}),
        ({"levels": (BadgeLevel(1, "NONE", 5),)}, {"levels.1.unit"}),
        ({"levels": (BadgeLevel(1, "BEAN", 0),)}, {"levels.1.amount"}),
        ({"criteria": Criteria("total", "nothing")}, {"criteria.metric"}),
        ({"criteria": Criteria("total")}, {"criteria.metric"}),
        ({"criteria": Criteria("window", "walks")}, {"criteria.window"}),
        ({"criteria": Criteria("periods", "walks", window="day")}, {"criteria.window"}),
        ({"criteria": Criteria("streak", streak="nothing")}, {"criteria.streak"}),
        ({"criteria": Criteria("hand", "walks")}, {"criteria.metric"}),
        ({"name": "x" * 121, "colour": "#12"}, {"name", "colour"}),
    ],
)
def test_a_wrong_badge_is_refused_field_by_field(walkers: Database, changes: dict[str, Any], fields: set[str]) -> None:
    with walkers.transaction() as session:
        with pytest.raises(FieldErrors) as refused:
            defining.create(session, "walkers", "veteran", draft(**changes), actor_id=None)
        assert {error.field for error in refused.value.errors} == fields
        about_rewards = {error.field for error in refused.value.errors if isinstance(error, BadgeRewardError)}
        assert about_rewards == {field for field in fields if field.endswith(("unit", "amount"))}
        query = text("SELECT count(*) FROM engagement.badges WHERE code = 'veteran'")
        assert session.scalars(query).one() == 0


def test_a_change_is_a_version_and_takes_nothing_away(hiker: Hiker, person: Callable[..., Any]) -> None:
    hiker.walk(0)
    staff = person("heron").id
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        harder = draft(levels=(BadgeLevel(100, "BEAN", 10),), reason="Too easy.")
        assert defining.change(session, badge.id, harder, actor_id=staff) == 2
    assert hiker.levels() == {"walker": 1}
    with hiker.database.transaction() as session:
        rows = reading.versions(session, badge.id)
        assert [(row[0].version, row[0].reason) for row in rows] == [(2, "Too easy."), (1, "")]
        assert rows[1][0].document["levels"][0]["threshold"] == 1
        with pytest.raises(FieldErrors):
            defining.change(session, badge.id, draft(), actor_id=staff)


def test_an_inactive_badge_is_neither_earned_nor_given(hiker: Hiker, person: Callable[..., Any]) -> None:
    staff = person("heron").id
    with hiker.database.transaction() as session:
        badge = by_code(session, "walkers", "walker")
        defining.set_active(session, badge.id, active=False, actor_id=staff)
    assert hiker.walk(0) == {}
    with hiker.database.transaction() as session:
        badge, now = get(session, badge.id), hiker.clock.now()
        with pytest.raises(BadgeInactiveError):
            staffing.award_by_hand(session, now, hiker.owner_id, badge, 1, actor_id=staff, reason="Came along.")
    assert hiker.levels() == {}


def test_withdrawing_an_activity_takes_along_what_stood_on_it(hiker: Hiker, person: Callable[..., Any]) -> None:
    staff = person("heron").id
    for week in range(3):
        hiker.walk(7 * week)
    assert hiker.levels() == {"walker": 2, "loyal": 1}
    assert hiker.beans() == 10 + 30 + 5 + 10 + 15
    with hiker.database.transaction() as session:
        query = text("SELECT id FROM engagement.activities WHERE owner_id = :owner_id ORDER BY happened_at")
        second = session.scalars(query, {"owner_id": hiker.owner_id}).all()[1]
        withdraw(session, hiker.clock, hiker.owner_id, second, actor_id=staff, reason="It was somebody else.")
    assert hiker.levels() == {"walker": 1}
    assert hiker.beans() == 10 + 5 + 5
    with hiker.database.transaction() as session:
        earned = session.scalars(
            text(
                "SELECT value FROM engagement.counters AS c JOIN engagement.metrics AS m ON m.id = c.metric_id"
                " WHERE m.code = 'earned.BEAN' AND c.period = 'life' AND c.owner_id = :owner_id"
            ),
            {"owner_id": hiker.owner_id},
        ).one()
    assert earned == hiker.beans()
