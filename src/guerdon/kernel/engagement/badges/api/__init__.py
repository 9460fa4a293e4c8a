"""``/api/v1/engagement/badges``: badges, who has them, and credentials."""

from fastapi import APIRouter

from guerdon.kernel.engagement.badges.api.credentials import router as credentials_router
from guerdon.kernel.engagement.badges.api.members import router as members_router
from guerdon.kernel.engagement.badges.api.staff import router as staff_router

router = APIRouter(prefix="/api/v1/engagement", tags=["badges"])
for _router in (members_router, credentials_router, staff_router):
    router.include_router(_router)

__all__ = ["router"]
