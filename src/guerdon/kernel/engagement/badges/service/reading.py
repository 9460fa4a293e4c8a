"""Badges for showing: what a member has, how far they have come, who holds what."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.badges.errors import BadgeNotFoundError
from guerdon.kernel.engagement.badges.models import BadgeVersion, EarnedLevel, MemberBadge
from guerdon.kernel.engagement.badges.service import counting
from guerdon.kernel.engagement.badges.service.definitions import Definition, Level, definitions, get
from guerdon.kernel.identity.models import User


@dataclass(frozen=True, slots=True)
class MemberProgress:
    """A badge as a member sees it.

    Attributes:
        level: the one that they have; 0 for none.
        value: what is counted, so far; None where staff award it.
        next: the level to come; None on the highest.
        earned: when each of their levels was earned.
    """

    badge: Definition
    level: int
    earned_at: datetime | None
    value: int | None
    next: Level | None
    earned: dict[int, datetime]

    @property
    def share(self) -> float:
        """The way to the next level, 0 to 1."""
        if self.next is None:
            return 1.0
        return min(max((self.value or 0) / self.next.threshold, 0.0), 1.0)


def of_member(session: Session, owner_id: UUID, program: str | None = None) -> list[MemberProgress]:
    """The badges that a member has, and the active ones that they may know of, with their progress."""
    earned: dict[UUID, dict[int, datetime]] = defaultdict(dict)
    for row in session.execute(
        select(EarnedLevel.badge_id, EarnedLevel.level, EarnedLevel.earned_at)
        .where(EarnedLevel.owner_id == owner_id, EarnedLevel.revoked_at.is_(None))
        .order_by(EarnedLevel.level)
    ):
        earned[row.badge_id][row.level] = row.earned_at
    shown = [
        badge
        for badge in definitions(session).all
        if (program is None or badge.program == program) and (badge.id in earned or (badge.active and not badge.hidden))
    ]
    return [_progress(session, owner_id, badge, earned.get(badge.id, {})) for badge in shown]


def one_of_member(session: Session, owner_id: UUID, badge_id: UUID) -> MemberProgress:
    """A badge as a member sees it.

    Raises:
        BadgeNotFoundError: there is none of that id, or it is hidden or not active and the member does not have it.
    """
    badge = get(session, badge_id)
    rows = session.execute(
        select(EarnedLevel.level, EarnedLevel.earned_at).where(
            EarnedLevel.owner_id == owner_id, EarnedLevel.badge_id == badge_id, EarnedLevel.revoked_at.is_(None)
        )
    )
    earned = {row.level: row.earned_at for row in rows}
    if not earned and (badge.hidden or not badge.active):
        raise BadgeNotFoundError(badge=str(badge_id))
    return _progress(session, owner_id, badge, earned)


def _progress(session: Session, owner_id: UUID, badge: Definition, earned: dict[int, datetime]) -> MemberProgress:
    level = max(earned, default=0)
    value = None if badge.kind == "hand" else counting.values(session, badge, [owner_id]).get(owner_id, 0)
    return MemberProgress(badge, level, earned.get(level), value, badge.following(level), dict(sorted(earned.items())))


def holders_by_badge(session: Session) -> dict[UUID, int]:
    """How many members hold each badge."""
    rows = session.execute(text("SELECT badge_id, holders FROM engagement.badge_holders()"))
    return {row.badge_id: row.holders for row in rows}


def holders(
    session: Session, badge_id: UUID, *, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Row[MemberBadge, str]]:
    """Who holds a badge, the latest first, for staff; one more than ``limit`` when there are more.

    Args:
        after: ``(earned_at, owner_id)`` of the last one of the page before.
    """
    query = (
        select(MemberBadge, User.name)
        .join(User, User.id == MemberBadge.owner_id)
        .where(MemberBadge.badge_id == badge_id)
    )
    if after is not None:
        query = query.where(tuple_(MemberBadge.earned_at, MemberBadge.owner_id) < tuple_(*after))
    query = query.order_by(MemberBadge.earned_at.desc(), MemberBadge.owner_id.desc()).limit(limit + 1)
    return session.execute(query).all()


def history(session: Session, owner_id: UUID) -> Sequence[EarnedLevel]:
    """Every level that a member ever had, the latest first."""
    return session.scalars(
        select(EarnedLevel)
        .where(EarnedLevel.owner_id == owner_id)
        .order_by(EarnedLevel.recorded_at.desc(), EarnedLevel.id.desc())
    ).all()


def versions(session: Session, badge_id: UUID) -> Sequence[Row[BadgeVersion, str]]:
    """What a badge said, the latest first, with who wrote it."""
    return session.execute(
        select(BadgeVersion, User.name)
        .outerjoin(User, User.id == BadgeVersion.changed_by)
        .where(BadgeVersion.badge_id == badge_id)
        .order_by(BadgeVersion.version.desc())
    ).all()
