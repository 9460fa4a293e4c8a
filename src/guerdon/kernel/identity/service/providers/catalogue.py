"""The providers that the settings set up."""

from collections.abc import Iterator

from pydantic import SecretStr

from guerdon.core.settings import Settings
from guerdon.kernel.identity.errors import ProviderUnknownError
from guerdon.kernel.identity.service.providers.facebook import Facebook
from guerdon.kernel.identity.service.providers.openid import Apple, Google
from guerdon.kernel.identity.service.providers.protocol import Provider

LABELS = {"google": "Google", "apple": "Apple", "facebook": "Facebook"}


class Providers:
    """Those that are offered, by name."""

    def __init__(self, settings: Settings) -> None:
        self._offered: dict[str, Provider] = {each.name: each for each in _offered(settings)}

    def __iter__(self) -> Iterator[str]:
        return iter(self._offered)

    def get(self, name: str) -> Provider:
        """One of them.

        Raises:
            ProviderUnknownError: it is not set up.
        """
        if name not in self._offered:
            raise ProviderUnknownError
        return self._offered[name]


def _offered(settings: Settings) -> Iterator[Provider]:
    if settings.google_client_id:
        yield Google("google", settings.google_client_id, settings.google_issuer, _plain(settings.google_client_secret))
    if settings.apple_client_id:
        yield Apple(
            "apple",
            settings.apple_client_id,
            settings.apple_issuer,
            team_id=settings.apple_team_id,
            key_id=settings.apple_key_id,
            private_key=_plain(settings.apple_private_key),
        )
    if settings.facebook_client_id:
        yield Facebook(
            "facebook",
            settings.facebook_client_id,
            secret=_plain(settings.facebook_client_secret),
            dialog_url=settings.facebook_dialog_url,
            graph_url=settings.facebook_graph_url,
        )


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
