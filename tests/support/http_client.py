"""A browser or a program that talks to an application in this process, over ASGI, without threads of its own."""

import asyncio
import re
import ssl
from typing import Any

import httpx

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""To ``verify`` requests of httpx with that meet no TLS: it would read the machine's authorities for each."""

CSRF_FIELD = re.compile(r'name="csrf_token" value="([^"]+)"')


class Client:
    """Keeps cookies between requests like a browser; safe to use from several threads, one client each.

    Args:
        app: the ASGI application.
        address: where the requests seem to come from.
        page: ask for pages, as a browser does.
    """

    def __init__(self, app: Any, *, address: str = "203.0.113.7", page: bool = False) -> None:
        self._app = app
        self._address = address
        self.cookies = httpx.Cookies()
        self.headers: dict[str, str] = {"accept": "text/html,application/xhtml+xml"} if page else {}

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; redirects are not followed."""
        return asyncio.run(self._send(method, path, options))

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        transport = httpx.ASGITransport(self._app, client=(self._address, 50000), raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", cookies=self.cookies
        ) as client:
            response = await client.request(method, path, headers=headers, **options)
            self.cookies = client.cookies
        return response

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **options)

    def form_token(self, path: str) -> str:
        """The form token on a page."""
        page = self.get(path)
        found = CSRF_FIELD.search(page.text)
        assert found, f"{path} answered {page.status_code} without a form token"
        return found[1]

    def submit(self, path: str, *, on: str | None = None, **fields: str) -> httpx.Response:
        """Fill in the form of a page (``on``, default the path itself) and send it."""
        return self.post(path, data={"csrf_token": self.form_token(on or path), **fields})

    def put(self, path: str, **options: Any) -> httpx.Response:
        """PUT."""
        return self.request("PUT", path, **options)

    def bear(self, token: str) -> "Client":
        """Send an access token from now on."""
        self.headers["authorization"] = f"Bearer {token}"
        return self


def is_problem(answer: Any, status: int, code: str | None = None) -> None:
    """An answer is a problem document of a status, and of a code if one is named."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"]
    assert body["remedy"]
    if code:
        assert body["code"] == code
