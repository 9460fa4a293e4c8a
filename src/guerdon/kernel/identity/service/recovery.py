"""Forgotten passwords: replaced by who has the mailbox (a link) or the telephone (a code)."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import LinkInvalidError
from guerdon.kernel.identity.models import PasswordResetToken, User
from guerdon.kernel.identity.passwords import check_policy
from guerdon.kernel.identity.service import accounts, notices, sessions
from guerdon.kernel.identity.service.checks import Checks
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task

LIFE = timedelta(minutes=30)


def begin(session: Session, email: str) -> None:
    """Have a link sent to a mailbox, if it is an account's. A job finds out, so that the answer cannot tell."""
    enqueue(session, SEND_LINK, email=email.strip()[:254])


def _send_link(session: Session, clock: Clock, email: str) -> None:
    user = accounts.find_by_email(session, email)
    if user is None or not user.is_active:
        return
    now = clock.now()
    _use_up(session, clock, user)
    token = new_token()
    session.add(
        PasswordResetToken(
            id=new_id(), user_id=user.id, token_hash=token_hash(token), created_at=now, expires_at=now + LIFE
        )
    )
    session.flush()
    notices.reset(session, user, token, until=now + LIFE)


SEND_LINK = Task("identity.send_reset_link", _send_link)


def find(session: Session, clock: Clock, token: str, *, lock: bool = False) -> PasswordResetToken:
    """The row behind a link.

    Raises:
        LinkInvalidError: unknown, used, or too old.
    """
    query = select(PasswordResetToken).where(
        PasswordResetToken.token_hash == token_hash(token),
        PasswordResetToken.used_at.is_(None),
        PasswordResetToken.expires_at > clock.now(),
    )
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if row is None:
        raise LinkInvalidError
    return row


def reset_by_link(session: Session, clock: Clock, token: str, *, new_password: str) -> User:
    """Replace the password of who follows a link; they have proven the mailbox by that.

    Raises:
        LinkInvalidError: unknown, used, or too old.
        FieldErrors: the new password is refused; the link stays.
    """
    row = find(session, clock, token, lock=True)
    user = session.get(User, row.user_id, with_for_update=True)
    if user is None or user.deleted_at is not None or not user.is_active:
        raise LinkInvalidError
    user.email_verified_at = user.email_verified_at or clock.now()
    _replace(session, clock, user, new_password)
    return user


def reset_by_phone(session: Session, clock: Clock, user: User, *, new_password: str) -> None:
    """Replace the password of who has proven the telephone by a code.

    Raises:
        FieldErrors: the new password is refused.
    """
    user.phone_verified_at = user.phone_verified_at or clock.now()
    _replace(session, clock, user, new_password)


def _replace(session: Session, clock: Clock, user: User, new_password: str) -> None:
    checks = Checks()
    checks.run(lambda: check_policy(new_password, user.email, user.name, user.username, field="new_password"), None)
    checks.settle()
    accounts.store_password(session, clock, user.id, new_password)
    _use_up(session, clock, user)
    sessions.sign_out_everywhere(session, clock, user.id)
    announce(session, Act("identity.password_reset", "user", user.id, actor_id=user.id))
    notices.security(session, user, "password_changed")


def _use_up(session: Session, clock: Clock, user: User) -> None:
    session.execute(
        update(PasswordResetToken)
        .where(PasswordResetToken.user_id == user.id, PasswordResetToken.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
