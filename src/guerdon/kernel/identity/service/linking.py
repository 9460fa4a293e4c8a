"""Signing in and up through accounts elsewhere; linking and unlinking them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.errors import (
    LastWayInError,
    ProviderAddressTakenError,
    ProviderLinkedElsewhereError,
    ProviderRefusedError,
)
from guerdon.kernel.identity.models import LinkedProvider, User
from guerdon.kernel.identity.service import accounts, fields, notices
from guerdon.kernel.identity.service.providers import LABELS, Identity


def find(session: Session, clock: Clock, identity: Identity) -> User | None:
    """The living account that an account elsewhere opens.

    Raises:
        ProviderRefusedError: it is suspended.
    """
    row = session.execute(
        select(LinkedProvider, User)
        .join(User, User.id == LinkedProvider.user_id)
        .where(
            LinkedProvider.provider == identity.provider,
            LinkedProvider.subject == identity.subject,
            User.deleted_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    link, user = row
    if not user.is_active:
        raise ProviderRefusedError(provider=LABELS[identity.provider])
    link.last_used_at = user.last_login_at = clock.now()
    session.flush()
    return user


def sign_up(session: Session, clock: Clock, identity: Identity, *, email: str, locale: str, time_zone: str) -> User:
    """Open an account for who comes from elsewhere.

    An account that has the address already is never opened to them by that: whoever signs in to it can link.

    Args:
        email: proven, by the provider or by a code of ours.

    Raises:
        ProviderAddressTakenError: an account has the address; nothing is written.
        EmailInvalidError, NameInvalidError: what the provider gave cannot be kept.
    """
    address = fields.clean_email(email)
    if accounts.find_by_email(session, address) is not None:
        raise ProviderAddressTakenError(provider=LABELS[identity.provider])
    user = accounts.open_proven(
        session,
        clock,
        name=(identity.name or address.partition("@")[0])[: fields.NAME_MAX],
        provider=identity.provider,
        email=address,
        locale=locale,
        time_zone=time_zone,
    )
    _add(session, clock, user, identity)
    return user


def link(session: Session, clock: Clock, user: User, identity: Identity) -> None:
    """Let an account elsewhere open somebody's account from now on.

    Raises:
        ProviderLinkedElsewhereError: it opens another one, or one of this provider is linked already.
    """
    _add(session, clock, user, identity)
    announce(session, Act("identity.provider_linked", "user", user.id, actor_id=user.id, new=_named(identity.provider)))
    notices.security(session, user, "provider_linked")


def _add(session: Session, clock: Clock, user: User, identity: Identity) -> None:
    row = LinkedProvider(
        id=new_id(),
        user_id=user.id,
        provider=identity.provider,
        subject=identity.subject,
        email=identity.email,
        linked_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as exc:
        raise ProviderLinkedElsewhereError(provider=LABELS[identity.provider]) from exc


def linked(session: Session, user_id: UUID) -> Sequence[LinkedProvider]:
    """The accounts elsewhere that open somebody's account."""
    return session.scalars(
        select(LinkedProvider).where(LinkedProvider.user_id == user_id).order_by(LinkedProvider.provider)
    ).all()


def ways_in(session: Session, user: User) -> set[str]:
    """How somebody can sign in: ``password``, ``phone``, and the names of linked providers."""
    ways = {each.provider for each in linked(session, user.id)}
    if user.email is not None and accounts.has_password(session, user.id):
        ways.add("password")
    if user.phone is not None and user.phone_verified_at is not None:
        ways.add("phone")
    return ways


def unlink(session: Session, user_id: UUID, provider: str) -> None:
    """Let an account elsewhere open somebody's account no more.

    Raises:
        NotFoundError: none of that provider is linked.
        LastWayInError: there is no other way in.
    """
    user = accounts.get_account(session, user_id, lock=True)
    ways = ways_in(session, user)
    if provider not in ways or provider not in LABELS:
        raise NotFoundError(what="linked account")
    if ways == {provider}:
        raise LastWayInError
    session.execute(
        delete(LinkedProvider).where(LinkedProvider.user_id == user_id, LinkedProvider.provider == provider)
    )
    announce(session, Act("identity.provider_unlinked", "user", user_id, actor_id=user_id, old=_named(provider)))


def unlink_all(session: Session, user_id: UUID) -> None:
    """Free the accounts elsewhere of somebody who leaves, so that they may open a new one."""
    session.execute(delete(LinkedProvider).where(LinkedProvider.user_id == user_id))


def _named(provider: str) -> dict[str, str]:
    return {"provider": provider}
