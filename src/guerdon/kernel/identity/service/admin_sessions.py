"""Sessions of partners, staff and administrators: what they were started with, and what is odd about them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.http.context import current_request
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import AdminSession, User, UserSession
from guerdon.kernel.identity.permissions import PermissionCatalogue, Role, rank
from guerdon.kernel.identity.service import notices

FAILURES_SUSPICIOUS = 5
UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - says that there was none; nothing listens on it


def start(
    session: Session,
    clock: Clock,
    user: User,
    started: UserSession,
    permissions: PermissionCatalogue,
    *,
    ends: datetime,
    failures: int = 0,
) -> AdminSession:
    """Keep what is special about a session of somebody with rights; a suspicious one is told to its owner.

    Args:
        started: the browser's session, which may be older than its owner's rights.
        ends: when it is over at the latest.
        failures: attempts to sign in that were refused before.
    """
    now = clock.now()
    info = current_request()
    flags = _flags(session, user.id, started, failures)
    row = AdminSession(
        id=new_id(),
        user_id=user.id,
        session_token_hash=started.token_hash,
        ip_address=started.ip_address or UNKNOWN_ADDRESS,
        user_agent=info.user_agent if info else None,
        admin_level=_level(user.roles),
        permissions_granted=sorted(permissions.held_by(user.roles)),
        created_at=now,
        last_activity_at=now,
        expires_at=ends,
        is_suspicious=bool(flags),
        security_flags=flags,
    )
    session.add(row)
    session.flush()
    if flags:
        announce(session, Act("identity.session_suspicious", "user", user.id, actor_id=user.id, detail=flags))
        notices.security(session, user, "new_device")
    return row


def note_rights(session: Session, session_id: UUID, roles: Collection[str], held: Collection[str]) -> None:
    """Write down what somebody may do in a session from now on, after a role was granted or taken."""
    session.execute(
        update(AdminSession)
        .where(AdminSession.id == session_id)
        .values(permissions_granted=sorted(held), admin_level=_level(roles))
        .execution_options(synchronize_session=False)
    )


def _level(roles: Collection[str]) -> str:
    if Role.SUPER_ADMIN in roles:
        return "super"
    return "regular" if rank(roles) > 0 else "partner"


def _flags(session: Session, user_id: UUID, started: UserSession, failures: int) -> dict[str, Any]:
    """What is odd; somebody who signs in for the first time has nothing to differ from."""
    flags: dict[str, Any] = {}
    seen = session.execute(
        select(
            func.count().label("sessions"),
            func.count().filter(AdminSession.ip_address == (started.ip_address or UNKNOWN_ADDRESS)).label("address"),
            func.count()
            .filter(AdminSession.user_agent.is_not_distinct_from((started.device_info or {}).get("user_agent")))
            .label("agent"),
        ).where(AdminSession.user_id == user_id)
    ).one()
    if seen.sessions and not seen.address:
        flags["new_address"] = True
    if seen.sessions and not seen.agent:
        flags["new_agent"] = True
    if failures >= FAILURES_SUSPICIOUS:
        flags["failures"] = failures
    return flags


def terminate(session: Session, clock: Clock, hashes: Collection[str], *, why: str) -> None:
    """End the sessions with these tokens, where there are any."""
    if not hashes:
        return
    session.execute(
        update(AdminSession)
        .where(AdminSession.session_token_hash.in_(hashes), AdminSession.terminated_at.is_(None))
        .values(terminated_at=clock.now(), termination_reason=why)
        .execution_options(synchronize_session=False)
    )


def idle(session: Session, clock: Clock, after: timedelta) -> Sequence[str]:
    """Tokens of sessions that have lain idle for so long, or have run out."""
    now = clock.now()
    return session.scalars(
        select(AdminSession.session_token_hash).where(
            AdminSession.terminated_at.is_(None),
            (AdminSession.last_activity_at <= now - after) | (AdminSession.expires_at <= now),
        )
    ).all()


def living(session: Session, clock: Clock) -> Sequence[Row[AdminSession, str]]:
    """Sessions that go on, with the names of who is signed in; the latest used first."""
    return session.execute(
        select(AdminSession, User.name)
        .join(User, User.id == AdminSession.user_id)
        .where(AdminSession.terminated_at.is_(None), AdminSession.expires_at > clock.now())
        .order_by(AdminSession.last_activity_at.desc(), AdminSession.id)
        .limit(200)
    ).all()
