"""Google and Apple: OpenID Connect with discovery, ID tokens checked against the provider's published keys."""

import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import jwt

from guerdon.core.clock import Clock
from guerdon.kernel.identity.service.providers.protocol import Endpoints, Errand, Identity, Provider

ALGORITHMS = ("RS256", "ES256")
LEEWAY = timedelta(seconds=60)
DISCOVERY_LIFE_S = 3600
KEYS_AGAIN_S = 60
APPLE_SECRET_LIFE = timedelta(minutes=5)


class OpenIdProvider(Provider):
    """A provider that signs ID tokens.

    Args:
        issuer: where discovery is found, and who must have issued the tokens.
    """

    scope = "openid email profile"

    def __init__(self, name: str, client_id: str, issuer: str) -> None:
        super().__init__(name, client_id)
        self._issuer = issuer.rstrip("/")
        self._discovery: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._discovered_s = self._keys_s = float("-inf")

    def discovery(self) -> dict[str, Any]:
        """The provider's description of itself, asked for once an hour."""
        if time.monotonic() - self._discovered_s > DISCOVERY_LIFE_S:
            found = self.fetch(f"{self._issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                raise self.refused()
            self._discovery, self._discovered_s = found, time.monotonic()
        return self._discovery

    def endpoints(self) -> Endpoints:
        """As discovered."""
        found = self.discovery()
        try:
            return Endpoints(found["authorization_endpoint"], found["token_endpoint"])
        except KeyError as exc:
            raise self.refused() from exc

    def identify(self, token: Mapping[str, Any], errand: Errand, clock: Clock) -> Identity:
        """Whom the ID token speaks of.

        Raises:
            ProviderRefusedError: it is missing, forged, expired, for somebody else, or of another errand.
        """
        claims = self._claims(str(token.get("id_token", "")), clock)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), errand.nonce.encode()):
            raise self.refused()
        email = claims.get("email")
        return Identity(
            provider=self.name,
            subject=str(claims["sub"])[:255],
            email=str(email) if email else None,
            email_verified=claims.get("email_verified") in (True, "true"),
            name=str(claims.get("name") or ""),
        )

    def _claims(self, id_token: str, clock: Clock) -> dict[str, Any]:
        try:
            head = jwt.get_unverified_header(id_token)
            claims: dict[str, Any] = jwt.decode(
                id_token,
                self._key(str(head["kid"])),
                algorithms=ALGORITHMS,
                audience=self.client_id,
                # Google's tokens name the issuer with and without its scheme.
                issuer=[self._issuer, self._issuer.removeprefix("https://")],
                options={
                    "require": ["exp", "iat", "sub", "aud", "iss"],
                    # Time is checked below, against the injected clock.
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            now = clock.now()
            if now >= datetime.fromtimestamp(int(claims["exp"]), UTC) + LEEWAY:
                raise self.refused()
            if datetime.fromtimestamp(int(claims["iat"]), UTC) > now + LEEWAY:
                raise self.refused()
        except (jwt.PyJWTError, KeyError, ValueError, TypeError) as exc:
            raise self.refused() from exc
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        """The provider's key of that name; asked for anew, at most once a minute, when it is unknown."""
        if kid not in self._keys and time.monotonic() - self._keys_s > KEYS_AGAIN_S:
            found = self.fetch(self.discovery()["jwks_uri"])
            usable = [each for each in found.get("keys", ()) if each.get("kty") in {"RSA", "EC"} and each.get("kid")]
            self._keys = {each["kid"]: jwt.PyJWK(each) for each in usable}
            self._keys_s = time.monotonic()
        return self._keys[kid]


class Google(OpenIdProvider):
    """Google; any other provider of plain OpenID Connect answers in the same way."""

    def __init__(self, name: str, client_id: str, issuer: str, secret: str) -> None:
        super().__init__(name, client_id, issuer)
        self._secret = secret

    def client_secret(self, clock: Clock) -> str:  # noqa: ARG002 - it does not change
        """As the settings say."""
        return self._secret


class Apple(OpenIdProvider):
    """Apple: the client secret is a JWT that we sign, and the answer comes as a form that their page posts.

    Args:
        team_id, key_id, private_key: from Apple's developer site; the key as PEM.
    """

    scope = "openid email name"
    extra: ClassVar[Mapping[str, str]] = {"response_mode": "form_post"}

    def __init__(self, name: str, client_id: str, issuer: str, *, team_id: str, key_id: str, private_key: str) -> None:
        super().__init__(name, client_id, issuer)
        self._team_id = team_id
        self._key_id = key_id
        self._private_key = private_key

    def client_secret(self, clock: Clock) -> str:
        """A short-lived statement, signed with our key at Apple."""
        now = clock.now()
        claims = {
            "iss": self._team_id,
            "sub": self.client_id,
            "aud": self._issuer,
            "iat": int(now.timestamp()),
            "exp": int((now + APPLE_SECRET_LIFE).timestamp()),
        }
        return jwt.encode(claims, self._private_key, "ES256", headers={"kid": self._key_id})
