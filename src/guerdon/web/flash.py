"""Messages that survive one redirect: put into a signed cookie, shown once by the next page."""

from dataclasses import dataclass
from typing import Any, Literal

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from guerdon.web.once import acted_on
from guerdon.web.redirects import local_path
from guerdon.web.viewer import viewer_of

Level = Literal["success", "info", "warning", "danger"]

FLASH_COOKIE = "guerdon_flash"
_LIFE_S = 300
_COOKIE_BYTES_MAX = 3500
_TEXT_MAX = 400


@dataclass(frozen=True, slots=True)
class Message:
    """What a page tells its reader once."""

    level: Level
    text: str


def flash(request: Request, message: str, level: Level = "success", **params: Any) -> None:
    """Tell the reader something on the page that follows.

    Args:
        request: the request that is being answered.
        message: message id with ``{placeholders}``; translated now, for the reader of this request.
        level: how it is coloured.
        params: what fills the placeholders.
    """
    text = viewer_of(request).translator.gettext(message, **params)[:_TEXT_MAX]
    _pending(request).append(Message(level, text))


def redirect(request: Request, path: str) -> RedirectResponse:
    """Send the browser on with 303, carrying what was flashed.

    Args:
        request: the request that is being answered.
        path: a path on this site; anything else leads home.
    """
    response = RedirectResponse(local_path(path), status_code=303)
    acted_on(request, path)
    keep(request, response)
    return response


def keep(request: Request, response: Response) -> None:
    """Put what was flashed, and what was not shown yet, into the response's cookie."""
    messages = received(request) + _pending(request)
    signed = _sign(request, messages)
    while len(signed) > _COOKIE_BYTES_MAX:
        messages = messages[1:]
        signed = _sign(request, messages)
    if messages:
        response.set_cookie(
            FLASH_COOKIE,
            signed,
            max_age=_LIFE_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )


def received(request: Request) -> list[Message]:
    """The messages that the browser brought; none when the cookie is old, forged or malformed."""
    cookie = request.cookies.get(FLASH_COOKIE)
    if not cookie:
        return []
    try:
        return [Message(level, text) for level, text in _serializer(request).loads(cookie, max_age=_LIFE_S)]
    except (BadData, ValueError, TypeError):
        return []


def show(request: Request) -> list[Message]:
    """All messages for the page that is being rendered; ``forget`` has to follow on its response."""
    return received(request) + _pending(request)


def forget(request: Request, response: Response) -> None:
    """Drop the cookie from the browser, because its messages have been shown."""
    if FLASH_COOKIE in request.cookies:
        response.delete_cookie(FLASH_COOKIE, httponly=True, samesite="lax")


def _pending(request: Request) -> list[Message]:
    if not hasattr(request.state, "flash_messages"):
        request.state.flash_messages = []
    messages: list[Message] = request.state.flash_messages
    return messages


def _sign(request: Request, messages: list[Message]) -> str:
    return str(_serializer(request).dumps([(message.level, message.text) for message in messages]))


def _serializer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.flash_key, salt="guerdon/flash")
