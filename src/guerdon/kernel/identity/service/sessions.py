"""Browser sessions: a random token in a cookie, its hash in the database."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.http.context import current_request
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User, UserSession

TOUCH_AFTER = timedelta(minutes=5)
KEEP = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Known:
    """Who a session or a token belongs to."""

    user_id: UUID
    roles: frozenset[str]
    locale: str
    time_zone: str
    name: str
    session_id: UUID | None = None


def token_hash(token: str) -> str:
    """The form in which a session token is kept: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_session(session: Session, clock: Clock, user: User, *, ttl: timedelta) -> tuple[str, UserSession]:
    """Sign a browser in, always under a new token. Returns the token, which is never seen again, and the row."""
    now = clock.now()
    info = current_request()
    token = secrets.token_urlsafe(32)
    started = UserSession(
        id=new_id(),
        user_id=user.id,
        token_hash=token_hash(token),
        device_info={"user_agent": info.user_agent} if info and info.user_agent else None,
        ip_address=info.client_address if info else None,
        created_at=now,
        last_used_at=now,
        expires_at=now + ttl,
    )
    session.add(started)
    session.flush()
    return token, started


def by_session_token(session: Session, clock: Clock, token: str) -> Known | None:
    """Who is signed in with a token, or None when it is unknown, expired or revoked, or the account is closed."""
    now = clock.now()
    row = session.execute(
        select(UserSession.id, UserSession.last_used_at, *_ACCOUNT)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == token_hash(token),
            UserSession.expires_at > now,
            UserSession.is_revoked.is_(False),
            *_LIVING,
        )
    ).one_or_none()
    if row is None:
        return None
    if now - row.last_used_at > TOUCH_AFTER:
        _touch(session, row.id, clock)
    return _known(row, session_id=row.id)


def by_user_id(session: Session, user_id: UUID) -> Known | None:
    """Who a verified access token speaks for, or None when the account is closed."""
    row = session.execute(select(*_ACCOUNT).where(User.id == user_id, *_LIVING)).one_or_none()
    return _known(row) if row is not None else None


_ACCOUNT = (User.id.label("user_id"), User.roles, User.locale, User.time_zone, User.name)
_LIVING = (User.is_active.is_(True), User.deleted_at.is_(None))


def _known(row: Any, session_id: UUID | None = None) -> Known:
    return Known(row.user_id, frozenset(row.roles), row.locale, row.time_zone, row.name, session_id)


def _touch(session: Session, session_id: UUID, clock: Clock) -> None:
    # Another request of the same browser may be doing the same: whoever comes second does not wait.
    free = select(UserSession.id).where(UserSession.id == session_id).with_for_update(skip_locked=True)
    session.execute(
        update(UserSession)
        .where(UserSession.id.in_(free.scalar_subquery()))
        .values(last_used_at=clock.now())
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


def end_session(session: Session, user_id: UUID, session_id: UUID) -> bool:
    """Sign one browser out; only one's own. Returns whether there was one."""
    return _revoke(session, user_id, UserSession.id == session_id) == 1


def end_by_token(session: Session, token: str) -> None:
    """Sign the browser out that holds this token, if any does."""
    session.execute(
        update(UserSession)
        .where(UserSession.token_hash == token_hash(token), UserSession.is_revoked.is_(False))
        .values(is_revoked=True)
    )


def end_sessions(session: Session, user_id: UUID, *, but: UUID | None = None) -> int:
    """Sign every browser out, save perhaps the present one. Returns how many."""
    ended = _revoke(session, user_id, UserSession.id != but if but else UserSession.id.is_not(None))
    announce(session, Act("identity.sessions_ended", "user", user_id, actor_id=user_id, detail={"count": ended}))
    return ended


def _revoke(session: Session, user_id: UUID, condition: Any) -> int:
    ended = session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.is_revoked.is_(False), condition)
        .values(is_revoked=True)
        .returning(UserSession.id)
    )
    return len(ended.all())


def prune_sessions(session: Session, clock: Clock) -> int:
    """Forget sessions that ended 90 days ago. Returns how many."""
    gone = session.execute(
        delete(UserSession).where(UserSession.expires_at < clock.now() - KEEP).returning(UserSession.id)
    )
    return len(gone.all())
