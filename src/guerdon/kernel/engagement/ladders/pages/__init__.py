"""Tiers for members, and how they are kept for staff."""

from fastapi import APIRouter

from guerdon.kernel.engagement.ladders.pages import member, staff
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (NavItem("Your tiers", "/tiers", icon="steps"),)

router = APIRouter(include_in_schema=False)
router.include_router(member.router)
router.include_router(staff.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("ladders", "guerdon.kernel.engagement.ladders")
    add_catalogue("guerdon.kernel.engagement.ladders")


__all__ = ["NAVIGATION", "install", "router"]
