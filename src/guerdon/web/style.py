"""What the style guide shows: a little of everything, made up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from guerdon.core.money import Unit, UnitKind
from guerdon.web import charts
from guerdon.web.forms import FormState
from guerdon.web.icons import ICONS
from guerdon.web.viewer import Viewer, viewer_of, viewing

CREDIT = Unit("CREDIT", 2, UnitKind.CREDITS, "credits")


def examples(request: Request) -> dict[str, Any]:
    """The context of the template ``web/style.html``."""
    viewer = viewer_of(request)
    with viewing(viewer):
        bars, lines = _charts(viewer)
    translate = viewer.translator.gettext
    refused = FormState(
        {"title": "Winter coats", "amount": "12,5", "kind": "items", "condition": "good"},
        {"amount": translate("Enter a number."), "agree": translate("This has to be filled in.")},
    )
    return {
        "credit": CREDIT,
        "rows": _rows(viewer),
        "refused": refused,
        "bars": bars,
        "lines": lines,
        "icons": sorted(ICONS),
        "rejected": viewer.now - timedelta(hours=75),
    }


def _rows(viewer: Viewer) -> list[dict[str, Any]]:
    facts = (
        ("Winter coats", "pending", 4500, 3),
        ("Two hours at the till", "approved", 2000, 30),
        ("A gift of money", "rejected", -1250, 75),
    )
    return [
        {
            "id": place,
            "what": what,
            "status": status,
            "amount_minor": amount_minor,
            "moment": viewer.now - timedelta(hours=hours),
        }
        for place, (what, status, amount_minor, hours) in enumerate(facts, start=1)
    ]


def _charts(viewer: Viewer) -> tuple[str, str]:
    months = [charts.short_month((viewer.now - timedelta(days=30 * back)).date()) for back in range(7, -1, -1)]
    earned = charts.Series("Earned", [12, 30, 24, 55, 41, 68, 47, Decimal("73.5")])
    spent = charts.Series("Spent", [0, -8, -12, -5, -30, -22, -4, -18])
    balance = charts.Series("Balance", [12, 34, 46, 96, 107, 153, 196, Decimal("251.5")])
    bars = charts.bar_chart("Earned and spent", months, [earned, spent], description="Credits of eight months.")
    return bars, charts.line_chart("Balance", months, [balance], area=True)
