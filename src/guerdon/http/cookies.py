"""The two cookies of the pages: the session of who is signed in, and a random mark for who is not.

Over https their names carry the ``__Host-`` prefix, with which browsers refuse them from subdomains and from plain
http. Both are HttpOnly and SameSite=Lax.
"""

from starlette.requests import Request
from starlette.responses import Response

from guerdon.core.settings import Settings
from guerdon.http.context import header


def _name(settings: Settings, plain: str) -> str:
    return f"__Host-{plain}" if is_https(settings) else plain


def _cookie(request: Request, plain: str) -> str | None:
    if header(request.scope, b"cookie") is None:  # as with every machine
        return None
    return request.cookies.get(_name(request.app.state.settings, plain)) or None


def is_https(settings: Settings) -> bool:
    """Whether people reach this installation by https."""
    return settings.base_url.startswith("https://")


def session_cookie(request: Request) -> str | None:
    """The session token that the browser sent, or None."""
    return _cookie(request, "guerdon_session")


def visitor_cookie(request: Request) -> str | None:
    """The mark of a browser in which nobody is signed in, or None."""
    return _cookie(request, "guerdon_visitor")


def set_session_cookie(response: Response, settings: Settings, token: str) -> None:
    """Sign the browser in with a session token."""
    _set(response, settings, "guerdon_session", token, settings.session_ttl_s)


def set_visitor_cookie(response: Response, settings: Settings, value: str) -> None:
    """Mark a browser for the forms that a visitor may send."""
    _set(response, settings, "guerdon_visitor", value, None)


def clear_session_cookie(response: Response, settings: Settings) -> None:
    """Sign the browser out."""
    _clear(response, settings, "guerdon_session")


def _clear(response: Response, settings: Settings, name: str) -> None:
    response.delete_cookie(_name(settings, name), path="/", secure=is_https(settings), httponly=True, samesite="lax")


def errand_cookie(request: Request) -> str | None:
    """What the browser remembers while its reader is at a sign-in provider's, or None."""
    return _cookie(request, "guerdon_errand")


def set_errand_cookie(response: Response, settings: Settings, value: str, max_age_s: int) -> None:
    """Have the browser remember an errand."""
    _set(response, settings, "guerdon_errand", value, max_age_s)


def clear_errand_cookie(response: Response, settings: Settings) -> None:
    """The errand is done, whatever came of it."""
    _clear(response, settings, "guerdon_errand")


def _set(response: Response, settings: Settings, name: str, value: str, max_age_s: int | None) -> None:
    response.set_cookie(
        _name(settings, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=is_https(settings),
        httponly=True,
        samesite="lax",
    )
