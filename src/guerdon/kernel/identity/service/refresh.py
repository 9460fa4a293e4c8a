"""Refresh tokens: each is exchanged once for the next; one that comes back a second time ends the whole chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.http.context import current_request
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import RefreshToken, User
from guerdon.kernel.identity.service import notices
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash

PREFIX = "gr_"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The next token of a chain, and whose it is."""

    user_id: UUID
    token: str


def start(session: Session, clock: Clock, user_id: UUID, *, ttl: timedelta) -> str:
    """The first token of a new chain; it is never seen again."""
    return _add(session, clock, user_id, family_id=new_id(), ttl=ttl)[0]


def _add(session: Session, clock: Clock, user_id: UUID, *, family_id: UUID, ttl: timedelta) -> tuple[str, UUID]:
    info = current_request()
    token = new_token(PREFIX)
    now = clock.now()
    row = RefreshToken(
        id=new_id(),
        user_id=user_id,
        family_id=family_id,
        token_hash=token_hash(token),
        device_info={"user_agent": info.user_agent} if info and info.user_agent else None,
        ip_address=info.client_address if info else None,
        created_at=now,
        expires_at=now + ttl,
    )
    session.add(row)
    session.flush()
    return token, row.id


def exchange(session: Session, clock: Clock, token: str, *, ttl: timedelta) -> Exchanged | None:
    """Take a token for the next one.

    The caller's transaction has to be committed when the answer is None: if the token had been used before, its chain
    has been ended and the owner told.
    """
    now = clock.now()
    row = session.execute(
        select(RefreshToken)
        .where(RefreshToken.token_hash == token_hash(token))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if row is None:
        return None
    if row.rotated_to is not None:
        _end_stolen(session, clock, row)
        return None
    user = session.get(User, row.user_id, populate_existing=True)
    living = user is not None and user.is_active and user.deleted_at is None
    if row.revoked_at is not None or row.expires_at <= now or not living:
        return None
    following, row_id = _add(session, clock, row.user_id, family_id=row.family_id, ttl=ttl)
    row.rotated_to, row.revoked_at = row_id, now
    session.flush()
    return Exchanged(row.user_id, following)


def _end_stolen(session: Session, clock: Clock, row: RefreshToken) -> None:
    ended = _revoke(session, clock, RefreshToken.family_id == row.family_id)
    if not ended:  # it came back a third time; the owner knows
        return
    announce(session, Act("identity.refresh_token_reused", "user", row.user_id, detail={"family": str(row.family_id)}))
    user = session.get(User, row.user_id)
    if user is not None:
        notices.security(session, user, "token_reused")


def revoke(session: Session, clock: Clock, token: str) -> None:
    """End the chain that a token belongs to; an unknown one is no error."""
    family = select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash(token))
    _revoke(session, clock, RefreshToken.family_id.in_(family.scalar_subquery()))


def revoke_family(session: Session, clock: Clock, user_id: UUID, family_id: UUID) -> bool:
    """End one of one's own chains. Returns whether there was one."""
    return _revoke(session, clock, RefreshToken.family_id == family_id, RefreshToken.user_id == user_id) > 0


def revoke_all(session: Session, clock: Clock, user_id: UUID) -> int:
    """End every chain of somebody. Returns how many."""
    return _revoke(session, clock, RefreshToken.user_id == user_id)


def _revoke(session: Session, clock: Clock, *conditions: object) -> int:
    ended = session.execute(
        update(RefreshToken)
        .where(RefreshToken.revoked_at.is_(None), *conditions)  # type: ignore[arg-type]  # SQL expressions
        .values(revoked_at=clock.now())
        .returning(RefreshToken.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def living(session: Session, clock: Clock, user_id: UUID) -> Sequence[RefreshToken]:
    """The last token of each of somebody's chains that go on, the latest used first."""
    return session.scalars(
        select(RefreshToken)
        .where(
            RefreshToken.user_id == user_id,
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > clock.now(),
        )
        .order_by(RefreshToken.created_at.desc(), RefreshToken.id)
    ).all()
