"""The start page, and the reference of the HTTP interface."""

from fastapi import APIRouter

from guerdon.kernel.home.pages import developers, start
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (NavItem("Home", "/", section="main", icon="home"),)

router = APIRouter(include_in_schema=False)
router.include_router(start.router)
router.include_router(developers.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("home", "guerdon.kernel.home")
    add_catalogue("guerdon.kernel.home")


__all__ = ["NAVIGATION", "install", "router"]
