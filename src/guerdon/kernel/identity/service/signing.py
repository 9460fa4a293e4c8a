"""Signing in by e-mail and password, or by telephone and code; how often that may be tried."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.db.database import Database
from guerdon.http.context import current_request
from guerdon.http.limits import RateLimit, forget, spend, spent
from guerdon.kernel.identity.errors import SignInRefusedError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.passwords import verify
from guerdon.kernel.identity.service import accounts, codes, notices
from guerdon.kernel.identity.service.accounts import store_hash

SIGN_IN_BY_ADDRESS = RateLimit("sign-in-address", 40, timedelta(minutes=5))
SIGN_IN_BY_ACCOUNT = RateLimit("sign-in-account", 10, timedelta(minutes=15))
SIGN_UP_BY_ADDRESS = RateLimit("sign-up-address", 20, timedelta(hours=1))
MESSAGES_BY_ADDRESS = RateLimit("messages-address", 30, timedelta(hours=1))
MESSAGES_BY_RECIPIENT = RateLimit("messages-recipient", 5, timedelta(hours=1))
PRESENT_BY_ACCOUNT = RateLimit("present-account", 10, timedelta(minutes=15))
PROOFS_BY_ADDRESS = RateLimit("proofs-address", 60, timedelta(minutes=15))


def _account_subject(email: str) -> str:
    return email.strip().lower()


def count_sign_in(database: Database, clock: Clock, email: str) -> None:
    """Count an attempt against the caller's address and against the account, existing or not.

    Raises:
        RateLimitedError: too many of either, in all processes together.
    """
    count_by_address(database, clock, SIGN_IN_BY_ADDRESS)
    spend(database, clock, SIGN_IN_BY_ACCOUNT, _account_subject(email))


def count_by_address(database: Database, clock: Clock, limit: RateLimit) -> None:
    """Count an attempt against the caller's address.

    Raises:
        RateLimitedError: too many.
    """
    info = current_request()
    spend(database, clock, limit, (info.client_address if info else None) or "local")


def count_present(database: Database, clock: Clock, user_id: UUID) -> None:
    """Count that somebody who is signed in entered their password again: whoever found the screen open may guess.

    Raises:
        RateLimitedError: too many.
    """
    spend(database, clock, PRESENT_BY_ACCOUNT, str(user_id))


def count_message(database: Database, clock: Clock, recipient: str) -> None:
    """Count a message that a visitor wants to have sent to a mailbox or a telephone, whosesoever it is.

    Raises:
        RateLimitedError: too many from here, or to there.
    """
    count_by_address(database, clock, MESSAGES_BY_ADDRESS)
    spend(database, clock, MESSAGES_BY_RECIPIENT, _account_subject(recipient))


def failures(session: Session, clock: Clock, email: str) -> int:
    """How many attempts on an account were refused before the present one, as far as they are remembered."""
    return max(0, spent(session, clock, SIGN_IN_BY_ACCOUNT, _account_subject(email)) - 1)


def send_code(session: Session, clock: Clock, key: bytes, purpose: codes.Purpose, phone: str, *, locale: str) -> None:
    """Send a code to a telephone, whether or not it is an account's."""
    code = codes.issue(session, clock, key, purpose, phone)
    notices.code_by_sms(session, phone, code, locale=locale, until=clock.now() + codes.LIFE)


def enter_by_phone(session: Session, clock: Clock, phone: str) -> User | None:
    """The account of who has proven a telephone by a code, or None when there is none yet.

    Raises:
        SignInRefusedError: it is suspended.
    """
    user = accounts.find_by_phone(session, phone)
    if user is None:
        return None
    if not user.is_active:
        raise SignInRefusedError
    user.last_login_at = clock.now()
    user.phone_verified_at = user.phone_verified_at or clock.now()
    session.flush()
    return user


def verify_password(session: Session, clock: Clock, *, email: str, password: str) -> User:
    """The account that an address and a password open.

    An unknown address costs the same hashing as a known one, and gets the same answer.

    Raises:
        SignInRefusedError: unknown, closed, without a password, or wrong password. Nothing is written.
    """
    row = session.execute(
        select(User, func.identity.password_hash(User.id)).where(
            func.lower(User.email) == email.strip().lower(), User.deleted_at.is_(None)
        )
    ).one_or_none()
    user: User | None = row[0] if row is not None else None
    stored: str | None = row[1] if row is not None else None
    matches, renewed = verify(password, stored)
    if user is None or not matches or not user.is_active:
        raise SignInRefusedError
    if renewed is not None:
        store_hash(session, clock, user.id, renewed)
    user.last_login_at = clock.now()
    session.flush()
    forget(session, SIGN_IN_BY_ACCOUNT, _account_subject(email))
    return user
