"""Activities over HTTP."""

from fastapi import APIRouter

from guerdon.kernel.engagement.activities.api import reading, routes
from guerdon.kernel.engagement.activities.api.routes import BODY_LIMITS

router = APIRouter()
# Reading comes last, because its last route takes any id.
for _each in (routes, reading):
    router.include_router(_each.router)

__all__ = ["BODY_LIMITS", "router"]
