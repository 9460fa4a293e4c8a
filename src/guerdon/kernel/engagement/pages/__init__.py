"""Rules and tiers for staff, who see and try them, and for administrators, who change them."""

from fastapi import APIRouter

from guerdon.kernel.engagement.pages import rules, tiers
from guerdon.kernel.engagement.service.recognition import BONUS_KIND, REWARD_KIND
from guerdon.kernel.ledger.pages import name_kinds
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

NAVIGATION = (
    NavItem("Rules", "/staff/rules", permission="engagement:read", section="admin", icon="settings"),
    NavItem("Tiers", "/staff/tiers", permission="engagement:read", section="admin", icon="steps"),
)

router = APIRouter(include_in_schema=False)
router.include_router(rules.router)
router.include_router(tiers.router)


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("engagement", "guerdon.kernel.engagement")
    add_catalogue("guerdon.kernel.engagement")
    name_kinds({BONUS_KIND: msgid("Streak bonus"), REWARD_KIND: msgid("Badge reward")})


__all__ = ["NAVIGATION", "install", "router"]
