"""What staff do with members' badges: award by hand, and revoke. Never their own, always with a reason, on record."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.errors import NotFoundError
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.badges.errors import (
    BadgeHeldError,
    BadgeInactiveError,
    BadgeLevelNotFoundError,
    BadgeReasonMissingError,
    OwnBadgeError,
)
from guerdon.kernel.engagement.badges.service import awarding
from guerdon.kernel.engagement.badges.service.awarding import Awarded, Candidate
from guerdon.kernel.engagement.badges.service.definitions import Definition
from guerdon.kernel.engagement.service.rewarding import give
from guerdon.kernel.identity.models import User

REASON_MIN, REASON_MAX = 3, 500


def award_by_hand(
    session: Session, now: datetime, owner_id: UUID, badge: Definition, level: int, *, actor_id: UUID, reason: str
) -> list[Awarded]:
    """Give a member a level of a badge and those below it that are missing, with their rewards.

    Raises:
        OwnBadgeError: it would be the actor's own.
        BadgeReasonMissingError: there is no reason.
        BadgeInactiveError: the badge is not active.
        BadgeLevelNotFoundError: the badge has no such level.
        BadgeHeldError: the member has it.
        NotFoundError: there is no such member.
    """
    _check(owner_id, actor_id, reason)
    if not badge.active:
        raise BadgeInactiveError()
    if not 1 <= level <= len(badge.levels):
        raise BadgeLevelNotFoundError()
    user = session.get(User, owner_id)
    if user is None or user.deleted_at is not None:
        raise NotFoundError(what="account")
    candidate = Candidate(owner_id, badge, level, None, now)
    found = awarding.award(session, [candidate], how="hand", actor_id=actor_id, reason=reason.strip())
    if not any(each.level == level for each in found):
        raise BadgeHeldError()
    give(session, now, [each.reward for each in found if each.reward is not None])
    act = _act("engagement.badge_awarded", owner_id, badge, (each.level for each in found))
    announce(session, replace(act, actor_id=actor_id, reason=reason.strip()))
    return found


def revoke(
    session: Session, now: datetime, owner_id: UUID, badge: Definition, level: int, *, actor_id: UUID, reason: str
) -> list[int]:
    """Take a level and those above it from a member, their rewards as far as they are there, and their credentials.

    Returns:
        The levels that are gone.

    Raises:
        OwnBadgeError, BadgeReasonMissingError: as for awarding.
        BadgeLevelNotFoundError: the member does not have it.
    """
    _check(owner_id, actor_id, reason)
    gone = awarding.revoke(session, now, owner_id, badge, level, reason=reason.strip(), actor_id=actor_id)
    if not gone:
        raise BadgeLevelNotFoundError()
    act = _act("engagement.badge_revoked", owner_id, badge, gone)
    announce(session, replace(act, actor_id=actor_id, reason=reason.strip()))
    return gone


def _check(owner_id: UUID, actor_id: UUID, reason: str) -> None:
    if owner_id == actor_id:
        raise OwnBadgeError()
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise BadgeReasonMissingError(field="reason")


def _act(action: str, owner_id: UUID, badge: Definition, levels: Iterable[int]) -> Act:
    detail = {"program": badge.program, "badge": badge.code, "levels": sorted(levels)}
    return Act(action, "member", owner_id, detail=detail)
