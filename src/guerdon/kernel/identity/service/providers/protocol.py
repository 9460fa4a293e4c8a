"""What every provider has in common: the authorization-code flow with state, nonce and PKCE."""

import hmac
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client

from guerdon.core.clock import Clock
from guerdon.core.tls import authorities
from guerdon.kernel.identity.errors import ProviderRefusedError

TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider vouches for.

    Attributes:
        subject: who it is, for ever, at this provider.
        email_verified: whether the provider itself made sure that the mailbox is theirs.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class Errand:
    """What the browser remembers, signed, while its reader is at the provider's.

    Attributes:
        user_id: who links an account; empty for signing in.
        next: where to go afterwards.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str
    user_id: str = ""

    def as_dict(self) -> dict[str, str]:
        """Its content, for a ticket."""
        return asdict(self)


def new_errand(provider: str, *, target: str, user_id: str = "") -> Errand:
    """A fresh errand."""
    return Errand(
        provider,
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(24),
        secrets.token_urlsafe(48),
        target,
        user_id,
    )


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is talked to."""

    authorization: str
    token: str


class Provider(ABC):
    """One provider.

    Args:
        name: as stored, ``google``.
        client_id: what it knows us as.
    """

    scope = ""
    extra: ClassVar[Mapping[str, str]] = {}

    def __init__(self, name: str, client_id: str) -> None:
        self.name = name
        self.client_id = client_id

    @abstractmethod
    def endpoints(self) -> Endpoints:
        """Where to send the browser, and where to exchange the code."""

    @abstractmethod
    def client_secret(self, clock: Clock) -> str:
        """What we prove ourselves with."""

    @abstractmethod
    def identify(self, token: Mapping[str, Any], errand: Errand, clock: Clock) -> Identity:
        """Whom the answer of the token endpoint speaks of."""

    def refused(self) -> ProviderRefusedError:
        """The error for whatever goes wrong; what exactly is nobody's business but the log's."""
        return ProviderRefusedError(provider=self.name.capitalize())

    def authorization_url(self, errand: Errand, redirect_uri: str) -> str:
        """Where the browser is sent.

        Raises:
            ProviderRefusedError: the provider cannot be reached.
        """
        with self._guarded(), self._client("", redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self.endpoints().authorization,
                state=errand.state,
                code_verifier=errand.verifier,
                nonce=errand.nonce,
                **self.extra,
            )
            return str(url)

    def finish(self, answer: Mapping[str, str], errand: Errand, redirect_uri: str, clock: Clock) -> Identity:
        """Whom the provider vouches for.

        Args:
            answer: what the browser brought back: ``state``, ``code`` or ``error``.

        Raises:
            ProviderRefusedError: the state is not ours, the reader declined, or what came back does not hold.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), errand.state.encode()) or not answer.get("code"):
            raise self.refused()
        with self._guarded(), self._client(self.client_secret(clock), redirect_uri) as client:
            token = client.fetch_token(
                self.endpoints().token, code=answer["code"], code_verifier=errand.verifier, timeout=TIMEOUT_S
            )
        return self.identify(token, errand, clock)

    def _client(self, secret: str, redirect_uri: str) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=secret,
            scope=self.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            timeout=TIMEOUT_S,
            verify=authorities(),
        )

    def _guarded(self) -> "_Guard":
        return _Guard(self)

    def fetch(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A JSON document of the provider.

        Raises:
            ProviderRefusedError: it could not be had.
        """
        with self._guarded():
            answer = httpx2.get(url, params=params, timeout=TIMEOUT_S, follow_redirects=False, verify=authorities())
            answer.raise_for_status()
            document: dict[str, Any] = answer.json()
            return document


class _Guard:
    """Turns whatever the network or the other side does into one refusal."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, AuthlibBaseError | httpx2.HTTPError | ValueError | KeyError):
            raise self._provider.refused() from error
