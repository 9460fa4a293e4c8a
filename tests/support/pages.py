"""What tests of pages share: a small application with the whole frame, and readers to render for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request

from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.web import routes
from guerdon.web.i18n import add_catalogue, translator
from guerdon.web.navigation import NavItem
from guerdon.web.viewer import Viewer, viewing

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Member:
    """Someone who is signed in."""

    name: str = "Awa Ndiaye"
    locale: str = ""
    time_zone: str = "Africa/Dakar"
    permissions: frozenset[str] = frozenset()


def frame_app(reader: Member | None = None, **install: Any) -> FastAPI:
    """An application with the routes of the frame, read by ``reader`` (None for a visitor)."""
    app = FastAPI()
    app.state.settings = Settings(community_name="Les Amis <du> Parc")
    app.state.clock = FixedClock(NOW)
    app.state.navigation = [
        NavItem("Start", "/", icon="home", signed_in=False),
        NavItem("Contributions", "/style", icon="gift"),
        NavItem("Review", "/review", "credits:review", "staff", "inbox"),
    ]
    routes.install(app, flash_key=b"k" * 32, **install)
    app.include_router(routes.router)

    async def identify(request: Request, call_next: Any) -> Any:
        request.state.principal = reader
        request.state.csrf_token = lambda: "the-token"
        request.state.request_id = "request-1"
        return await call_next(request)

    app.add_middleware(BaseHTTPMiddleware, dispatch=identify)
    return app


@contextmanager
def reading(locale: str = "en", zone: str = "UTC") -> Iterator[Viewer]:
    """Be a reader of some language and zone at ``NOW``."""
    add_catalogue("guerdon.web")
    viewer = Viewer(translator(locale), ZoneInfo(zone), NOW, lambda: "the-token")
    with viewing(viewer):
        yield viewer


class Browser:
    """Visits an application in the same process and keeps its cookies, as a browser does.

    Args:
        app: the application.
    """

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.cookies = httpx.Cookies()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Follow a link, and its redirects unless ``follow_redirects=False``."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a form."""
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://guerdon.test", cookies=self.cookies
        ) as client:
            response = await client.request(method, path, **{"follow_redirects": True, **options})
            self.cookies = client.cookies
            return response
