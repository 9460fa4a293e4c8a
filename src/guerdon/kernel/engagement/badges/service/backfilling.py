"""Gives a badge to everybody who meets it already, a portion of members at a time, and tells how far it has come."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.engagement.activities.models import Counter
from guerdon.kernel.engagement.badges.models import BadgeBackfill
from guerdon.kernel.engagement.badges.service import counting
from guerdon.kernel.engagement.badges.service.awarding import Candidate, award
from guerdon.kernel.engagement.badges.service.definitions import Definition, definitions
from guerdon.kernel.engagement.service.rewarding import give
from guerdon.kernel.engagement.streaks.models import StreakRun

PORTION = 500


def start(session: Session, clock: Clock, badge: Definition, *, requested_by: UUID | None) -> UUID | None:
    """Begin, or begin anew if it is running; the caller queues the job.

    Returns:
        The run, or None for a badge that nothing is counted for.
    """
    if badge.kind == "hand":
        return None
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:badge, 10))"), {"badge": str(badge.id)})
    total = session.scalars(select(func.count()).select_from(_members(badge).subquery())).one()
    running = session.scalars(
        select(BadgeBackfill).where(BadgeBackfill.badge_id == badge.id, BadgeBackfill.finished_at.is_(None))
    ).one_or_none()
    if running is None:
        running = BadgeBackfill(id=new_id(), badge_id=badge.id, requested_by=requested_by, requested_at=clock.now())
        session.add(running)
    running.after_owner_id, running.done, running.awarded, running.total = None, 0, 0, total
    session.flush()
    return running.id


def go_on(session: Session, clock: Clock, backfill_id: UUID, portion: int = PORTION) -> bool:
    """Do the next portion of members.

    Returns:
        Whether there are more.
    """
    run = session.scalars(select(BadgeBackfill).where(BadgeBackfill.id == backfill_id).with_for_update()).one_or_none()
    if run is None or run.finished_at is not None:
        return False
    badge = definitions(session).by_id.get(run.badge_id)
    if badge is None or not badge.active:
        run.finished_at = clock.now()
        return False
    members = _members(badge)
    column = members.selected_columns[0]
    if run.after_owner_id is not None:
        members = members.where(column > run.after_owner_id)
    owners = session.scalars(members.order_by(column).limit(portion)).all()
    run.awarded += _give_to(session, clock.now(), badge, owners)
    run.done += len(owners)
    run.total = max(run.total, run.done)
    if len(owners) < portion:
        run.finished_at = clock.now()
        run.total = run.done
        return False
    run.after_owner_id = owners[-1]
    return True


def give_for_streak(session: Session, now: datetime, streak_id: UUID, owner_id: UUID) -> None:
    """Give a member the badges that the longest run of a streak has earned them, when it grew without an activity."""
    for badge in definitions(session).by_streak.get(streak_id, ()):
        _give_to(session, now, badge, [owner_id])


def _give_to(session: Session, now: datetime, badge: Definition, owners: Sequence[UUID]) -> int:
    values = counting.values(session, badge, owners)
    candidates = [
        Candidate(owner_id, badge, badge.reached(value), value, now)
        for owner_id, value in sorted(values.items())
        if value >= badge.lowest
    ]
    awarded = award(session, candidates)
    give(session, now, [each.reward for each in awarded if each.reward is not None])
    return len(awarded)


def _members(badge: Definition) -> Select[UUID]:
    """Everybody for whom anything is counted towards the badge."""
    if badge.kind == "streak":
        return select(StreakRun.owner_id).where(StreakRun.streak_id == badge.streak_id)
    return select(Counter.owner_id).where(Counter.metric_id == badge.metric_id, Counter.period == "life")


def latest(session: Session) -> dict[UUID, BadgeBackfill]:
    """The last run of each badge."""
    rows = session.scalars(
        select(BadgeBackfill)
        .ext(distinct_on(BadgeBackfill.badge_id))
        .order_by(BadgeBackfill.badge_id, BadgeBackfill.requested_at.desc(), BadgeBackfill.id.desc())
    )
    return {row.badge_id: row for row in rows}
