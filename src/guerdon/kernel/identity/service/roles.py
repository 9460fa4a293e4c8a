"""Granting and taking roles, closing accounts to their owners."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import LastSuperAdminError, RoleNotYoursError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.permissions import LADDER, Role, rank
from guerdon.kernel.identity.service import sessions
from guerdon.kernel.identity.service.accounts import get_account, known_roles


def may_give(actor_roles: Any, role: str) -> bool:
    """Whether somebody with these roles may grant and take a role: they stand at least as high.

    ``partner`` stands beside the ladder and is given from ``admin`` on.
    """
    needed = LADDER.index(Role.ADMIN if role == Role.PARTNER else Role(role))
    return rank(actor_roles) >= max(needed, LADDER.index(Role.ADMIN))


def grant(session: Session, clock: Clock, *, user_id: UUID, role: str, actor_id: UUID | None, reason: str) -> User:
    """Give somebody a role.

    Args:
        actor_id: who gives it; None is the operator at the command line, who may give any.
        reason: for the audit log.

    Raises:
        RoleUnknownError, RoleNotYoursError, NotFoundError: nothing is changed.
    """
    known_roles([role])
    return _set_roles(session, clock, user_id=user_id, actor_id=actor_id, role=role, reason=reason, add=True)


def revoke(session: Session, clock: Clock, *, user_id: UUID, role: str, actor_id: UUID | None, reason: str) -> User:
    """Take a role from somebody; ``user`` stays with everybody.

    Raises:
        RoleUnknownError, RoleNotYoursError, NotFoundError: nothing is changed.
        LastSuperAdminError: nobody would be left.
    """
    known_roles([role])
    return _set_roles(session, clock, user_id=user_id, actor_id=actor_id, role=role, reason=reason, add=False)


def _set_roles(
    session: Session, clock: Clock, *, user_id: UUID, actor_id: UUID | None, role: str, reason: str, add: bool
) -> User:
    remaining = _lock_super_admins(session) if role == Role.SUPER_ADMIN else set()
    user = get_account(session, user_id, lock=True)
    _check_actor(session, actor_id, user, role)
    before = list(user.roles)
    wanted = {*before, role} if add else set(before) - {role}
    after = known_roles(sorted(wanted))
    if after == before:
        return user
    if not add and role == Role.SUPER_ADMIN and remaining <= {user_id}:
        raise LastSuperAdminError
    user.roles, user.updated_at = after, clock.now()
    session.flush()
    action = "identity.role_granted" if add else "identity.role_taken"
    announce(
        session,
        Act(action, "user", user_id, actor_id=actor_id, old={"roles": before}, new={"roles": after}, reason=reason),
    )
    return user


def set_active(
    session: Session, clock: Clock, *, user_id: UUID, active: bool, actor_id: UUID | None, reason: str
) -> User:
    """Suspend an account or let it in again; a suspended one is signed out everywhere at once.

    Raises:
        RoleNotYoursError: it stands higher than the actor.
        LastSuperAdminError: nobody would be left.
    """
    remaining = _lock_super_admins(session)
    user = get_account(session, user_id, lock=True)
    _check_actor(session, actor_id, user, Role.USER)
    if user.is_active == active:
        return user
    if not active and remaining == {user_id}:
        raise LastSuperAdminError
    user.is_active, user.updated_at = active, clock.now()
    session.flush()
    if not active:
        # So that what was open does not come back with the account.
        sessions.sign_out_everywhere(session, clock, user_id, actor_id=actor_id)
    action = "identity.account_restored" if active else "identity.account_suspended"
    announce(session, Act(action, "user", user_id, actor_id=actor_id, reason=reason))
    return user


def _check_actor(session: Session, actor_id: UUID | None, user: User, role: str) -> None:
    """Refuse unless the actor holds the role and stands at least as high as the one concerned."""
    if actor_id is None:
        return
    actor_roles = get_account(session, actor_id).roles
    if not may_give(actor_roles, role) or rank(user.roles) > rank(actor_roles):
        raise RoleNotYoursError(role=role, permission="identity:grant")


def ranks_of(session: Session, user_ids: Collection[UUID]) -> dict[UUID, int]:
    """How high some people stand on the ladder."""
    if not user_ids:
        return {}
    return {
        row.id: rank(row.roles) for row in session.execute(select(User.id, User.roles).where(User.id.in_(user_ids)))
    }


def keep_one_super_admin(session: Session, leaving: UUID) -> None:
    """Refuse that the last one leaves; those who leave at once see each other.

    Raises:
        LastSuperAdminError: nobody would be left.
    """
    if _lock_super_admins(session) == {leaving}:
        raise LastSuperAdminError


def _lock_super_admins(session: Session) -> set[UUID]:
    """Everybody who can run the place; locked, so that two who leave at once see each other."""
    return set(session.scalars(text("SELECT identity.lock_super_admins()")))
