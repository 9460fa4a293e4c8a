"""The pages of the frame itself: choosing theme and language, the style guide, and what browsers fetch unasked.

Everyone may use them; the composition root declares so when it includes the routers.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Form
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from guerdon.web import appicon, style
from guerdon.web.errors import render_error
from guerdon.web.flash import redirect
from guerdon.web.i18n import LOCALE_COOKIE, add_catalogue, supported
from guerdon.web.render import THEME_COOKIE, THEMES, render
from guerdon.web.static import MOUNT_PATH, STATIC

_YEAR_S = 365 * 86400

_DAY = {"cache-control": f"public, max-age={86400}"}
_ICON_SIZES_PX = (192, 512)

router = APIRouter(include_in_schema=False)
browser_router = APIRouter(include_in_schema=False)
"""What browsers fetch unasked, at addresses that they choose; it is the same for everybody."""

SaveLocale = Callable[[Request, str], None]
"""Keeps the language that someone signed in has chosen: ``(request, language)``."""


def install(app: FastAPI, *, flash_key: bytes, save_locale: SaveLocale | None = None) -> None:
    """Give an application everything that pages need, except the router, whose access the caller declares.

    Args:
        app: ``app.state.settings``, ``.clock`` and ``.navigation`` are read when a page is rendered.
        flash_key: signs flash messages.
        save_locale: keeps the choice of someone signed in; without it only the browser remembers.
    """
    app.state.flash_key = flash_key
    app.state.save_locale = save_locale
    app.state.render_error = render_error
    add_catalogue("guerdon.web")
    app.mount(MOUNT_PATH, STATIC, name="static")


@router.post("/preferences/theme")
def choose_theme(request: Request, theme: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:  # noqa: A002 - the name of the field
    """Remember light, dark or auto in this browser."""
    response = redirect(request, next)
    _remember(request, response, THEME_COOKIE, theme if theme in THEMES else THEMES[0])
    return response


@router.post("/preferences/language")
def choose_language(
    request: Request,
    language: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Remember a language in this browser and, for someone signed in, with their account."""
    response = redirect(request, next)
    chosen = supported(language)
    if chosen:
        _remember(request, response, LOCALE_COOKIE, chosen)
        if getattr(request.state, "principal", None) is not None and request.app.state.save_locale:
            request.app.state.save_locale(request, chosen)
    return response


@browser_router.get("/favicon.ico")
def favicon() -> Response:
    """The icon of tabs and bookmarks."""
    return Response(appicon.ico(), headers=_DAY, media_type="image/x-icon")


@browser_router.get("/apple-touch-icon.png")
@browser_router.get("/apple-touch-icon-precomposed.png")
def touch_icon() -> Response:
    """The icon on the home screen of telephones that look for it here."""
    return Response(appicon.png(180), headers=_DAY, media_type="image/png")


@browser_router.get("/icon-{size_px}.png")
def app_icon(size_px: Literal["192", "512"]) -> Response:
    """The icon that the manifest names."""
    return Response(appicon.png(int(size_px)), headers=_DAY, media_type="image/png")


@browser_router.get("/site.webmanifest")
def manifest(request: Request) -> Response:
    """How the site is shown when somebody adds it to their home screen."""
    name = getattr(getattr(request.app.state, "settings", None), "community_name", "Guerdon")
    icons = [{"src": f"/icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"} for size in _ICON_SIZES_PX]
    document: dict[str, Any] = {
        "name": name,
        "short_name": name[:12].strip(),
        "start_url": "/",
        "display": "standalone",
        "background_color": appicon.GROUND,
        "theme_color": appicon.GROUND,
        "icons": [{**icon, "purpose": purpose} for icon in icons for purpose in ("any", "maskable")],
    }
    return JSONResponse(document, headers=_DAY, media_type="application/manifest+json")


def _remember(request: Request, response: Response, name: str, choice: str) -> None:
    response.set_cookie(
        name, choice, max_age=_YEAR_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


@router.get("/style")
def style_guide(request: Request) -> Response:
    """All building blocks in use, for who writes pages."""
    return render(request, "web/style.html", style.examples(request))
