"""Identity over HTTP: tokens, oneself, members and their roles, and how a request is authenticated."""

from guerdon.kernel.identity.api.authentication import install
from guerdon.kernel.identity.api.routes import router

__all__ = ["install", "router"]
