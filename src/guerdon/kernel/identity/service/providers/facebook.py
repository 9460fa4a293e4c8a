"""Facebook: OAuth 2, and the Graph API to ask who it is."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from guerdon.core.clock import Clock
from guerdon.kernel.identity.service.providers.protocol import Endpoints, Errand, Identity, Provider


class Facebook(Provider):
    """Facebook says which mailbox somebody named, not that it is theirs; so we ask for a proof of our own.

    Args:
        dialog_url: where people sign in.
        graph_url: the Graph API, with its version.
    """

    scope = "email public_profile"

    def __init__(self, name: str, client_id: str, *, secret: str, dialog_url: str, graph_url: str) -> None:
        super().__init__(name, client_id)
        self._secret = secret
        self._dialog_url = dialog_url
        self._graph_url = graph_url.rstrip("/")

    def endpoints(self) -> Endpoints:
        """As the settings say."""
        return Endpoints(self._dialog_url, f"{self._graph_url}/oauth/access_token")

    def client_secret(self, clock: Clock) -> str:  # noqa: ARG002 - it does not change
        """As the settings say."""
        return self._secret

    def identify(self, token: Mapping[str, Any], errand: Errand, clock: Clock) -> Identity:  # noqa: ARG002 - the base's
        """Whom the access token speaks of. The token came from Facebook itself, over our own connection.

        Raises:
            ProviderRefusedError: it opens nothing.
        """
        access = str(token.get("access_token", ""))
        proof = hmac.new(self._secret.encode(), access.encode(), sha256).hexdigest()
        person = self.fetch(
            f"{self._graph_url}/me",
            {"fields": "id,name,email", "access_token": access, "appsecret_proof": proof},
        )
        if not person.get("id"):
            raise self.refused()
        email = person.get("email")
        return Identity(
            provider=self.name,
            subject=str(person["id"])[:255],
            email=str(email) if email else None,
            email_verified=False,
            name=str(person.get("name") or ""),
        )
