"""Leaving: asked for, taken back within thirty days, done by a job, with each package taking its part away."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel import personal_data
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import LastSuperAdminError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.errors import ErasureNotWaitingError, ErasureWaitingError
from guerdon.kernel.identity.people.models import (
    Avatar,
    Consent,
    Erasure,
    Profile,
    UserAddress,
    Verification,
    VerificationDocument,
)
from guerdon.kernel.identity.people.service import exports, guardians
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service.roles import keep_one_super_admin

WAITING_TIME = timedelta(days=30)
CLOSED_NAME = "Closed account"
BATCH = 100
_WAYS_IN = (
    "user_sessions",
    "credentials",
    "password_reset_tokens",
    "linked_providers",
    "admin_sessions",
    "refresh_tokens",
    "api_keys",
    "email_confirmations",
)


def request(session: Session, clock: Clock, user_id: UUID) -> Erasure:
    """Ask to be forgotten; everything goes on as before until the day comes.

    Raises:
        ErasureWaitingError: asked for already.
        LastSuperAdminError: nobody would be left to run the place.
    """
    keep_one_super_admin(session, user_id)
    try:
        with session.begin_nested():
            return _schedule(session, clock, user_id)
    except IntegrityError as exc:
        if isinstance(exc.orig, pg.UniqueViolation):
            raise ErasureWaitingError from exc
        raise


def leave(session: Session, clock: Clock, user_id: UUID) -> None:
    """Have an account that is closed erased like any other whose owner asked for it."""
    if _waiting(session, user_id, lock=True) is None:
        _schedule(session, clock, user_id)


def _schedule(session: Session, clock: Clock, user_id: UUID) -> Erasure:
    wanted = Erasure(
        id=new_id(),
        user_id=user_id,
        status="waiting",
        requested_at=clock.now(),
        due_at=clock.now() + WAITING_TIME,
    )
    session.add(wanted)
    session.flush()
    announce(session, Act("identity.erasure_requested", "user", user_id, actor_id=user_id))
    return wanted


def cancel(session: Session, clock: Clock, user_id: UUID) -> Erasure:
    """Take the wish back.

    Raises:
        ErasureNotWaitingError: there is none.
    """
    wanted = _waiting(session, user_id, lock=True)
    if wanted is None:
        raise ErasureNotWaitingError
    wanted.status, wanted.settled_at = "cancelled", clock.now()
    session.flush()
    announce(session, Act("identity.erasure_cancelled", "user", user_id, actor_id=user_id))
    return wanted


def waiting(session: Session, user_id: UUID) -> Erasure | None:
    """The wish that waits, if there is one."""
    return _waiting(session, user_id, lock=False)


def _waiting(session: Session, user_id: UUID, *, lock: bool) -> Erasure | None:
    query = select(Erasure).where(Erasure.user_id == user_id, Erasure.status == "waiting")
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def all_waiting(session: Session, *, limit: int = 200) -> Sequence[Any]:
    """Rows of (erasure, name), the next one first, for staff."""
    query = select(Erasure, User.name).join(User, User.id == Erasure.user_id).where(Erasure.status == "waiting")
    return session.execute(query.order_by(Erasure.due_at, Erasure.id).limit(limit)).all()


def erase_due(session: Session, clock: Clock) -> int:
    """Erase the accounts whose day has come, some at a time. Returns how many."""
    due = session.scalars(
        select(Erasure)
        .where(Erasure.status == "waiting", Erasure.due_at <= clock.now())
        .order_by(Erasure.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    done = 0
    for wanted in due:
        try:
            with session.begin_nested():
                erase(session, clock, wanted)
        except LastSuperAdminError:
            continue  # they became the last one while waiting; the job tries again tomorrow
        done += 1
    return done


def erase(session: Session, clock: Clock, wanted: Erasure) -> None:
    """Take away what identifies a person, and close the account; ledger, audit and consents stay, without a name.

    Raises:
        LastSuperAdminError: nobody would be left.
    """
    user_id = wanted.user_id
    keep_one_super_admin(session, user_id)
    for part in personal_data.parts():
        if part.erase is not None:
            part.erase(session, clock, user_id)
    wanted.status, wanted.settled_at = "done", clock.now()
    session.flush()
    announce(session, Act("identity.account_erased", "user", user_id))


def erase_identity(session: Session, clock: Clock, user_id: UUID) -> None:
    """Identity's own part."""
    guardians.end_all_of(session, clock, user_id, reason="account closed")
    exports.drop_all_of(session, user_id)
    for table in (VerificationDocument, Verification, Avatar, UserAddress, Profile):
        session.execute(delete(table).where(table.user_id == user_id))
    for name in _WAYS_IN:
        session.execute(text(f"DELETE FROM identity.{name} WHERE user_id = :user"), {"user": user_id})  # noqa: S608
    # Answers that are kept for repeated requests may say what the person wrote.
    session.execute(text("DELETE FROM http.idempotency_records WHERE owner_id = :user"), {"user": user_id})
    user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one()
    user.name, user.email, user.phone, user.username = CLOSED_NAME, None, None, None
    user.country_code = user.email_verified_at = user.phone_verified_at = user.last_login_at = None
    user.roles, user.is_active = [Role.USER.value], False
    user.updated_at = clock.now()
    user.deleted_at = user.deleted_at or clock.now()
    session.flush()


def consents_of(session: Session, user_id: UUID) -> Sequence[Consent]:
    """The history of what somebody agreed to."""
    return session.scalars(select(Consent).where(Consent.user_id == user_id).order_by(Consent.id)).all()
