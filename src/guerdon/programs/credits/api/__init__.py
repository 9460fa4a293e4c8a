"""``/api/v1/credits``: contributing, reviewing, standing, exchanging and configuring."""

from guerdon.programs.credits.api import configuring, contributing, exchanging, photos, reviewing, standing

ROUTERS = (
    contributing.router,
    photos.router,
    standing.router,
    reviewing.router,
    exchanging.router,
    configuring.router,
)
"""What the program hands over."""

BODY_LIMITS = {
    "/api/v1/credits/contributions/": 27 * 1_048_576,
    "/api/v1/credits/import": 9 * 1_048_576,
}
"""Larger bodies than usual, by path: five photos of 5 MB, and a CSV of 8 MB."""

__all__ = ["BODY_LIMITS", "ROUTERS"]
