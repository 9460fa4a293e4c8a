"""Generations of the key that signs access tokens."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import SigningKey


def present(session: Session) -> int:
    """The generation that signs now."""
    return session.scalars(select(func.max(SigningKey.generation)).where(SigningKey.retired_at.is_(None))).one() or 1


def rotate(session: Session, clock: Clock) -> int:
    """Sign with a new generation from now on; tokens of the one before hold until they end. Returns the new one."""
    now = clock.now()
    last = session.scalars(select(SigningKey.generation).order_by(SigningKey.generation.desc()).with_for_update()).all()
    session.execute(update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=now))
    following = (last[0] if last else 0) + 1
    session.add(SigningKey(generation=following, created_at=now))
    session.flush()
    announce(session, Act("identity.signing_key_rotated", "signing_key", new={"generation": following}))
    return following
