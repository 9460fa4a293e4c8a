"""The ledger's pages for staff."""

from fastapi import APIRouter

from guerdon.web.navigation import NavItem

router = APIRouter(include_in_schema=False)
NAVIGATION: tuple[NavItem, ...] = ()


def install() -> None:
    """Make templates and catalogue known."""
