"""Cross-site request forgery: a form is accepted only with a token that our own page gave to the same browser.

The token is an HMAC over the session cookie (or, before sign-in, over a random visitor cookie) and a salt that stands
before it, so it needs no storage, dies with the session and cannot be fixed by someone else; and no two pages have the
same one, which could be guessed at by how well they compress. Requests that carry an ``Authorization`` header are
exempt: no browser adds one by itself.
"""

import hmac
import secrets
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guerdon.http.cookies import session_cookie, set_visitor_cookie, visitor_cookie
from guerdon.http.errors import CsrfError
from guerdon.http.keys import derive_key

FIELD = "csrf_token"
HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
API_PREFIX = "/api/"


def csrf_token(request: Request) -> str:
    """The token for the forms of the page being rendered; marks the browser of a visitor when it has no mark yet."""
    binding = session_cookie(request) or visitor_cookie(request) or request.scope.get("guerdon.new_visitor")
    if binding is None:
        binding = secrets.token_urlsafe(24)
        request.scope["guerdon.new_visitor"] = binding
    token: str | None = request.scope.get("guerdon.csrf_token")
    if token is None:
        token = request.scope["guerdon.csrf_token"] = _token(request, binding, secrets.token_hex(8))
    return token


def _token_in(scope: Scope) -> str:
    return csrf_token(Request(scope))


def _token(request: Request, binding: str, salt: str) -> str:
    key: bytes | None = getattr(request.app.state, "csrf_key", None)
    if key is None:
        key = request.app.state.csrf_key = derive_key(request.app.state.secret, "csrf")
    return f"{salt}.{hmac.new(key, f'{salt}.{binding}'.encode(), sha256).hexdigest()}"


async def check_csrf(request: Request) -> None:
    """Dependency of every route: refuses an unsafe request that a browser may have been tricked into.

    Raises:
        CsrfError: cookie-borne request without the right token, or from another site.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    session = session_cookie(request)
    if session is None and request.url.path.startswith(API_PREFIX):
        return
    binding = session or visitor_cookie(request)
    if binding is None or _from_elsewhere(request):
        raise CsrfError(permission="csrf")
    sent = request.headers.get(HEADER) or await _form_field(request)
    if not hmac.compare_digest(sent.encode(), _token(request, binding, sent.partition(".")[0]).encode()):
        raise CsrfError(permission="csrf")


async def _form_field(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith(FORM_TYPES):
        return ""
    form = await request.form()
    request.state.form = form  # for the page of a refusal, which may have to keep what was typed
    value = form.get(FIELD)
    return value if isinstance(value, str) else ""


def _from_elsewhere(request: Request) -> bool:
    """Whether the browser itself says that another site made this request."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    ours = urlsplit(request.app.state.settings.base_url).netloc
    return urlsplit(origin).netloc not in {ours, request.headers.get("host", "")}


class VisitorCookie:
    """ASGI middleware that offers ``request.state.csrf_token()`` to pages.

    When a visitor's form was rendered with a new mark, the mark travels with the page as a cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["csrf_token"] = partial(_token_in, scope)

        async def send_marked(message: Message) -> None:
            mark = scope.get("guerdon.new_visitor")
            if message["type"] == "http.response.start" and mark:
                carrier = Response()
                set_visitor_cookie(carrier, scope["app"].state.settings, mark)
                MutableHeaders(scope=message).append("set-cookie", carrier.headers["set-cookie"])
            await send(message)

        await self._app(scope, receive, send_marked)
