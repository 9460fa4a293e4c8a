"""Access tokens: short-lived JWTs signed with Ed25519, for programs that call the API.

The key of each generation is derived from the installation's secret and named by its ``kid``. A verifier knows keys by
that name and one algorithm only, so a token cannot choose how it is checked: neither ``alg: none`` nor a public key
used as an HMAC secret gets anywhere.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.http.keys import derive_key
from guerdon.kernel.identity.errors import AccessTokenInvalidError

ALGORITHM = "EdDSA"
AUDIENCE = "guerdon-api"
TOKEN_MAX = 4000
LEEWAY = timedelta(seconds=5)
GENERATION_MAX = 10_000


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair and its name, which begins with its generation."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def derived(cls, secret: bytes, generation: int = 1) -> "SigningKey":
        """The key of a generation that belongs to a secret."""
        purpose = "access-token" if generation == 1 else f"access-token/{generation}"
        private = Ed25519PrivateKey.from_private_bytes(derive_key(secret, purpose))
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        digest = base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:12]).decode()
        return cls(f"{generation}.{digest}", private)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whom it speaks for, which generation of the key signed it, and when they signed in.

    Attributes:
        proven_at: None for a token that came of a refresh.
    """

    user_id: UUID
    generation: int
    proven_at: datetime | None = None


class AccessTokens:
    """Makes and checks access tokens.

    Args:
        issuer: the installation's address.
        ttl: how long a token lives.
        secret: signs new tokens.
        retired: secrets whose tokens are still believed until they expire.
    """

    def __init__(self, *, issuer: str, ttl: timedelta, secret: bytes, retired: Iterable[bytes] = ()) -> None:
        self._issuer = issuer
        self.ttl = ttl
        self._secrets = (secret, *retired)
        self._keys: dict[tuple[int, int], SigningKey] = {}

    def _key(self, generation: int, which: int = 0) -> SigningKey:
        if (generation, which) not in self._keys:
            self._keys[generation, which] = SigningKey.derived(self._secrets[which], generation)
        return self._keys[generation, which]

    def _public(self, kid: str) -> tuple[int, Ed25519PublicKey]:
        generation = int(kid.partition(".")[0])
        if not 0 < generation <= GENERATION_MAX:
            raise AccessTokenInvalidError
        for which in range(len(self._secrets)):
            key = self._key(generation, which)
            if key.kid == kid:
                return generation, key.private.public_key()
        raise AccessTokenInvalidError

    def issue(self, user_id: UUID, clock: Clock, generation: int = 1, *, proven: bool = False) -> tuple[str, datetime]:
        """A token for somebody, and the moment at which it ends.

        Args:
            proven: they have just proven who they are; the claim ``auth_time`` says when.
        """
        now = clock.now()
        expires_at = now + self.ttl
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(new_id()),
            **({"auth_time": int(now.timestamp())} if proven else {}),
        }
        key = self._key(generation)
        token = jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.kid, "typ": "at+jwt"})
        return token, expires_at

    def verify(self, token: str, clock: Clock) -> UUID:
        """Whose token it is; ``read`` tells the key's generation too.

        Raises:
            AccessTokenInvalidError: see ``read``.
        """
        return self.read(token, clock).user_id

    def read(self, token: str, clock: Clock) -> Claims:
        """What a token says. Whether its generation still counts is the caller's question to the database.

        Raises:
            AccessTokenInvalidError: forged, expired, not yet valid, for another audience, from another issuer.
        """
        try:
            if len(token) > TOKEN_MAX:
                raise AccessTokenInvalidError
            head = jwt.get_unverified_header(token)
            generation, public = self._public(head["kid"])
            claims: dict[str, Any] = jwt.decode(
                token,
                public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                options={
                    "require": ["exp", "iat", "sub", "aud", "iss"],
                    # Time is checked below, against the injected clock.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            if head.get("typ") != "at+jwt":
                raise AccessTokenInvalidError
            self._check_time(claims, clock.now())
            proven_at = datetime.fromtimestamp(int(claims["auth_time"]), UTC) if "auth_time" in claims else None
            return Claims(UUID(claims["sub"]), generation, proven_at)
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
            raise AccessTokenInvalidError from exc

    @staticmethod
    def _check_time(claims: dict[str, Any], now: datetime) -> None:
        if now >= datetime.fromtimestamp(int(claims["exp"]), UTC):
            raise AccessTokenInvalidError
        if datetime.fromtimestamp(int(claims["iat"]), UTC) > now + LEEWAY:
            raise AccessTokenInvalidError
