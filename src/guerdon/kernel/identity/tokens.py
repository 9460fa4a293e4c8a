"""Access tokens: short-lived JWTs signed with Ed25519, for programs that call the API.

The key is derived from the installation's secret and named by its ``kid``. A verifier knows keys by that name and
one algorithm only, so a token cannot choose how it is checked: neither ``alg: none`` nor a public key used as an HMAC
secret gets anywhere.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.http.keys import derive_key
from guerdon.kernel.identity.errors import AccessTokenInvalidError

ALGORITHM = "EdDSA"
AUDIENCE = "guerdon-api"
TOKEN_MAX = 4000
LEEWAY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair and its name."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def derived(cls, secret: bytes) -> "SigningKey":
        """The key that belongs to a secret."""
        private = Ed25519PrivateKey.from_private_bytes(derive_key(secret, "access-token"))
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:12]).decode(), private)


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
        self._key = SigningKey.derived(secret)
        keys = (self._key, *(SigningKey.derived(each) for each in retired))
        self._public = {key.kid: key.private.public_key() for key in keys}

    def issue(self, user_id: UUID, clock: Clock) -> tuple[str, datetime]:
        """A token for somebody, and the moment at which it ends."""
        now = clock.now()
        expires_at = now + self.ttl
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": str(new_id()),
        }
        token = jwt.encode(claims, self._key.private, ALGORITHM, headers={"kid": self._key.kid, "typ": "at+jwt"})
        return token, expires_at

    def verify(self, token: str, clock: Clock) -> UUID:
        """Whose token it is.

        Raises:
            AccessTokenInvalidError: forged, expired, not yet valid, for another audience, from another issuer.
        """
        try:
            if len(token) > TOKEN_MAX:
                raise AccessTokenInvalidError
            head = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public[head["kid"]],
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
            return UUID(claims["sub"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, OverflowError) as exc:
            raise AccessTokenInvalidError from exc

    @staticmethod
    def _check_time(claims: dict[str, Any], now: datetime) -> None:
        if now >= datetime.fromtimestamp(int(claims["exp"]), UTC):
            raise AccessTokenInvalidError
        if datetime.fromtimestamp(int(claims["iat"]), UTC) > now + LEEWAY:
            raise AccessTokenInvalidError
