"""Accounts elsewhere: Google and Apple by OpenID Connect, Facebook by OAuth 2."""

from guerdon.kernel.identity.service.providers.catalogue import LABELS, Providers
from guerdon.kernel.identity.service.providers.protocol import Errand, Identity, Provider

__all__ = ["LABELS", "Errand", "Identity", "Provider", "Providers"]
