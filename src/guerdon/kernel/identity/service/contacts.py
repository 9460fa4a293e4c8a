"""Changing one's address and number: the new one is proven before it counts, and the old one is told."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import LastWayInError, LinkInvalidError
from guerdon.kernel.identity.models import EmailConfirmation, User
from guerdon.kernel.identity.service import accounts, codes, fields, notices
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash

LINK_LIFE = timedelta(hours=24)


def begin_email(session: Session, clock: Clock, user: User, *, email: str, present_password: str) -> None:
    """Send a link to a new address, or to the present one that is not proven yet.

    Whether somebody else has the address is found out when the link is followed, by who has the mailbox.

    Raises:
        EmailInvalidError, PasswordWrongError: nothing is sent.
    """
    address = fields.clean_email(email)
    accounts.confirm_present(session, user.id, present_password)
    now = clock.now()
    token = new_token()
    session.execute(
        update(EmailConfirmation)
        .where(EmailConfirmation.user_id == user.id, EmailConfirmation.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    session.add(
        EmailConfirmation(
            id=new_id(),
            purpose="change_email",
            user_id=user.id,
            email=address,
            locale=user.locale,
            time_zone=user.time_zone,
            token_hash=token_hash(token),
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
    )
    session.flush()
    notices.confirm_email(session, user, address, token, until=now + LINK_LIFE)


def confirm_email(session: Session, clock: Clock, user_id: UUID, token: str) -> User:
    """Use the address that a link proves; only its own account can.

    Raises:
        LinkInvalidError: unknown, used, too old, or somebody else's.
        FieldErrors: an account has the address; nothing is changed.
    """
    now = clock.now()
    row = session.execute(
        select(EmailConfirmation)
        .where(
            EmailConfirmation.token_hash == token_hash(token),
            EmailConfirmation.user_id == user_id,
            EmailConfirmation.used_at.is_(None),
            EmailConfirmation.expires_at > now,
        )
        .with_for_update()
    ).scalar_one_or_none()
    if row is None:
        raise LinkInvalidError
    user = accounts.get_account(session, user_id, lock=True)
    before = user.email
    with accounts.unique(session):
        user.email, user.email_verified_at, user.updated_at = row.email, now, now
        session.flush()
    row.used_at = now
    session.flush()
    if before is None or before.lower() != row.email.lower():
        announce(session, Act("identity.email_changed", "user", user_id, actor_id=user_id))
        notices.security(session, user, "email_changed", to=before)
    return user


def begin_phone(session: Session, clock: Clock, key: bytes, user: User, *, phone: str, region: str) -> str:
    """Send a code to a new number. Returns the number in E.164.

    Raises:
        PhoneInvalidError: it is none; nothing is sent.
    """
    number = fields.clean_phone(phone, region)
    code = codes.issue(session, clock, key, "change_phone", _bound(user, number))
    notices.code_by_sms(session, number, code, locale=user.locale, until=clock.now() + codes.LIFE)
    return number


def phone_proven(session: Session, clock: Clock, key: bytes, user: User, *, phone: str, code: str) -> bool:
    """Whether the code for a number is right; the transaction has to be committed either way."""
    return codes.check(session, clock, key, "change_phone", _bound(user, phone), code=code)


def _bound(user: User, phone: str) -> str:
    """A code counts for one number of one account."""
    return f"{user.id} {phone}"


def set_phone(session: Session, clock: Clock, user: User, phone: str) -> None:
    """Use a proven number.

    Raises:
        FieldErrors: an account has it; nothing is changed.
    """
    now = clock.now()
    with accounts.unique(session):
        user.phone, user.phone_verified_at, user.updated_at = phone, now, now
        user.country_code = user.country_code or fields.country_of(phone)
        session.flush()
    announce(session, Act("identity.phone_changed", "user", user.id, actor_id=user.id))
    notices.security(session, user, "phone_changed")


def remove_phone(session: Session, clock: Clock, user: User, *, other_ways: int) -> None:
    """Forget one's number.

    Args:
        other_ways: ways in that remain.

    Raises:
        LastWayInError: there is no other.
    """
    if not other_ways or user.email is None:
        raise LastWayInError
    user.phone, user.phone_verified_at, user.updated_at = None, None, clock.now()
    session.flush()
    announce(session, Act("identity.phone_changed", "user", user.id, actor_id=user.id))
    notices.security(session, user, "phone_changed")
