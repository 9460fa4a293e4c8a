"""People over HTTP, below ``/api/v1/identity``."""

from fastapi import APIRouter

from guerdon.kernel.identity.people.api.guardians import router as guardians_router
from guerdon.kernel.identity.people.api.privacy import router as privacy_router
from guerdon.kernel.identity.people.api.profiles import router as profiles_router
from guerdon.kernel.identity.people.api.verifications import router as verifications_router

MEGABYTE = 1024 * 1024
BODY_LIMITS = {
    "/api/v1/identity/profile/avatar": 6 * MEGABYTE,
    "/account/profile/avatar": 6 * MEGABYTE,
    "/api/v1/identity/verifications": 9 * MEGABYTE,
    "/account/identity": 9 * MEGABYTE,
}
"""What uploads may weigh, form and all; the services check the files themselves."""

router = APIRouter(prefix="/api/v1/identity", tags=["identity"])
for _router in (profiles_router, guardians_router, privacy_router, verifications_router):
    router.include_router(_router)

__all__ = ["BODY_LIMITS", "router"]
