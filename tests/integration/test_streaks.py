"""Streaks on a real database: bonuses, late facts, withdrawals, pardons."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Fact, MetricSeed, Zone
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.badges import personal_data
from guerdon.kernel.engagement.streaks import jobs
from guerdon.kernel.engagement.streaks.errors import (
    NothingToRestoreError,
    OwnStreakError,
    StreakReasonMissingError,
)
from guerdon.kernel.engagement.streaks.seeds import StreakSeed
from guerdon.kernel.engagement.streaks.service import catching_up, changing, pardons, reading, reminding
from guerdon.kernel.engagement.streaks.service.definitions import by_code, use
from guerdon.kernel.program import Program
from guerdon.worker.runner import run_worker
from support.walkers import WALKERS, advance
from support.walking import MONDAY, WEEK, Walking


def test_each_week_pays_by_the_length_and_lapses_when_it_is_read(walking: Walking) -> None:
    for number in range(3):
        walking.to(number)
        walking.week(number)
    assert (walking.stands().standing.current, walking.bonus()) == (3, 5 + 10 + 15)
    walking.to(3)
    assert walking.stands().at_risk
    walking.to(4)
    lapsed = walking.stands().standing
    assert (lapsed.current, lapsed.longest, lapsed.lost, lapsed.broken) == (0, 3, 3, MONDAY + 3 * WEEK)
    walking.week(4)
    assert (walking.stands().standing.current, walking.bonus()) == (1, 35)


def test_a_second_walk_of_a_week_pays_nothing_more(walking: Walking) -> None:
    walking.week(0)
    walking.week(0)
    assert walking.bonus() == 5


def test_freezes_save_missed_weeks_by_themselves(walking: Walking) -> None:
    for number in range(4):
        walking.week(number)
    walking.to(5)
    saved = walking.stands().standing
    assert (saved.current, saved.freezes, saved.saved) == (4, 0, (MONDAY + 4 * WEEK,))
    walking.week(5)
    assert walking.stands().standing.current == 5
    walking.to(7)
    assert walking.stands().standing.current == 0


def test_a_late_fact_mends_the_streak_and_pays_what_becomes_due(walking: Walking) -> None:
    walking.to(4)
    for number in (0, 1, 3, 4):
        walking.week(number)
    assert (walking.stands().standing.current, walking.bonus()) == (2, 5 + 10 + 5 + 10)
    walking.week(2)
    assert (walking.stands().standing.current, walking.bonus()) == (5, 5 + 10 + 15 + 20 + 25)


def test_a_withdrawn_week_breaks_it_and_takes_back_what_is_there(walking: Walking) -> None:
    walking.to(2)
    for number in range(3):
        walking.week(number)
    assert walking.bonus() == 30
    walking.week(1, -1, withdrawn=True)
    assert (walking.stands().standing.current, walking.bonus()) == (1, 5 + 5)
    walking.week(1)
    assert (walking.stands().standing.current, walking.bonus()) == (3, 30)


def test_what_was_spent_is_not_taken_back(walking: Walking) -> None:
    walking.week(0)
    walking.week(1)
    with walking.database.transaction() as session:
        from guerdon.kernel.ledger import service as ledger
        from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount

        spent = Posting(
            Account(walking.owner_id, "BEAN"), SystemAccount("redemption", "BEAN"), walking.has() - 4, "spend", "all"
        )
        ledger.post(session, spent, walking.clock.now())
    before = walking.bonus()
    walking.week(1, -1, withdrawn=True)
    assert walking.bonus() >= before - 10
    assert walking.has() >= 0


def test_weeks_in_which_nothing_was_held_are_neutral(walking: Walking) -> None:
    seed = WALKERS.streaks[0]

    def held(_session: Session, start: date, end: date) -> list[date]:
        return [day for number in (0, 1, 4) if start <= (day := MONDAY + number * WEEK) < end]

    from dataclasses import replace

    use("walkers", (replace(seed, held=held),))
    try:
        walking.to(4)
        for number in (0, 1, 4):
            walking.week(number)
        assert walking.stands().standing.current == 3
        with walking.database.transaction() as session:
            shown = reading.calendar(session, walking.clock.now(), walking.owner_id, walking.weekly(session), 5)
        assert [each.state for each in shown] == ["active", "active", "not_held", "not_held", "active"]
        walking.to(9)
        assert walking.stands().standing.current == 3
        assert not walking.stands().at_risk
    finally:
        use("walkers", WALKERS.streaks)


def test_nobody_has_missed_a_week_before_their_first(walking: Walking) -> None:
    def states(periods: int) -> list[str]:
        with walking.database.transaction() as session:
            weekly = walking.weekly(session)
            found = reading.calendar(session, walking.clock.now(), walking.owner_id, weekly, periods)
        return [each.state for each in found]

    assert states(3) == ["not_begun", "not_begun", "open"]
    walking.week(0)
    walking.to(2)
    assert states(5) == ["not_begun", "not_begun", "active", "missed", "open"]
    assert states(2) == ["missed", "open"]


def test_staff_restore_a_streak_with_a_reason(walking: Walking, person: Callable[..., Any]) -> None:
    staff = person("heron").id
    walking.to(4)
    for number in (0, 1, 4):
        walking.week(number)

    def restore(actor: UUID, reason: str = "The bus did not come.") -> tuple[date, ...]:
        with walking.database.transaction() as session:
            return pardons.restore(
                session, walking.clock.now(), walking.weekly(session), walking.owner_id, actor_id=actor, reason=reason
            )

    with pytest.raises(OwnStreakError):
        restore(walking.owner_id)
    with pytest.raises(StreakReasonMissingError):
        restore(staff, " ")
    assert (walking.stands().standing.current, walking.bonus()) == (1, 20)
    assert restore(staff) == (MONDAY + 2 * WEEK, MONDAY + 3 * WEEK)
    assert (walking.stands().standing.current, walking.bonus()) == (3, 5 + 10 + 15)
    with pytest.raises(NothingToRestoreError):
        restore(staff)
    with walking.database.transaction() as session:
        query = text("SELECT reason FROM admin.audit_logs WHERE action = 'engagement.streak_restored'")
        assert session.scalars(query).one() == "The bus did not come."


def test_a_restored_streak_brings_the_badges_of_its_length_at_once(
    walking: Walking, person: Callable[..., Any]
) -> None:
    boot.prepare(Settings(secret_key="s" * 40))
    staff = person("heron").id
    walking.to(5)
    for number in (0, 1, 4, 5):
        walking.week(number)

    def loyal() -> list[int]:
        query = (
            "SELECT e.level FROM engagement.earned_levels AS e JOIN engagement.badges AS b ON b.id = e.badge_id"
            " WHERE b.code = 'loyal' AND e.owner_id = :owner_id ORDER BY e.level"
        )
        with walking.database.transaction() as session:
            return list(session.scalars(text(query), {"owner_id": walking.owner_id}))

    assert loyal() == [1]
    with walking.database.transaction() as session:
        streak = walking.weekly(session)
        pardons.restore(session, walking.clock.now(), streak, walking.owner_id, actor_id=staff, reason="Was ill.")
    assert walking.stands().standing.current == 4
    assert loyal() == [1, 2]


def test_members_are_told_once_before_a_streak_breaks_if_they_want_mails(walking: Walking) -> None:
    def remind() -> int:
        with walking.database.transaction() as session:
            reminding.remind(session, walking.clock)
            return session.scalars(
                text("SELECT count(*) FROM notifications.outbox WHERE kind = 'engagement.streak_at_risk'")
            ).one()

    walking.week(0)
    walking.to(1)
    walking.week(1)
    walking.to(2)
    assert remind() == 0  # the week has only begun
    walking.clock.move(timedelta(days=6))
    assert remind() == 1
    assert remind() == 1
    walking.week(2)
    walking.to(3)
    walking.clock.move(timedelta(days=6))
    with walking.database.transaction() as session:
        session.execute(text("UPDATE identity.profiles SET notification_preferences = '{\"email\": false}'"))
    assert remind() == 1
    with walking.database.transaction() as session:
        session.execute(text("UPDATE identity.profiles SET notification_preferences = '{\"email\": true}'"))
    walking.week(3)
    assert remind() == 1  # done: nothing is at risk


def test_a_copy_tells_of_badges_and_streaks_and_leaving_takes_words_away(
    walking: Walking, person: Callable[..., Any]
) -> None:
    staff = person("heron").id
    walking.week(0)
    walking.to(4)
    with walking.database.transaction() as session:
        pardons.restore(
            session,
            walking.clock.now(),
            walking.weekly(session),
            walking.owner_id,
            actor_id=staff,
            reason="Was in hospital.",
        )
    with walking.database.transaction() as session:
        files = {
            each.path: each.content for each in personal_data.PART.export(session, walking.clock, walking.owner_id)
        }
        assert b"walker" in files["badges.json"]
        assert b"Was in hospital." in files["streaks.json"]
        assert personal_data.PART.erase is not None
        personal_data.PART.erase(session, walking.clock, walking.owner_id)
        reasons = session.scalars(text("SELECT DISTINCT reason FROM engagement.streak_pardons")).all()
        assert reasons == ["erased"]
    assert walking.stands().standing.longest == 1


DAILY = Program(
    name="dailies",
    title="Dailies",
    package="guerdon.kernel.home",
    activity_kinds=(ActivityKind("dailies.walked", "Walked", {}),),
    metrics=(MetricSeed("walks", "Walks", ("dailies.walked",), zone=Zone.MEMBER),),
    streaks=(StreakSeed("daily", "Days in a row", "walks", period="day", freeze_every=0),),
)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Europe/Paris", (date(2026, 3, 27), date(2026, 3, 31))),  # a day of 23 hours
        ("Europe/Paris", (date(2026, 10, 23), date(2026, 10, 27))),  # and one of 25
        ("America/Santiago", (date(2026, 9, 4), date(2026, 9, 8))),  # midnight itself is left out
        ("America/Santiago", (date(2026, 4, 3), date(2026, 4, 6))),  # the last hour comes twice
        ("Australia/Lord_Howe", (date(2026, 10, 2), date(2026, 10, 6))),  # by half an hour
    ],
)
def test_a_daily_streak_goes_on_across_a_change_of_clocks(
    zone: str,
    days: tuple[date, date],
    walkers: Database,
    owner_dsn: str,
    clock: FixedClock,
    person: Callable[..., Any],
) -> None:
    """By the clock of the member: first and last moments of a day count for it; it is lost once it is over there."""
    owner = Database(owner_dsn)
    with owner.transaction() as session:
        boot._install_program(DAILY, session)
    owner.dispose()
    owner_id = person("ibis").id
    first, last = days
    local = ZoneInfo(zone)
    with walkers.transaction() as session:
        session.execute(
            text("UPDATE identity.users SET time_zone = :zone WHERE id = :id"), {"zone": zone, "id": owner_id}
        )

    def stands() -> reading.MemberStreak:
        with walkers.transaction() as session:
            return reading.one_of_member(session, clock.now(), owner_id, by_code(session, "dailies", "daily"))

    for number in range((last - first).days + 1):
        day = first + number * timedelta(days=1)
        begins, ends = (
            datetime.combine(each, time(), local).astimezone(UTC) for each in (day, day + timedelta(days=1))
        )
        # In turns in the very first and the very last moment of the day.
        at = begins if number % 2 else ends - timedelta(seconds=1)
        clock.move(at - clock.now())
        with walkers.transaction() as session:
            fact = Fact(owner_id, "dailies", "dailies.walked", at, {}, f"walk {number}")
            assert record(session, clock, [fact])[0].refused is None
        assert (stands().standing.current, stands().present) == (number + 1, day)
    over = datetime.combine(last + timedelta(days=2), time(), local).astimezone(UTC)
    clock.move(over - timedelta(seconds=1) - clock.now())
    assert stands().standing.current == (last - first).days + 1
    clock.move(timedelta(seconds=1))
    assert (stands().standing.current, stands().standing.lost) == (0, (last - first).days + 1)


def test_what_was_done_while_a_streak_was_not_active_counts_when_it_is_again(
    walking: Walking, person: Callable[..., Any]
) -> None:
    other = person("heron").id
    for number in range(2):
        walking.to(number)
        walking.week(number)
    staff = person("wren").id

    def set_active(session: Session, active: bool) -> None:
        streak = walking.weekly(session)
        numbers = replace(changing.numbers_of(streak), active=active)
        jobs.change_and_catch_up(session, walking.clock, streak.id, numbers, actor_id=staff, reason="a trial")

    with walking.database.transaction() as session:
        set_active(session, False)
    for number in range(2, 5):
        walking.to(number)
        walking.week(number)
    with walking.database.transaction() as session:
        advance(session, walking.clock.now(), other, MONDAY + 4 * WEEK, walks=1)
    assert walking.stands().standing.current == 0
    with walking.database.transaction() as session:
        set_active(session, True)
    run_worker(walking.database, boot.tasks().values(), walking.clock, until_idle=True)
    assert (walking.stands().standing.current, walking.bonus()) == (5, 5 + 10)
    with walking.database.transaction() as session:
        assert reading.one_of_member(session, walking.clock.now(), other, walking.weekly(session)).standing.current == 1
    walking.to(5)
    walking.week(5)
    assert (walking.stands().standing.current, walking.bonus()) == (6, 5 + 10 + 30)


def test_runs_follow_counters_that_were_put_right(walking: Walking, person: Callable[..., Any]) -> None:
    gone = person("heron").id
    for number in range(3):
        walking.week(number)
        with walking.database.transaction() as session:
            advance(session, walking.clock.now(), gone, MONDAY + number * WEEK, walks=1)
    with walking.database.transaction() as session:  # what a rebuild finds not to have been so
        session.execute(
            text("UPDATE engagement.counters SET value = 0 WHERE owner_id = :gone OR period_start = :week"),
            {"gone": gone, "week": MONDAY + WEEK},
        )
        jobs.catch_up_all(session)
    run_worker(walking.database, boot.tasks().values(), walking.clock, until_idle=True)
    walking.to(2)
    stands = walking.stands().standing
    assert (stands.current, stands.longest, stands.started) == (1, 1, MONDAY + 2 * WEEK)
    with walking.database.transaction() as session:
        other = reading.one_of_member(session, walking.clock.now(), gone, walking.weekly(session)).standing
    assert (other.current, other.longest, other.last) == (0, 0, None)


def test_catching_up_goes_on_member_by_member(walking: Walking, person: Callable[..., Any]) -> None:
    owners = sorted([walking.owner_id, *(person(name).id for name in ("heron", "wren"))])
    with walking.database.transaction() as session:
        for owner_id in owners:
            for number in range(3):
                advance(session, walking.clock.now(), owner_id, MONDAY + number * WEEK, walks=1)
        session.execute(text("DELETE FROM engagement.streak_runs"))
    after: UUID | None = None
    for owner_id in owners:
        with walking.database.transaction() as session:
            after = catching_up.go_on(session, walking.clock, walking.weekly(session).id, after, portion=1)
            assert after == owner_id
    with walking.database.transaction() as session:
        assert catching_up.go_on(session, walking.clock, walking.weekly(session).id, after, portion=1) is None
        lengths = text(
            "SELECT current FROM engagement.streak_runs AS r JOIN engagement.streaks AS s"
            " ON s.id = r.streak_id AND s.code = 'weekly' ORDER BY owner_id"
        )
        assert list(session.scalars(lengths)) == [3, 3, 3]
