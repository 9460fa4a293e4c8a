"""Browser sessions: a random token in a cookie, its hash in the database. Those of staff are kept shorter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.db.statement import Statement
from guerdon.http.context import current_request
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import RoleNotYoursError
from guerdon.kernel.identity.models import AdminSession, ApiKey, SigningKey, User, UserSession
from guerdon.kernel.identity.permissions import PermissionCatalogue, Role, rank
from guerdon.kernel.identity.service import admin_sessions, refresh
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash

TOUCH_AFTER = timedelta(minutes=5)
STAFF_TOUCH_AFTER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long sessions last, and what those of staff may do.

    Attributes:
        ttl: of a member's session.
        staff_ttl, staff_idle: of one with rights above a member's.
        permissions: the catalogue that says what roles may do.
    """

    ttl: timedelta
    staff_ttl: timedelta
    staff_idle: timedelta
    permissions: PermissionCatalogue


@dataclass(frozen=True, slots=True)
class Known:
    """Who a session, a token or a key belongs to.

    Attributes:
        scopes: what an API key is for; None for what people use.
        proven_at: when they signed in with it; None for keys.
        alone_until: when somebody comes of age for whom nobody answers now; they have no permissions before.
    """

    user_id: UUID
    roles: frozenset[str]
    locale: str
    time_zone: str
    name: str
    session_id: UUID | None = None
    scopes: frozenset[str] | None = None
    alone_until: date | None = None
    proven_at: datetime | None = None


def start_session(
    session: Session, clock: Clock, user: User, policy: SessionPolicy, *, failures: int = 0
) -> tuple[str, UserSession]:
    """Sign a browser in, always under a new token. Returns the token, which is never seen again, and the row.

    Args:
        failures: attempts that were refused before this one; many make a session of staff suspicious.
    """
    now = clock.now()
    info = current_request()
    token = new_token()
    elevated = _elevated(user.roles)
    started = UserSession(
        id=new_id(),
        user_id=user.id,
        token_hash=token_hash(token),
        device_info={"user_agent": info.user_agent} if info and info.user_agent else None,
        ip_address=info.client_address if info else None,
        created_at=now,
        last_used_at=now,
        expires_at=now + (policy.staff_ttl if elevated else policy.ttl),
    )
    if elevated:
        admin_sessions.start(
            session, clock, user, started, policy.permissions, ends=started.expires_at, failures=failures
        )
    session.add(started)
    session.flush()
    return token, started


def by_session_token(session: Session, clock: Clock, token: str, policy: SessionPolicy) -> Known | None:
    """Who is signed in with a token, or None when it is unknown, expired, revoked, or idle for too long.

    What was granted or taken since they signed in counts: the session of somebody who has become staff is one of staff
    from here on, with all that goes with it.
    """
    now = clock.now()
    row = session.execute(_BY_SESSION_TOKEN, {"hash": token_hash(token), "now": now}).one_or_none()
    if row is None:
        return None
    # Entering the password again starts a session anew, so its age is that of the last proof.
    known = replace(_known(row, session_id=row.id), proven_at=row.created_at)
    if row.admin_session_id is None:
        if _elevated(row.roles):
            _become_staff(session, clock, row.id, policy)
        elif now - row.last_used_at > TOUCH_AFTER:
            _touch(session, UserSession, UserSession.last_used_at, row.id, clock)
        return known
    if row.terminated_at is not None or now - row.last_activity_at >= policy.staff_idle or now >= row.staff_until:
        return None
    held = policy.permissions.held_by(row.roles)
    if held != set(row.permissions_granted):
        admin_sessions.note_rights(session, row.admin_session_id, row.roles, held)
    if now - row.last_activity_at > STAFF_TOUCH_AFTER:
        _touch(session, UserSession, UserSession.last_used_at, row.id, clock)
        _touch(session, AdminSession, AdminSession.last_activity_at, row.admin_session_id, clock)
    return known


def _elevated(roles: Collection[str]) -> bool:
    """Whether somebody may do more than every member."""
    return not set(roles) <= {Role.USER.value}


def _become_staff(session: Session, clock: Clock, session_id: UUID, policy: SessionPolicy) -> None:
    """Make a member's session one of staff: shorter, ended when idle, watched. Once, however many requests ask."""
    started = session.scalars(select(UserSession).where(UserSession.id == session_id).with_for_update()).one()
    there = select(AdminSession.id).where(AdminSession.session_token_hash == started.token_hash)
    if session.scalars(there).first() is None:
        user = session.get_one(User, started.user_id)
        ends = min(started.expires_at, clock.now() + policy.staff_ttl)
        admin_sessions.start(session, clock, user, started, policy.permissions, ends=ends)


def by_user_id(session: Session, user_id: UUID, generation: int, valid_after: datetime) -> Known | None:
    """Who a verified access token speaks for, or None when the account is closed or the token's key was retired.

    Args:
        generation: of the key that signed it.
        valid_after: a key retired before this moment has no living tokens.
    """
    values = {"user_id": user_id, "generation": generation, "valid_after": valid_after}
    row = session.execute(_BY_USER_ID, values).one_or_none()
    return _known(row) if row is not None else None


def by_api_key(session: Session, clock: Clock, key: str) -> Known | None:
    """Whom a machine's key speaks for, or None when it is unknown, expired or revoked, or the account is closed."""
    now = clock.now()
    found = _BY_API_KEY.rows(session, hash=token_hash(key), now=now)
    if not found:
        return None
    key_id, last_used_at, scopes, user_id, roles, locale, time_zone, name, alone_until = found[0]
    if last_used_at is None or now - last_used_at > TOUCH_AFTER:
        _touch(session, ApiKey, ApiKey.last_used_at, key_id, clock)
    return Known(user_id, frozenset(roles), locale, time_zone, name, scopes=frozenset(scopes), alone_until=alone_until)


_ACCOUNT = (
    User.id.label("user_id"),
    User.roles,
    User.locale,
    User.time_zone,
    User.name,
    func.identity.alone_until(User.id, type_=Date).label("alone_until"),
)
_LIVING = (User.is_active.is_(True), User.deleted_at.is_(None))
# One of these is asked for every request, so they are put together once.
_BY_SESSION_TOKEN = (
    select(
        UserSession.id,
        UserSession.last_used_at,
        UserSession.created_at,
        *_ACCOUNT,
        AdminSession.id.label("admin_session_id"),
        AdminSession.permissions_granted,
        AdminSession.last_activity_at,
        AdminSession.terminated_at,
        AdminSession.expires_at.label("staff_until"),
    )
    .join(User, User.id == UserSession.user_id)
    .outerjoin(AdminSession, AdminSession.session_token_hash == UserSession.token_hash)
    .where(
        UserSession.token_hash == bindparam("hash"),
        UserSession.expires_at > bindparam("now"),
        UserSession.is_revoked.is_(False),
        *_LIVING,
    )
)
# Machines ask so often that this one goes straight to the driver.
_BY_API_KEY = Statement(
    """
    SELECT k.id, k.last_used_at, k.scopes, u.id, u.roles, u.locale, u.time_zone, u.name, identity.alone_until(u.id)
    FROM identity.api_keys AS k JOIN identity.users AS u ON u.id = k.user_id
    WHERE k.key_hash = :hash AND k.expires_at > :now AND k.revoked_at IS NULL AND u.is_active AND u.deleted_at IS NULL
    """
)
_BY_USER_ID = select(*_ACCOUNT).where(
    User.id == bindparam("user_id"),
    select(SigningKey.generation)
    .where(
        SigningKey.generation == bindparam("generation"),
        or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > bindparam("valid_after")),
    )
    .exists(),
    *_LIVING,
)


def _known(row: Any, session_id: UUID | None = None) -> Known:
    return Known(
        row.user_id,
        frozenset(row.roles),
        row.locale,
        row.time_zone,
        row.name,
        session_id,
        alone_until=row.alone_until,
    )


def _touch(session: Session, model: Any, column: Any, row_id: UUID, clock: Clock) -> None:
    # Another request of the same browser may be doing the same: whoever comes second does not wait.
    free = select(model.id).where(model.id == row_id).with_for_update(skip_locked=True)
    session.execute(
        update(model)
        .where(model.id.in_(free.scalar_subquery()))
        .values({column: clock.now()})
        .execution_options(synchronize_session=False)
    )


def list_sessions(session: Session, clock: Clock, user_id: UUID) -> Sequence[UserSession]:
    """Where somebody is signed in now, the latest use first."""
    return (
        session.execute(
            select(UserSession)
            .where(
                UserSession.user_id == user_id,
                UserSession.is_revoked.is_(False),
                UserSession.expires_at > clock.now(),
            )
            .order_by(UserSession.last_used_at.desc(), UserSession.id)
        )
        .scalars()
        .all()
    )


def end_session(session: Session, clock: Clock, user_id: UUID, session_id: UUID) -> bool:
    """Sign one browser out; only one's own. Returns whether there was one."""
    return _revoke(session, clock, UserSession.user_id == user_id, UserSession.id == session_id) == 1


def end_by_token(session: Session, clock: Clock, token: str) -> None:
    """Sign the browser out that holds this token, if any does."""
    _revoke(session, clock, UserSession.token_hash == token_hash(token), why="logout")


def end_sessions(
    session: Session, clock: Clock, user_id: UUID, *, but: UUID | None = None, actor_id: UUID | None = None
) -> int:
    """Sign every browser out, save perhaps the present one. Returns how many.

    Args:
        actor_id: who does it, if it is not the owner.
    """
    which = UserSession.id != but if but else UserSession.id.is_not(None)
    ended = _revoke(session, clock, UserSession.user_id == user_id, which)
    announce(
        session, Act("identity.sessions_ended", "user", user_id, actor_id=actor_id or user_id, detail={"count": ended})
    )
    return ended


def sign_out_everywhere(
    session: Session, clock: Clock, user_id: UUID, *, but: UUID | None = None, actor_id: UUID | None = None
) -> int:
    """End every browser session, save perhaps the present one, and every chain of refresh tokens."""
    refresh.revoke_all(session, clock, user_id)
    return end_sessions(session, clock, user_id, but=but, actor_id=actor_id)


def _revoke(session: Session, clock: Clock, *conditions: Any, why: str = "revoked") -> int:
    ended = session.execute(
        update(UserSession)
        .where(UserSession.is_revoked.is_(False), *conditions)
        .values(is_revoked=True)
        .returning(UserSession.token_hash)
        .execution_options(synchronize_session=False)
    )
    hashes = ended.scalars().all()
    admin_sessions.terminate(session, clock, hashes, why=why)
    return len(hashes)


def end_admin_session(session: Session, clock: Clock, admin_session_id: UUID, *, actor_id: UUID) -> bool:
    """End a session of somebody who does not stand higher than the actor. Returns whether there was one.

    Raises:
        RoleNotYoursError: they stand higher.
    """
    found = session.execute(
        select(AdminSession, User.roles)
        .join(User, User.id == AdminSession.user_id)
        .where(AdminSession.id == admin_session_id, AdminSession.terminated_at.is_(None))
    ).one_or_none()
    if found is None:
        return False
    row, held = found
    actor_roles = session.scalars(select(User.roles).where(User.id == actor_id)).one()
    if rank(held) > rank(actor_roles):
        raise RoleNotYoursError(role=Role.SUPER_ADMIN.value, permission="identity:sessions")
    _revoke(session, clock, UserSession.token_hash == row.session_token_hash)
    announce(session, Act("identity.session_ended", "user", row.user_id, actor_id=actor_id))
    return True


def end_idle(session: Session, clock: Clock, idle: timedelta) -> int:
    """Put an end to sessions of staff that have lain idle. Returns how many."""
    hashes = admin_sessions.idle(session, clock, idle)
    _revoke(session, clock, UserSession.token_hash.in_(hashes), why="timeout")
    admin_sessions.terminate(session, clock, hashes, why="timeout")
    return len(hashes)
