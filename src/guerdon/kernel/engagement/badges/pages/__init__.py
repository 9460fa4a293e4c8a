"""Badges on pages: a member's own, staff's, and the public ones of credentials."""

from fastapi import APIRouter

from guerdon.kernel.engagement.badges.pages import member, public, staff
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (
    NavItem("Badges", "/badges", section="main", icon="medal"),
    NavItem("Badges", "/staff/badges", permission="engagement:read", section="admin", icon="medal"),
)

router = APIRouter(include_in_schema=False)
for _router in (member.router, staff.router, public.router):
    router.include_router(_router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("badges", "guerdon.kernel.engagement.badges")
    add_catalogue("guerdon.kernel.engagement.badges")


__all__ = ["NAVIGATION", "install", "router"]
