"""The keys that sign credentials: RSA, because Open Badges 3.0 asks every verifier for RS256 and for nothing else.

Access tokens live minutes and are signed by keys derived from the installation's secret. Credentials live years, so
theirs are made once and kept, the private half encrypted; what a retired key signed stays verifiable by its public one.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import select, text
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.badges.models import CredentialKey
from guerdon.kernel.identity.people.encryption import KeyRing
from guerdon.kernel.identity.people.service.rotation import older

ALGORITHM = "RS256"
KEY_BITS = 3072
PURPOSE = "badges.credential_key"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that can sign, and its id."""

    key_id: str
    private: RSAPrivateKey


def thumbprint(public_jwk: dict[str, Any]) -> str:
    """The id of a key by its content (RFC 7638)."""
    members = json.dumps({name: public_jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def present(session: Session, clock: Clock, ring: KeyRing) -> Signer:
    """The key in use; the first one is made when it is first asked for."""
    row = _in_use(session)
    if row is None:
        _lock(session)
        row = _in_use(session) or _make(session, clock, ring)
    private = load_der_private_key(ring.decrypt(row.sealed, purpose=f"{PURPOSE}:{row.id}"), None)
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("the key that signs credentials is no RSA key")
    return Signer(row.id, private)


def rotate(session: Session, clock: Clock, ring: KeyRing, *, actor_id: Any = None) -> str:
    """Sign with a new key from now on; what the one before signed stays valid. Returns the new id."""
    _lock(session)
    former = _in_use(session)
    if former is not None:
        former.retired_at = clock.now()
        session.flush()
    made = _make(session, clock, ring)
    announce(
        session,
        Act(
            "engagement.credential_key_rotated",
            "credential_key",
            actor_id=actor_id,
            old={"key_id": former.id} if former else None,
            new={"key_id": made.id},
        ),
    )
    return made.id


def history(session: Session) -> Sequence[CredentialKey]:
    """Every key that ever signed, the latest first; without the private halves."""
    return session.scalars(select(CredentialKey).order_by(CredentialKey.created_at.desc(), CredentialKey.id)).all()


def encrypt_anew(session: Session, ring: KeyRing, limit: int) -> int:
    """Encrypt private halves anew that are still under an older key of the ring. Returns how many."""
    found = older(CredentialKey, CredentialKey.sealed, ring, limit).options(undefer(CredentialKey.sealed))
    rows = session.scalars(found).all()
    for row in rows:
        row.sealed = ring.encrypt_anew(row.sealed, purpose=f"{PURPOSE}:{row.id}")
    return len(rows)


def public_jwks(session: Session) -> list[dict[str, Any]]:
    """Every public key that ever signed, the latest first, as JWKs."""
    rows = session.execute(
        select(CredentialKey.id, CredentialKey.public_jwk).order_by(CredentialKey.created_at.desc(), CredentialKey.id)
    )
    return [{**row.public_jwk, "kid": row.id, "alg": ALGORITHM, "use": "sig"} for row in rows]


def _in_use(session: Session) -> CredentialKey | None:
    return session.scalars(
        select(CredentialKey)
        .where(CredentialKey.retired_at.is_(None))
        .options(undefer(CredentialKey.sealed))
        .execution_options(populate_existing=True)
    ).one_or_none()


def _make(session: Session, clock: Clock, ring: KeyRing) -> CredentialKey:
    private = generate_private_key(65537, KEY_BITS)
    described: dict[str, Any] = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    public_jwk = {name: described[name] for name in ("e", "kty", "n")}
    key_id = thumbprint(public_jwk)
    content = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    row = CredentialKey(
        id=key_id,
        public_jwk=public_jwk,
        sealed=ring.encrypt(content, purpose=f"{PURPOSE}:{key_id}"),
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def _lock(session: Session) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('badges.credential_key', 9))"))
