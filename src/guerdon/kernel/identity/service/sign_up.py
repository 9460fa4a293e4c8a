"""Signing up by mail: nothing is opened before the mailbox is proven, and the answer never tells who has an account.

What was filled in waits under the hash of a link. Whoever follows the link also enters the password again: so
somebody who signed up with another's address gains nothing when the owner follows the link out of curiosity.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldErrors
from guerdon.core.ids import new_id
from guerdon.kernel.identity.errors import LinkInvalidError, WaitingPasswordWrongError
from guerdon.kernel.identity.models import EmailConfirmation, User
from guerdon.kernel.identity.passwords import check_policy, hash_password, verify
from guerdon.kernel.identity.service import accounts, fields, notices
from guerdon.kernel.identity.service.checks import Checks
from guerdon.kernel.identity.service.secret_tokens import new_token, token_hash
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task

LIFE = timedelta(hours=24)


def begin(session: Session, clock: Clock, *, name: str, email: str, password: str, locale: str, time_zone: str) -> None:
    """Note what an account shall be made of. The mail that follows says how to go on, or that there is an account.

    Costs the same whether or not there is one; a job finds out.

    Raises:
        FieldErrors: every field at fault; nothing is written.
    """
    checks = Checks()
    mail = checks.run(lambda: fields.clean_email(email), email)
    called = checks.run(lambda: fields.clean_name(name), name)
    checks.run(lambda: check_policy(password, email, name), None)
    checks.settle()
    now = clock.now()
    row = EmailConfirmation(
        id=new_id(),
        purpose="sign_up",
        email=mail,
        name=called,
        password_hash=hash_password(password),
        locale=locale,
        time_zone=time_zone,
        # The link's token is made by the job that sends it.
        token_hash=token_hash(new_token()),
        created_at=now,
        expires_at=now + LIFE,
    )
    session.add(row)
    session.flush()
    enqueue(session, ANSWER, confirmation_id=row.id)


def _answer(session: Session, clock: Clock, confirmation_id: UUID) -> None:
    row = session.execute(
        _WAITING.where(EmailConfirmation.id == confirmation_id).with_for_update()
    ).scalar_one_or_none()
    if row is None or row.used_at is not None:
        return
    owner = accounts.find_by_email(session, row.email)
    if owner is not None:
        row.used_at = clock.now()
        notices.have_account(session, owner)
        return
    token = new_token()
    row.token_hash = token_hash(token)
    notices.sign_up(session, row.email, row.name or "", token, locale=row.locale, until=row.expires_at)


ANSWER = Task("identity.answer_sign_up", _answer)


def waiting(session: Session, clock: Clock, token: str, *, lock: bool = False) -> EmailConfirmation:
    """What waits under a link.

    Raises:
        LinkInvalidError: unknown, used, or too old.
    """
    query = _WAITING.where(
        EmailConfirmation.token_hash == token_hash(token),
        EmailConfirmation.purpose == "sign_up",
        EmailConfirmation.used_at.is_(None),
        EmailConfirmation.expires_at > clock.now(),
    )
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if row is None:
        raise LinkInvalidError
    return row


def confirm(session: Session, clock: Clock, token: str, *, password: str) -> User:
    """Open the account.

    Args:
        password: the one chosen at sign-up.

    Raises:
        LinkInvalidError: the link is unknown, used, or too old.
        WaitingPasswordWrongError: another password; the link stays.
        FieldErrors: somebody has the address by now.
    """
    row = waiting(session, clock, token, lock=True)
    stored = session.execute(text("SELECT identity.waiting_password_hash(:id)"), {"id": row.id}).scalar_one()
    if not verify(password, stored)[0]:
        raise FieldErrors([WaitingPasswordWrongError(field="password", problem="")])
    row.used_at = clock.now()
    session.flush()
    return accounts.open_proven(
        session,
        clock,
        name=row.name or "",
        provider="password",
        email=row.email,
        password_hash=stored,
        locale=row.locale,
        time_zone=row.time_zone,
    )


_WAITING = select(EmailConfirmation)
