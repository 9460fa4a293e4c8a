"""Accounts: opening them, changing what their owner may change, finding them."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import func, or_, select, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, FieldErrors, NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import (
    EmailTakenError,
    PasswordWrongError,
    PhoneTakenError,
    RoleUnknownError,
    UsernameTakenError,
)
from guerdon.kernel.identity.models import Credential, User
from guerdon.kernel.identity.passwords import check_policy, hash_password, verify
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service import fields, notices
from guerdon.kernel.identity.service.checks import Checks

T = TypeVar("T")

ROLES = frozenset(role.value for role in Role)

_TAKEN: dict[str, tuple[type[FieldError], str]] = {
    "uq_users_email_living": (EmailTakenError, "email"),
    "idx_users_email": (EmailTakenError, "email"),
    "idx_users_phone": (PhoneTakenError, "phone"),
    "uq_users_username_living": (UsernameTakenError, "username"),
}


def create_account(
    session: Session,
    clock: Clock,
    *,
    email: str,
    name: str,
    password: str | None,
    roles: Sequence[str] = (Role.USER,),
    username: str | None = None,
    locale: str = "en",
    time_zone: str = "UTC",
    actor_id: UUID | None = None,
) -> User:
    """Open an account.

    Args:
        email, name, username, locale, time_zone: as the person wrote them; normalised here.
        password: None for an account that cannot sign in by password yet.
        roles: given without asking whether the actor may; ``roles.grant`` asks.
        actor_id: who opens it; None for the person themselves, the operator or the system.

    Raises:
        FieldErrors: every field at fault at once; nothing is written.
    """
    checks = Checks()
    mail = checks.run(lambda: fields.clean_email(email), email)
    called = checks.run(lambda: fields.clean_name(name), name)
    handle = checks.run(lambda: fields.clean_username(username), username) if username else None
    language = checks.run(lambda: fields.clean_locale(locale), locale)
    zone = checks.run(lambda: fields.clean_time_zone(time_zone), time_zone)
    held = checks.run(lambda: known_roles(roles), list(roles))
    if password is not None:
        checks.run(lambda: check_policy(password, email, name, username), None)
    checks.settle()
    now = clock.now()
    user = User(
        id=new_id(),
        email=mail,
        name=called,
        username=handle,
        roles=held,
        locale=language,
        time_zone=zone,
        created_at=now,
        updated_at=now,
    )
    _insert(session, user)
    if password is not None:
        store_password(session, clock, user.id, password)
    announce(
        session,
        Act("identity.account_created", "user", user.id, actor_id=actor_id, new={"roles": held, "locale": language}),
    )
    return user


def open_proven(
    session: Session,
    clock: Clock,
    *,
    name: str,
    provider: str,
    locale: str,
    time_zone: str,
    email: str | None = None,
    phone: str | None = None,
    password_hash: str | None = None,
) -> User:
    """Open an account for somebody who has proven that the address or the number is theirs.

    Args:
        name: as the person wrote it, or the provider gave it.
        provider: ``password``, ``phone``, ``google``, ``apple`` or ``facebook``: the way in which they came.
        email, phone: at least one of them, in the form in which it is kept.

    Raises:
        FieldErrors: the name is none, or somebody has the address or number; nothing is written.
    """
    checks = Checks()
    called = checks.run(lambda: fields.clean_name(name), name)
    checks.settle()
    now = clock.now()
    user = User(
        id=new_id(),
        email=email,
        phone=phone,
        country_code=fields.country_of(phone) if phone else None,
        name=called,
        auth_provider=provider,
        roles=[Role.USER.value],
        locale=locale,
        time_zone=time_zone,
        email_verified_at=now if email else None,
        phone_verified_at=now if phone else None,
        created_at=now,
        updated_at=now,
        last_login_at=now,
    )
    _insert(session, user)
    if password_hash is not None:
        store_hash(session, clock, user.id, password_hash)
    new = {"roles": user.roles, "locale": locale, "provider": provider}
    announce(session, Act("identity.account_created", "user", user.id, new=new))
    return user


def bring_in(
    session: Session,
    clock: Clock,
    *,
    user_id: UUID,
    email: str,
    name: str,
    username: str | None,
    password_hash: str | None,
    locale: str,
    time_zone: str,
    created_at: datetime,
    last_login_at: datetime | None,
) -> User:
    """Open an account for a member of another system, with the password that they have there. Nothing is sent to them.

    Args:
        user_id: chosen by the caller, so that they are known again.
        email, name: as they stand there; normalised here.
        username, locale, time_zone: as they are kept.
        password_hash: one that ``passwords.is_known_hash``; None for an account that has to set a password by mail.

    Raises:
        FieldErrors: the address or the name is none, or somebody has the user name; nothing is written.
    """
    checks = Checks()
    mail = checks.run(lambda: fields.clean_email(email), email)
    called = checks.run(lambda: fields.clean_name(name), name)
    checks.settle()
    user = User(
        id=user_id,
        email=mail,
        name=called,
        username=username,
        roles=[Role.USER.value],
        locale=locale,
        time_zone=time_zone,
        created_at=created_at,
        updated_at=clock.now(),
        last_login_at=last_login_at,
    )
    _insert(session, user)
    if password_hash is not None:
        store_hash(session, clock, user.id, password_hash)
    announce(session, Act("identity.account_brought_in", "user", user.id))
    return user


def known_roles(roles: Sequence[str]) -> list[str]:
    """Roles in the order of their enumeration, ``user`` always among them.

    Raises:
        RoleUnknownError: one does not exist.
    """
    for role in roles:
        if role not in ROLES:
            raise RoleUnknownError(field="roles", problem="", role=str(role)[:32])
    wanted = {*roles, Role.USER.value}
    return [role.value for role in Role if role in wanted]


def _insert(session: Session, user: User) -> None:
    with unique(session):
        session.add(user)
        session.flush()


@contextmanager
def unique(session: Session) -> Iterator[None]:
    """Try a change of an address, a number or a user name; all of it is undone if somebody has it.

    Raises:
        FieldErrors: somebody has it.
    """
    try:
        with session.begin_nested():
            yield
    except IntegrityError as exc:
        constraint = exc.orig.diag.constraint_name if isinstance(exc.orig, pg.UniqueViolation) else None
        if constraint not in _TAKEN:
            raise
        error, field = _TAKEN[constraint]
        raise FieldErrors([error(field=field, problem="")]) from exc


def store_password(session: Session, clock: Clock, user_id: UUID, password: str) -> None:
    """Keep the hash of a password; the policy is the caller's business."""
    store_hash(session, clock, user_id, hash_password(password))


def store_hash(session: Session, clock: Clock, user_id: UUID, password_hash: str) -> None:
    """Keep a hash."""
    session.execute(
        text(
            "INSERT INTO identity.credentials (user_id, password_hash, changed_at) VALUES (:user, :hash, :now) "
            # "excluded" would have to be read, which the application may not.
            "ON CONFLICT (user_id) DO UPDATE SET password_hash = :hash, changed_at = :now"
        ),
        {"user": user_id, "hash": password_hash, "now": clock.now()},
    )


def password_hash_of(session: Session, user_id: UUID) -> str | None:
    """The stored hash of one account."""
    stored: str | None = session.execute(text("SELECT identity.password_hash(:user)"), {"user": user_id}).scalar()
    return stored


def has_password(session: Session, user_id: UUID) -> bool:
    """Whether somebody can sign in by password."""
    return session.get(Credential, user_id, options=[load_only(Credential.user_id)]) is not None


def change_password(session: Session, clock: Clock, user_id: UUID, *, present: str, new: str) -> None:
    """Change one's own password, or set the first one; ending the other sessions is the caller's business.

    Args:
        present: the one before; not looked at where there is none.

    Raises:
        FieldErrors: the present one is wrong, or the new one is refused.
    """
    user = get_account(session, user_id)
    checks = Checks()
    stored = password_hash_of(session, user_id)
    if stored is not None and not verify(present, stored)[0]:
        checks.run(_refuse_present, None)
    checks.run(lambda: check_policy(new, user.email, user.name, user.username, field="new_password"), None)
    checks.settle()
    store_password(session, clock, user_id, new)
    announce(session, Act("identity.password_changed", "user", user_id, actor_id=user_id))
    notices.security(session, user, "password_changed")


def confirm_present(
    session: Session, user_id: UUID, present: str, *, field: str = "present_password", needed: bool = False
) -> None:
    """Make sure that it is the owner who asks for something grave.

    Args:
        needed: refuse who has no password; otherwise they are believed.

    Raises:
        PasswordWrongError: it is not their password.
    """
    stored = password_hash_of(session, user_id)
    if stored is None and not needed:
        return
    if not verify(present, stored)[0]:
        _refuse_present(field)


def _refuse_present(field: str = "present_password") -> None:
    raise PasswordWrongError(field=field, problem="")


def update_account(session: Session, clock: Clock, user_id: UUID, *, name: str, locale: str, time_zone: str) -> User:
    """Change what an account's owner may change.

    Raises:
        FieldErrors: every field at fault; nothing is changed.
    """
    checks = Checks()
    called = checks.run(lambda: fields.clean_name(name), name)
    language = checks.run(lambda: fields.clean_locale(locale), locale)
    zone = checks.run(lambda: fields.clean_time_zone(time_zone), time_zone)
    checks.settle()
    user = get_account(session, user_id, lock=True)
    user.name, user.locale, user.time_zone, user.updated_at = called, language, zone, clock.now()
    session.flush()
    return user


def get_account(session: Session, user_id: UUID, *, lock: bool = False) -> User:
    """A living account.

    Raises:
        NotFoundError: there is none.
    """
    query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    user = session.execute(query).scalar_one_or_none()
    if user is None:
        raise NotFoundError(what="account")
    return user


def names_of(session: Session, user_ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of some accounts, by id; those that do not exist are left out."""
    if not user_ids:
        return {}
    found = session.execute(select(User.id, User.name).where(User.id.in_(user_ids)))
    return {row.id: row.name for row in found}


def find_by_phone(session: Session, phone: str) -> User | None:
    """The living account with a number in E.164."""
    return session.execute(select(User).where(User.phone == phone, User.deleted_at.is_(None))).scalar_one_or_none()


def find_by_email(session: Session, email: str) -> User | None:
    """The living account with an address, whatever its case."""
    return session.execute(
        select(User).where(func.lower(User.email) == email.strip().lower(), User.deleted_at.is_(None))
    ).scalar_one_or_none()


def search_accounts(
    session: Session,
    *,
    query: str = "",
    role: str | None = None,
    after: tuple[str, UUID] | None = None,
    limit: int = 50,
) -> Sequence[User]:
    """Living accounts by name, then id; one more than ``limit`` when there are more.

    Args:
        query: part of a name, an address or a user name.
        role: only holders of it.
        after: ``sort_key`` of the last account of the page before.
    """
    key = (func.lower(User.name), User.id)
    found: Any = select(User).where(User.deleted_at.is_(None)).order_by(*key).limit(limit + 1)
    if query.strip():
        needle = query.strip().lower()
        found = found.where(
            or_(
                func.lower(User.name).contains(needle, autoescape=True),
                func.lower(User.email).contains(needle, autoescape=True),
                func.lower(User.username).contains(needle, autoescape=True),
            )
        )
    if role is not None:
        found = found.where(User.roles.contains([role]))
    if after is not None:
        found = found.where(tuple_(*key) > tuple_(func.lower(after[0]), after[1]))
    accounts: Sequence[User] = session.execute(found).scalars().all()
    return accounts


def sort_key(user: User) -> tuple[str, UUID]:
    """Where an account stands in ``search_accounts``."""
    return user.name, user.id
