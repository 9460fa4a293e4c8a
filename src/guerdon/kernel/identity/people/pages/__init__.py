"""The pages about people: one's own profile, addresses, family, papers and privacy; guardians and papers for staff."""

from fastapi import APIRouter

from guerdon.kernel.identity.people.pages.addresses import router as addresses_router
from guerdon.kernel.identity.people.pages.family import router as family_router
from guerdon.kernel.identity.people.pages.papers import router as papers_router
from guerdon.kernel.identity.people.pages.privacy import router as privacy_router
from guerdon.kernel.identity.people.pages.profile import router as profile_router
from guerdon.kernel.identity.people.pages.reviewing import router as reviewing_router
from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (
    NavItem("Guardians", "/staff/guardians", permission="identity:guard", section="staff", icon="people"),
    NavItem("Identity papers", "/staff/identity", permission="identity:verify", section="staff", icon="lock"),
    NavItem("Accounts to erase", "/staff/erasures", permission="identity:erase", section="admin", icon="bin"),
)

router = APIRouter(include_in_schema=False)
for _router in (profile_router, addresses_router, family_router, papers_router, privacy_router, reviewing_router):
    router.include_router(_router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("people", "guerdon.kernel.identity.people")
    add_catalogue("guerdon.kernel.identity.people")


__all__ = ["NAVIGATION", "install", "router"]
