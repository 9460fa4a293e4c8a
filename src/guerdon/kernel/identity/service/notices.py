"""What identity tells people by mail and SMS. ``{community}`` and ``{base_url}`` are filled by the carrier."""

from datetime import datetime

from sqlalchemy.orm import Session

from guerdon.kernel.identity.models import User
from guerdon.kernel.messages import Message, send
from guerdon.web.i18n import msgid, translator

CODE_SMS = msgid("{code} is your code for {community}. It is valid for 10 minutes. Give it to nobody.")
CODE_SUBJECT = msgid("Your code for {community}")

SIGN_UP_SUBJECT = msgid("Confirm your address for {community}")
SIGN_UP_BODY = msgid(
    "Hello {name},\n\nan account at {community} is to be opened with this address. Follow this link within 24 hours and"
    " enter the password that you chose:\n\n{base_url}/sign-up/confirm?token={token}\n\nIf it was not you, do nothing:"
    " without the link there is no account."
)
HAVE_ACCOUNT_SUBJECT = msgid("You have an account at {community}")
HAVE_ACCOUNT_BODY = msgid(
    "Hello {name},\n\nsomebody, probably you, wanted to open an account at {community} with this address. You have one"
    " already. Sign in:\n\n{base_url}/sign-in\n\nor choose a new password:\n\n{base_url}/password/forgotten\n\nIf it"
    " was not you, do nothing."
)
RESET_SUBJECT = msgid("Choose a new password for {community}")
RESET_BODY = msgid(
    "Hello {name},\n\nfollow this link within 30 minutes to choose a new password:\n\n{base_url}/password/reset?token="
    "{token}\n\nIt works once, and signs you out everywhere. If you did not ask for it, do nothing: your password stays"
    " as it is."
)
CONFIRM_SUBJECT = msgid("Confirm your new address for {community}")
CONFIRM_BODY = msgid(
    "Hello {name},\n\nfollow this link within 24 hours to use this address for your account at {community}:\n\n"
    "{base_url}/account/email/confirm?token={token}\n\nIf it was not you, do nothing."
)
NOTICE_SUBJECT = msgid("Security notice from {community}")
NOTICE_BODY = msgid(
    "Hello {name},\n\n{event}\n\nIf it was you, there is nothing to do. If not, choose a new password and sign out"
    " every device:\n\n{base_url}/password/forgotten\n{base_url}/account"
)
EVENTS = {
    "password_changed": msgid("the password of your account was changed."),
    "email_changed": msgid("the e-mail address of your account was changed."),
    "phone_changed": msgid("the telephone number of your account was changed."),
    "provider_linked": msgid("another way to sign in was linked to your account."),
    "token_reused": msgid(
        "a refresh token of your account was used twice, so somebody may have a copy of it. The program that had it is"
        " signed out."
    ),
    "new_device": msgid("somebody signed in to your account from a new place or device."),
    "api_key_created": msgid("a key with which a machine can act for you was made."),
    "account_closed": msgid("your account was closed."),
}


def code_by_sms(session: Session, phone: str, code: str, *, locale: str, until: datetime) -> None:
    """Send a code to a telephone."""
    params = {"code": code}
    send(
        session,
        Message("identity.code", "sms", phone, locale, CODE_SMS, module=__name__, params=params, useful_until=until),
    )


def code_by_email(session: Session, email: str, code: str, *, locale: str, until: datetime) -> None:
    """Send a code to a mailbox."""
    params = {"code": code}
    send(
        session,
        Message(
            "identity.code",
            "email",
            email,
            locale,
            CODE_SMS,
            CODE_SUBJECT,
            module=__name__,
            params=params,
            useful_until=until,
        ),
    )


def sign_up(session: Session, email: str, name: str, token: str, *, locale: str, until: datetime) -> None:
    """Send the link that finishes a sign-up."""
    params = {"name": name, "token": token}
    send(
        session,
        Message(
            "identity.sign_up",
            "email",
            email,
            locale,
            SIGN_UP_BODY,
            SIGN_UP_SUBJECT,
            module=__name__,
            params=params,
            useful_until=until,
        ),
    )


def have_account(session: Session, user: User) -> None:
    """Tell an owner that somebody wanted to sign up with their address."""
    _to_owner(session, user, "identity.have_account", HAVE_ACCOUNT_SUBJECT, HAVE_ACCOUNT_BODY)


def reset(session: Session, user: User, token: str, *, until: datetime) -> None:
    """Send the link with which a password is replaced."""
    _to_owner(session, user, "identity.password_reset", RESET_SUBJECT, RESET_BODY, token=token, until=until)


def confirm_email(session: Session, user: User, email: str, token: str, *, until: datetime) -> None:
    """Send the link that proves a new mailbox."""
    params = {"name": user.name, "token": token}
    send(
        session,
        Message(
            "identity.confirm_email",
            "email",
            email,
            user.locale,
            CONFIRM_BODY,
            CONFIRM_SUBJECT,
            module=__name__,
            params=params,
            user_id=user.id,
            useful_until=until,
        ),
    )


def security(session: Session, user: User, event: str, *, to: str | None = None) -> None:
    """Tell an owner what happened to their account; nothing is sent to who has no mailbox.

    Args:
        event: one of ``EVENTS``.
        to: instead of the account's present address.
    """
    words = translator(user.locale, __name__).gettext(EVENTS[event])
    _to_owner(session, user, f"identity.{event}", NOTICE_SUBJECT, NOTICE_BODY, event=words, to=to)


def _to_owner(
    session: Session,
    user: User,
    kind: str,
    subject: str,
    body: str,
    *,
    until: datetime | None = None,
    to: str | None = None,
    **params: str,
) -> None:
    address = to or user.email
    if address is None:
        return
    send(
        session,
        Message(
            kind,
            "email",
            address,
            user.locale,
            body,
            subject,
            module=__name__,
            params={"name": user.name, **params},
            user_id=user.id,
            useful_until=until,
        ),
    )
