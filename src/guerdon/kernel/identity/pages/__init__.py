"""Identity's pages: signing in and up, one's own account, and the members for staff."""

from fastapi import APIRouter

from guerdon.kernel.identity.pages import account, members, signing
from guerdon.kernel.identity.pages.account import save_locale
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (NavItem("Members", "/staff/members", permission="identity:read", section="staff", icon="people"),)

router = APIRouter(include_in_schema=False)
router.include_router(signing.router)
router.include_router(account.router)
router.include_router(members.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("identity", "guerdon.kernel.identity")
    add_catalogue("guerdon.kernel.identity")


__all__ = ["NAVIGATION", "install", "router", "save_locale"]
