"""One-time codes: six digits, ten minutes, five tries, one use.

Six digits are soon tried through, so what is kept is a keyed hash: a copy of the table without the installation's
secret tells neither codes nor telephone numbers.
"""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.identity.models import OneTimeCode

Purpose = Literal["sign_in", "password_reset", "change_phone", "provider_email"]

DIGITS = 6
LIFE = timedelta(minutes=10)
TRIES_MAX = 5


def issue(session: Session, clock: Clock, key: bytes, purpose: Purpose, destination: str) -> str:
    """A new code for a telephone or a mailbox; those before it are no longer valid. It is the caller who sends it.

    Args:
        key: ``app.state.code_key``.
    """
    now = clock.now()
    where = _digest(key, purpose, destination.lower())
    session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.destination == where, OneTimeCode.purpose == purpose, OneTimeCode.used_at.is_(None))
        .values(used_at=now)
    )
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    session.add(
        OneTimeCode(
            id=new_id(),
            purpose=purpose,
            destination=where,
            code_hash=_digest(key, destination.lower(), code),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    session.flush()
    return code


def check(session: Session, clock: Clock, key: bytes, purpose: Purpose, destination: str, *, code: str) -> bool:
    """Whether the code is the one that was sent; the try counts either way, and a right one is used up.

    The caller's transaction has to be committed when this says no, else the try is not counted.
    """
    now = clock.now()
    row = session.execute(
        select(OneTimeCode)
        .where(
            OneTimeCode.destination == _digest(key, purpose, destination.lower()),
            OneTimeCode.purpose == purpose,
            OneTimeCode.used_at.is_(None),
        )
        .order_by(OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    expected = row.code_hash if row is not None else bytes(32)
    right = hmac.compare_digest(expected, _digest(key, destination.lower(), code.strip().replace(" ", "")))
    if row is None or row.expires_at <= now or row.tries >= TRIES_MAX:
        return False
    row.tries += 1
    if right:
        row.used_at = now
    session.flush()
    return right


def _digest(key: bytes, *parts: str) -> bytes:
    return hmac.new(key, "\0".join(parts).encode(), sha256).digest()
