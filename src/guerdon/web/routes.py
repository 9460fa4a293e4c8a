"""The pages of the frame itself: choosing theme and language, and the style guide.

Everyone may use them; the composition root declares so when it includes the router.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form
from starlette.requests import Request
from starlette.responses import Response

from guerdon.core.money import Unit, UnitKind
from guerdon.web import charts
from guerdon.web.errors import render_error
from guerdon.web.flash import redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import LOCALE_COOKIE, add_catalogue, supported
from guerdon.web.icons import ICONS
from guerdon.web.render import THEME_COOKIE, THEMES, render
from guerdon.web.static import MOUNT_PATH, STATIC
from guerdon.web.viewer import viewer_of, viewing

_YEAR_S = 365 * 86400

router = APIRouter(include_in_schema=False)

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


def _remember(request: Request, response: Response, name: str, choice: str) -> None:
    response.set_cookie(
        name, choice, max_age=_YEAR_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


@router.get("/style")
def style_guide(request: Request) -> Response:
    """All building blocks in use, for who writes pages."""
    return render(request, "web/style.html", _examples(request))


def _examples(request: Request) -> dict[str, Any]:
    viewer = viewer_of(request)
    credit = Unit("CREDIT", 2, UnitKind.CREDITS, "credits")
    months = [(viewer.now - timedelta(days=30 * back)).date() for back in range(7, -1, -1)]
    rows = [
        {"id": 1, "what": "Winter coats", "kind": "Items", "status": "pending", "amount_minor": 4500, "hours": 3},
        {
            "id": 2,
            "what": "Two hours at the till",
            "kind": "Hours",
            "status": "approved",
            "amount_minor": 2000,
            "hours": 30,
        },
        {"id": 3, "what": "A gift of money", "kind": "Money", "status": "rejected", "amount_minor": -1250, "hours": 75},
    ]
    for row in rows:
        row["moment"] = viewer.now - timedelta(hours=int(str(row["hours"])))
    refused = FormState(
        {"title": "Winter coats", "amount": "12,5", "kind": "items", "condition": "good"},
        {
            "amount": viewer.translator.gettext("Enter a number."),
            "agree": viewer.translator.gettext("This has to be filled in."),
        },
    )
    with viewing(viewer):
        bars = charts.bar_chart(
            "Credits earned and spent",
            [charts.short_month(month) for month in months],
            [
                charts.Series("Earned", [12, 30, 24, 55, 41, 68, 47, Decimal("73.5")]),
                charts.Series("Spent", [0, -8, -12, -5, -30, -22, -4, -18]),
            ],
            description="Credits of the last eight months.",
        )
        lines = charts.line_chart(
            "Balance",
            [charts.short_month(month) for month in months],
            [charts.Series("Balance", [12, 34, 46, 96, 107, 153, 196, Decimal("251.5")])],
            area=True,
        )
    return {
        "credit": credit,
        "rows": rows,
        "refused": refused,
        "bars": bars,
        "lines": lines,
        "icons": sorted(ICONS),
        "rejected": viewer.now - timedelta(hours=75),
    }
