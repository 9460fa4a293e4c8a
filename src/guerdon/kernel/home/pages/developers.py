"""``/developers``: the HTTP interface, written out from its OpenAPI description."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from guerdon.http.access import public
from guerdon.http.openapi import API_PATH
from guerdon.http.transaction import SettingsDep
from guerdon.kernel.home.reference import coded, reference
from guerdon.web.render import render

router = APIRouter()


@router.get("/developers")
def show_reference(request: Request, _open: Annotated[object, Depends(public())], settings: SettingsDep) -> Response:
    """Every operation with what goes in and out, and a command to try it with."""
    base_url = settings.base_url.rstrip("/")
    context = {
        "reference": reference(request.app.openapi(), base_url),
        "base_url": base_url,
        "coded": coded,
        "openapi_path": API_PATH,
    }
    return render(request, "home/developers.html", context)
