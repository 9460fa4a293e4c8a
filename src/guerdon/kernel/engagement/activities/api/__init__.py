"""Activities over HTTP."""

from guerdon.kernel.engagement.activities.api.routes import BODY_LIMITS, router

__all__ = ["BODY_LIMITS", "router"]
