"""Leaderboards for members, and for staff who define them."""

from fastapi import APIRouter

from guerdon.kernel.engagement.boards.pages import managing, member
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (
    NavItem("Leaderboards", "/leaderboards", icon="trophy"),
    NavItem("Leaderboards", "/staff/leaderboards", permission="engagement:read", section="admin", icon="trophy"),
)

router = APIRouter(include_in_schema=False)
router.include_router(member.router)
router.include_router(managing.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("boards", "guerdon.kernel.engagement.boards")
    add_catalogue("guerdon.kernel.engagement.boards")


__all__ = ["NAVIGATION", "install", "router"]
