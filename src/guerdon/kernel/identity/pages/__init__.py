"""Identity's pages: signing in and up, one's own account, and the members for staff."""

from fastapi import APIRouter

from guerdon.kernel.identity.pages import (
    access,
    account,
    keys,
    members,
    phone,
    proof,
    providers,
    recovery,
    sign_up,
    signing,
    staff_sessions,
)
from guerdon.kernel.identity.pages.account import save_locale
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (
    NavItem("Members", "/staff/members", permission="identity:read", section="staff", icon="people"),
    NavItem("Staff sessions", "/staff/sessions", permission="identity:sessions", section="admin", icon="screen"),
)

router = APIRouter(include_in_schema=False)
for room in (
    signing,
    sign_up,
    phone,
    recovery,
    providers,
    account,
    access,
    proof,
    keys,
    members,
    staff_sessions,
):
    router.include_router(room.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("identity", "guerdon.kernel.identity")
    add_catalogue("guerdon.kernel.identity")


__all__ = ["NAVIGATION", "install", "router", "save_locale"]
