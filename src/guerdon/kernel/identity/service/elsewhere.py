"""Coming in with an account elsewhere: in, up, or first a proof of one's address; for browsers and programs alike."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.db.database import Database
from guerdon.kernel.identity.errors import LinkInvalidError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import codes, fields, linking, notices, signing, tickets
from guerdon.kernel.identity.service.providers import Identity

VOUCHED = "vouched"
"""Tickets of who has come from a provider that vouches for no address."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Who has come in; ``is_new`` if the account was opened with it."""

    user: User
    is_new: bool


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a provider vouches for, without an address, and where to go afterwards."""

    provider: str
    subject: str
    name: str
    next: str


def arrive(session: Session, clock: Clock, identity: Identity, *, locale: str, time_zone: str) -> Arrived | None:
    """Let in whom an account elsewhere opens one here, or open one for who is new.

    Returns:
        None for somebody new whose provider vouches for no address: they have to prove one (``vouch``).

    Raises:
        ProviderRefusedError: their account is suspended.
        ProviderAddressTakenError, FieldErrors: as ``linking.sign_up``.
    """
    user = linking.find(session, clock, identity)
    if user is not None:
        return Arrived(user, is_new=False)
    if not (identity.email and identity.email_verified):
        return None
    made = linking.sign_up(session, clock, identity, email=identity.email, locale=locale, time_zone=time_zone)
    return Arrived(made, is_new=True)


def vouch(key: bytes, clock: Clock, identity: Identity, *, target: str = "") -> str:
    """A ticket for whom a provider vouches, to be kept while they prove their address."""
    content = {"provider": identity.provider, "subject": identity.subject, "name": identity.name, "next": target}
    return tickets.seal(key, VOUCHED, clock, content)


def vouched(key: bytes, clock: Clock, ticket: str) -> Vouched:
    """What such a ticket says.

    Raises:
        LinkInvalidError: it is none, or too old.
    """
    found = tickets.unseal(key, VOUCHED, clock, ticket)
    if found is None:
        raise LinkInvalidError
    return Vouched(**found)


def send_code(database: Database, session: Session, clock: Clock, key: bytes, email: str, *, locale: str) -> str:
    """Send a code to the address that somebody names; the address as it is kept.

    Raises:
        EmailInvalidError: it is none.
        RateLimitedError: too many from here, or to there.
    """
    address = fields.clean_email(email)
    signing.count_message(database, clock, address)
    code = codes.issue(session, clock, key, "provider_email", address)
    notices.code_by_email(session, address, code, locale=locale, until=clock.now() + codes.LIFE)
    return address


def sign_up_proven(session: Session, clock: Clock, whom: Vouched, email: str, *, locale: str, time_zone: str) -> User:
    """Open an account for whom a provider vouches and who has proven an address.

    Raises:
        ProviderAddressTakenError, FieldErrors: as ``linking.sign_up``.
    """
    identity = Identity(whom.provider, whom.subject, email, email_verified=True, name=whom.name)
    return linking.sign_up(session, clock, identity, email=email, locale=locale, time_zone=time_zone)
