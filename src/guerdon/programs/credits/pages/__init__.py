"""The pages of the credits program, and what it shows on the home page."""

from fastapi import APIRouter

from guerdon.kernel.program import ReviewQueue
from guerdon.programs.credits.pages import managing, member, reviewing, submitting
from guerdon.programs.credits.pages.home import home
from guerdon.programs.credits.schemas import PHOTOS_MAX
from guerdon.programs.credits.service.import_file import FILE_BYTES_MAX
from guerdon.programs.credits.service.photos import PHOTO_BYTES_MAX
from guerdon.programs.credits.service.reading import PENDING_MAX, count_pending
from guerdon.web.i18n import msgid
from guerdon.web.navigation import NavItem

router = APIRouter(include_in_schema=False)
router.include_router(member.router)
router.include_router(submitting.router)
router.include_router(managing.router)
router.include_router(reviewing.router)  # after managing, whose paths are words where these take ids

NAVIGATION = (
    NavItem("Contributions", "/credits", permission="credits:contribute", icon="gift"),
    NavItem("Review", "/staff/credits", permission="credits:review", section="staff", icon="inbox"),
)
REVIEW = ReviewQueue(msgid("Contributions to review"), "/staff/credits", "credits:review", count_pending, PENDING_MAX)

_REST_BYTES = 512 * 1024
_PHOTOS_BYTES = PHOTOS_MAX * PHOTO_BYTES_MAX + _REST_BYTES
BODY_LIMITS = {
    "/credits/new/item": _PHOTOS_BYTES,
    "/credits/contributions/": _PHOTOS_BYTES,
    "/staff/credits/exchange": FILE_BYTES_MAX + _REST_BYTES,
}


__all__ = ["BODY_LIMITS", "NAVIGATION", "REVIEW", "home", "router"]
