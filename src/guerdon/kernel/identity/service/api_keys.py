"""API keys: a machine acts for somebody, within the scopes that they gave it."""

import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import KeyLifeInvalidError, KeyNameInvalidError, ScopeNotYoursError
from guerdon.kernel.identity.models import ApiKey, User
from guerdon.kernel.identity.service import notices
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash

PREFIX = "gk_"
NAME_MAX = 80
DAYS_MAX = 366


def create(
    session: Session,
    clock: Clock,
    user: User,
    *,
    name: str,
    scopes: Collection[str],
    days: int,
    held: Collection[str],
) -> tuple[str, ApiKey]:
    """A new key. Returns it, which is never seen again, and the row.

    Args:
        name: by which its owner knows it.
        scopes: permissions that it shall have; it never has one that its owner has lost.
        days: how long it lives.
        held: the permissions of who makes it.

    Raises:
        FieldErrors: every field at fault; nothing is written.
    """
    called = " ".join(name.split())
    errors: list[FieldError] = []
    if not 0 < len(called) <= NAME_MAX or not called.isprintable():
        errors.append(KeyNameInvalidError(field="name", problem="", maximum=NAME_MAX))
    if not scopes or not set(scopes) <= set(held):
        errors.append(ScopeNotYoursError(field="scopes", problem=""))
    if not 0 < days <= DAYS_MAX:
        errors.append(KeyLifeInvalidError(field="days", problem="", maximum=DAYS_MAX))
    if errors:
        raise FieldErrors(errors)
    now = clock.now()
    prefix = PREFIX + secrets.token_hex(4)
    key = new_token(f"{prefix}_")
    row = ApiKey(
        id=new_id(),
        user_id=user.id,
        name=called,
        prefix=prefix,
        key_hash=token_hash(key),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    new = {"name": called, "scopes": row.scopes, "expires_at": row.expires_at}
    announce(session, Act("identity.api_key_created", "api_key", row.id, actor_id=user.id, new=new))
    notices.security(session, user, "api_key_created")
    return key, row


def keys_of(session: Session, user_id: UUID) -> Sequence[ApiKey]:
    """Somebody's keys that are not revoked, the newest first."""
    return session.scalars(
        select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id.desc())
    ).all()


def revoke(session: Session, clock: Clock, user_id: UUID, key_id: UUID) -> bool:
    """Put an end to one of one's own keys. Returns whether there was one."""
    ended = _revoke(session, clock, user_id, ApiKey.id == key_id)
    if ended:
        announce(session, Act("identity.api_key_revoked", "api_key", key_id, actor_id=user_id))
    return bool(ended)


def revoke_all(session: Session, clock: Clock, user_id: UUID) -> None:
    """Put an end to all of somebody's keys."""
    _revoke(session, clock, user_id, ApiKey.id.is_not(None))


def _revoke(session: Session, clock: Clock, user_id: UUID, condition: object) -> int:
    ended = session.execute(
        update(ApiKey)
        .where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None), condition)  # type: ignore[arg-type]  # SQL
        .values(revoked_at=clock.now())
        .returning(ApiKey.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())
