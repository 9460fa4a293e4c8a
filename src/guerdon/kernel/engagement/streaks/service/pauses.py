"""Time off: periods that neither break nor lengthen a member's streak, from the present one on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.streaks.calendar import distance, following, period_of
from guerdon.kernel.engagement.streaks.errors import (
    PauseDatesError,
    PauseNotFoundError,
    PauseOverlapsError,
    PauseUsedUpError,
    StreakReasonMissingError,
)
from guerdon.kernel.engagement.streaks.models import StreakPause, StreakRun
from guerdon.kernel.engagement.streaks.service import catching_up
from guerdon.kernel.engagement.streaks.service.definitions import Definition
from guerdon.kernel.engagement.streaks.service.reading import present_period

REASON_LENGTH_MIN = 3
YEAR = timedelta(days=365)


def pause(
    session: Session,
    now: datetime,
    streak: Definition,
    owner_id: UUID,
    *,
    first: date,
    last: date,
    actor_id: UUID,
    reason: str = "",
) -> StreakPause:
    """Take whole periods off, those in which the first and the last day lie included.

    Args:
        actor_id: the member, who may pause as much as the streak allows, or staff, who say why and have no such limit.

    Raises:
        PauseDatesError: it begins before the present period, ends before it begins, or lasts longer than a year.
        PauseOverlapsError: another pause covers some of it.
        PauseUsedUpError: members: with it there would be more than may be within twelve months.
        StreakReasonMissingError: staff: there is no reason.
    """
    _lock(session, streak, owner_id)
    by_staff = actor_id != owner_id
    if by_staff and len(reason.strip()) < REASON_LENGTH_MIN:
        raise StreakReasonMissingError(field="reason")
    present = present_period(session, streak, owner_id, now)
    if not present <= first <= last <= present + YEAR:
        raise PauseDatesError(field="last" if first >= present else "first")
    starts_on = period_of(first, streak.rules.period)
    ends_on = following(period_of(last, streak.rules.period), streak.rules.period)
    others = session.scalars(
        select(StreakPause).where(
            StreakPause.owner_id == owner_id, StreakPause.streak_id == streak.id, StreakPause.ends_on > present - YEAR
        )
    ).all()
    if any(other.starts_on < ends_on and starts_on < other.ends_on for other in others):
        raise PauseOverlapsError()
    if not by_staff:
        _within_limit(streak, others, starts_on, ends_on)
    made = StreakPause(
        owner_id=owner_id,
        id=new_id(),
        streak_id=streak.id,
        starts_on=starts_on,
        ends_on=ends_on,
        created_by=actor_id,
        reason=reason.strip()[:500],
        created_at=now,
    )
    session.add(made)
    session.flush()
    _work_out_anew(session, now, streak, owner_id, starts_on)
    if by_staff:
        _announce(session, "engagement.streak_paused", streak, made, actor_id)
    return made


def _within_limit(streak: Definition, others: Sequence[StreakPause], starts_on: date, ends_on: date) -> None:
    """Hold the pauses that a member made by themself, with a new one, to the streak's limit for a year."""
    since = ends_on - YEAR
    used = sum(
        distance(max(other.starts_on, since), other.ends_on, streak.rules.period)
        for other in others
        if other.created_by == other.owner_id and other.ends_on > since
    )
    if used + distance(starts_on, ends_on, streak.rules.period) > streak.pause_periods_max:
        raise PauseUsedUpError(maximum=streak.pause_periods_max)


def end(session: Session, now: datetime, streak: Definition, owner_id: UUID, pause_id: UUID, *, actor_id: UUID) -> None:
    """End a pause now: the present period counts again; one that has not begun is as if it had never been.

    Raises:
        PauseNotFoundError: there is none of that id, or it is over.
    """
    _lock(session, streak, owner_id)
    found = session.scalars(
        select(StreakPause).where(
            StreakPause.owner_id == owner_id, StreakPause.id == pause_id, StreakPause.streak_id == streak.id
        )
    ).one_or_none()
    present = present_period(session, streak, owner_id, now)
    if found is None or found.ends_on <= present:
        raise PauseNotFoundError()
    if actor_id != owner_id:
        _announce(session, "engagement.streak_pause_ended", streak, found, actor_id)
    if found.starts_on >= present:
        session.delete(found)
    else:
        found.ends_on = present
    session.flush()
    _work_out_anew(session, now, streak, owner_id, present)


def _work_out_anew(session: Session, now: datetime, streak: Definition, owner_id: UUID, since: date) -> None:
    """Bring a run up to date that lies ahead already: the member has moved west, or the clock has stepped back."""
    run = session.get(StreakRun, (owner_id, streak.id), populate_existing=True)
    if run is not None and run.last is not None and run.last > since:
        catching_up.work_out(session, now, streak, [owner_id])


def _lock(session: Session, streak: Definition, owner_id: UUID) -> None:
    """One change of a member's pauses at a time, so that two cannot pass the limit together."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 7))"), {"what": f"streak:{streak.id}:{owner_id}"}
    )


def _announce(session: Session, action: str, streak: Definition, pause: StreakPause, actor_id: UUID) -> None:
    dates = {"from": pause.starts_on, "until": pause.ends_on}
    detail = {"program": streak.program, "streak": streak.code}
    act = Act(
        action, "member", pause.owner_id, actor_id=actor_id, new=dates, reason=pause.reason or None, detail=detail
    )
    announce(session, act)
