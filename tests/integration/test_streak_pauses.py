"""Pauses of streaks: what they keep, what they may be, and what a run does that has passed them already."""

from uuid import UUID

import pytest
from sqlalchemy import text

from guerdon.kernel.engagement.streaks.errors import (
    PauseDatesError,
    PauseOverlapsError,
    PauseUsedUpError,
    StreakReasonMissingError,
)
from guerdon.kernel.engagement.streaks.service import pauses
from support.walking import MONDAY, WEEK, Walking


def test_pauses_keep_a_streak_and_have_their_limits(walking: Walking) -> None:
    walking.week(0)
    walking.to(1)

    def pause(first: int, last: int, actor: UUID | None = None, reason: str = "") -> None:
        with walking.database.transaction() as session:
            pauses.pause(
                session,
                walking.clock.now(),
                walking.weekly(session),
                walking.owner_id,
                first=MONDAY + first * WEEK,
                last=MONDAY + last * WEEK,
                actor_id=actor or walking.owner_id,
                reason=reason,
            )

    pause(1, 3)
    for first, last, error in ((2, 2, PauseOverlapsError), (0, 0, PauseDatesError), (5, 4, PauseDatesError)):
        with pytest.raises(error):
            pause(first, last)
    with pytest.raises(PauseUsedUpError):
        pause(5, 10)
    with pytest.raises(StreakReasonMissingError):
        pause(5, 10, UUID(int=1))
    walking.to(4)
    assert walking.stands().standing.current == 1
    walking.week(4)
    assert walking.stands().standing.current == 2
    with walking.database.transaction() as session:
        assert session.scalars(text("SELECT count(*) FROM engagement.streak_pauses")).one() == 1


def test_a_pause_of_a_week_that_a_run_has_passed_already_mends_it(walking: Walking) -> None:
    """The clock had run ahead, and stepped back; so it is for a member who moves west, with days by their own zone."""
    walking.week(0)
    walking.to(2)
    walking.week(2)
    assert walking.stands().standing.current == 1
    walking.to(1)
    with walking.database.transaction() as session:
        now, streak, week = walking.clock.now(), walking.weekly(session), MONDAY + WEEK
        made = pauses.pause(session, now, streak, walking.owner_id, first=week, last=week, actor_id=walking.owner_id)
    assert (walking.stands().standing.current, walking.bonus()) == (2, 10)
    with walking.database.transaction() as session:
        pauses.end(session, now, streak, walking.owner_id, made.id, actor_id=walking.owner_id)
    assert (walking.stands().standing.current, walking.bonus()) == (1, 10)


def test_a_pause_ended_early_counts_again(walking: Walking) -> None:
    walking.week(0)
    walking.to(1)
    with walking.database.transaction() as session:
        streak = walking.weekly(session)
        made = pauses.pause(
            session,
            walking.clock.now(),
            streak,
            walking.owner_id,
            first=MONDAY + WEEK,
            last=MONDAY + 3 * WEEK,
            actor_id=walking.owner_id,
        )
    walking.to(2)
    with walking.database.transaction() as session:
        pauses.end(session, walking.clock.now(), streak, walking.owner_id, made.id, actor_id=walking.owner_id)
    assert walking.stands().standing.current == 1
    walking.to(3)
    assert walking.stands().standing.current == 0
