"""Signed credentials (Open Badges 3.0, VC-JWT) of levels that members have, and what the public may see of them.

A credential names nobody: its subject is a random URN, with the salted hash of the member's mail address, so that who
knows the address can check it. Members may have their name written into it instead.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import jwt
from sqlalchemy import select, text
from sqlalchemy.orm import Session, undefer

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.badges.errors import (
    BadgeLevelNotFoundError,
    BadgeReasonMissingError,
    CredentialNotFoundError,
    OwnBadgeError,
)
from guerdon.kernel.engagement.badges.models import BadgeCredential, EarnedLevel
from guerdon.kernel.engagement.badges.service import definitions, keys
from guerdon.kernel.engagement.badges.service.definitions import Definition
from guerdon.kernel.engagement.badges.service.versions import as_of
from guerdon.kernel.engagement.badges.words import Titles
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.encryption import KeyRing
from guerdon.web.i18n import translator

CONTEXTS = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
)
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
PUBLIC_ID_BYTES, SALT_BYTES = 24, 16
WITHDRAWN_BY_MEMBER = "withdrawn by its holder"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who says so: the community, at its public address."""

    base_url: str
    name: str

    @property
    def id(self) -> str:
        """The address of the issuer's profile."""
        return f"{self.base_url}/credentials/issuer"

    def profile(self) -> dict[str, Any]:
        """The issuer as credentials name it."""
        return {"id": self.id, "type": ["Profile"], "name": self.name, "url": self.base_url}

    def achievement_id(self, badge_id: UUID, level: int) -> str:
        """The address of what a level stands for."""
        return f"{self.base_url}/credentials/achievements/{badge_id}/{level}"

    def key_address(self, key_id: str) -> str:
        """The address of a public key: its ``kid``, in what it signs and where it stands itself."""
        return f"{self.base_url}/credentials/keys/{key_id}"

    def credential_id(self, public_id: str) -> str:
        """The address of a credential, which is its id."""
        return f"{self.base_url}/credentials/{public_id}"


@dataclass(frozen=True, slots=True)
class PublicCredential:
    """What everybody may see who has the address."""

    public_id: str
    token: str
    document: dict[str, Any]
    shown_name: str | None
    issued_at: datetime
    revoked_at: datetime | None
    badge: Definition
    level: int
    genuine: bool


def issue(
    session: Session,
    clock: Clock,
    ring: KeyRing,
    issuer: Issuer,
    owner_id: UUID,
    *,
    badge: Definition,
    level: int,
    show_name: bool = False,
) -> BadgeCredential:
    """Sign a credential of a level that a member has; asked for again in the same form, it is the same.

    Args:
        show_name: write the member's name into it. A credential in the other form is revoked: there is one at a time.

    Raises:
        BadgeLevelNotFoundError: the member does not have the level.
    """
    earned = session.scalars(
        select(EarnedLevel)
        .where(
            EarnedLevel.owner_id == owner_id,
            EarnedLevel.badge_id == badge.id,
            EarnedLevel.level == level,
            EarnedLevel.revoked_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if earned is None:
        raise BadgeLevelNotFoundError()
    user = session.get_one(User, owner_id)
    known = session.scalars(
        select(BadgeCredential)
        .where(
            BadgeCredential.owner_id == owner_id,
            BadgeCredential.earned_level_id == earned.id,
            BadgeCredential.revoked_at.is_(None),
        )
        .options(undefer(BadgeCredential.token))
    ).one_or_none()
    if known is not None:
        if known.shown_name == (user.name if show_name else None):
            return known
        known.revoked_at, known.revoke_reason = clock.now(), "replaced"
        session.flush()
    # What is signed says what it took when the level was earned.
    said = as_of(session, badge, earned.version)
    return _sign(session, clock, ring, issuer, badge=said, earned=earned, user=user, show_name=show_name)


def _sign(
    session: Session,
    clock: Clock,
    ring: KeyRing,
    issuer: Issuer,
    *,
    badge: Definition,
    earned: EarnedLevel,
    user: User,
    show_name: bool,
) -> BadgeCredential:
    issued_at = clock.now().replace(microsecond=0)
    public_id = secrets.token_urlsafe(PUBLIC_ID_BYTES)
    name = _name(badge, earned.level, user.locale)
    document: dict[str, Any] = {
        "@context": list(CONTEXTS),
        "id": issuer.credential_id(public_id),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": issuer.profile(),
        "validFrom": _moment(issued_at),
        "awardedDate": _moment(earned.earned_at),
        "name": name,
        "credentialSubject": {
            "id": f"urn:uuid:{uuid4()}",
            "type": ["AchievementSubject"],
            "identifier": identifiers(user, show_name=show_name),
            "achievement": achievement(session, issuer, badge, earned.level, user.locale),
        },
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
        "credentialStatus": {"id": f"{issuer.base_url}/credentials/revocations", "type": "1EdTechRevocationList"},
    }
    if not document["credentialSubject"]["identifier"]:
        del document["credentialSubject"]["identifier"]
    signer = keys.present(session, clock, ring)
    claims = {
        **document,
        "iss": issuer.id,
        "jti": document["id"],
        "nbf": int(issued_at.timestamp()),
        "sub": document["credentialSubject"]["id"],
    }
    kid = issuer.key_address(signer.key_id)
    made = BadgeCredential(
        owner_id=user.id,
        id=new_id(),
        earned_level_id=earned.id,
        public_id=public_id,
        key_id=signer.key_id,
        token=jwt.encode(claims, signer.private, keys.ALGORITHM, headers={"kid": kid, "typ": "JWT"}),
        document=document,
        shown_name=user.name if show_name else None,
        issued_at=issued_at,
    )
    session.add(made)
    session.flush()
    return made


def identifiers(user: User, *, show_name: bool) -> list[dict[str, Any]]:
    """How the subject can be recognised: by the salted hash of their mail address; by name if they want it so."""
    found: list[dict[str, Any]] = []
    if user.email:
        salt = secrets.token_urlsafe(SALT_BYTES)
        digest = hashlib.sha256((user.email + salt).encode()).hexdigest()
        found.append(
            {
                "type": "IdentityObject",
                "hashed": True,
                "identityHash": f"sha256${digest}",
                "identityType": "emailAddress",
                "salt": salt,
            }
        )
    if show_name:
        found.append({"type": "IdentityObject", "hashed": False, "identityHash": user.name, "identityType": "ext:name"})
    return found


def _name(badge: Definition, level: int, locale: str) -> str:
    """How a level of a badge is called: the badge in its program's words, the level in ours."""
    words = translator(locale, __name__)
    name = words.of(badge.program).gettext(badge.name)
    return name if len(badge.levels) == 1 else words.gettext("{badge}, level {level}", badge=name, level=level)


def achievement(session: Session, issuer: Issuer, badge: Definition, level: int, locale: str) -> dict[str, Any]:
    """What a level of a badge stands for, as Open Badges say it."""
    words = translator(locale, __name__)
    name = _name(badge, level, locale)
    achievement_id = issuer.achievement_id(badge.id, level)
    return {
        "id": achievement_id,
        "type": ["Achievement"],
        "achievementType": "Badge",
        "name": name,
        "description": words.of(badge.program).gettext(badge.description or badge.name),
        "criteria": {"narrative": Titles(session).needed(badge, level, words)},
        "image": {"id": f"{achievement_id}/image.svg", "type": "Image"},
        "creator": issuer.profile(),
    }


def of_member(session: Session, owner_id: UUID) -> Sequence[BadgeCredential]:
    """Every credential that a member asked for, the latest first."""
    return session.scalars(
        select(BadgeCredential)
        .where(BadgeCredential.owner_id == owner_id)
        .order_by(BadgeCredential.issued_at.desc(), BadgeCredential.id.desc())
    ).all()


def withdraw(session: Session, clock: Clock, owner_id: UUID, public_id: str) -> None:
    """Take one's own credential back: it is revoked, the badge stays.

    Raises:
        CredentialNotFoundError: the member has none of that id that is valid.
    """
    found = session.scalars(
        select(BadgeCredential).where(
            BadgeCredential.owner_id == owner_id,
            BadgeCredential.public_id == public_id,
            BadgeCredential.revoked_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise CredentialNotFoundError()
    found.revoked_at, found.revoke_reason = clock.now(), WITHDRAWN_BY_MEMBER
    session.flush()


def revoke(session: Session, clock: Clock, public_id: str, *, actor_id: UUID, reason: str) -> None:
    """Revoke a member's credential, as staff; the badge stays.

    Raises:
        BadgeReasonMissingError: there is no reason.
        CredentialNotFoundError: there is none of that id that is valid.
        OwnBadgeError: it is the actor's own.
    """
    if len(reason.strip()) < 3:
        raise BadgeReasonMissingError(field="reason")
    found = session.scalars(
        select(BadgeCredential)
        .where(BadgeCredential.public_id == public_id, BadgeCredential.revoked_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise CredentialNotFoundError()
    if found.owner_id == actor_id:
        raise OwnBadgeError()
    found.revoked_at, found.revoke_reason = clock.now(), reason.strip()[:500]
    session.flush()
    announce(
        session,
        Act("engagement.credential_revoked", "member", found.owner_id, actor_id=actor_id, reason=reason.strip()),
    )


def public(session: Session, public_id: str) -> PublicCredential:
    """A credential as everybody sees it who has its address, its signature checked.

    Raises:
        CredentialNotFoundError: there is none of that id.
    """
    row = session.execute(
        text("SELECT * FROM engagement.public_credential(:public_id)"), {"public_id": public_id}
    ).one_or_none()
    if row is None or not row.token:
        raise CredentialNotFoundError()
    return PublicCredential(
        public_id,
        row.token,
        row.document,
        row.shown_name,
        row.issued_at,
        row.revoked_at,
        definitions.get(session, row.badge_id),
        row.level,
        _genuine(row.token, keys.public_jwks(session)),
    )


def _genuine(token: str, jwks: Sequence[Mapping[str, Any]]) -> bool:
    try:
        key_id = str(jwt.get_unverified_header(token)["kid"]).rpartition("/")[2]
        key = next(jwk for jwk in jwks if jwk["kid"] == key_id)
        jwt.decode(
            token,
            jwt.PyJWK(dict(key), keys.ALGORITHM).key,
            algorithms=[keys.ALGORITHM],
            options={"verify_nbf": False, "verify_aud": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, KeyError, StopIteration):
        return False
    return True


def revocations(session: Session, issuer: Issuer) -> dict[str, Any]:
    """The public list of what is revoked (1EdTech Revocation List); reasons stay inside."""
    rows = session.execute(text("SELECT public_id FROM engagement.revoked_credentials()"))
    return {
        "id": f"{issuer.base_url}/credentials/revocations",
        "issuer": issuer.id,
        "revokedCredential": [{"id": issuer.credential_id(row.public_id), "revoked": True} for row in rows],
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
