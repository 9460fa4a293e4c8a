"""Rules for those who may change them."""

from fastapi import APIRouter

from guerdon.web.i18n import add_catalogue
from guerdon.web.navigation import NavItem
from guerdon.web.render import add_templates

router = APIRouter(include_in_schema=False)
NAVIGATION: tuple[NavItem, ...] = ()


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("engagement", "guerdon.kernel.engagement")
    add_catalogue("guerdon.kernel.engagement")
