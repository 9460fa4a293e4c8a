"""What somebody typed into a form whose session ended meanwhile: kept until they are signed in again.

It travels in a cookie that only we can read, for a quarter of an hour, to be filled into the same form on the same page
for the same account. Passwords and files are not kept, and nothing is that is too long for a cookie: the page of the
refusal shows that instead.
"""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from guerdon.web import once
from guerdon.web.sent import OWN_FIELDS

KEPT_COOKIE = "guerdon_kept"
LIFE_S = 15 * 60
_COOKIE_BYTES_MAX = 3800
_MARK_BYTES = 12


def mark(request: Request, value: str) -> str:
    """Ties the value of a form to who it was rendered for; nobody else's mark is the same, and a visitor has none."""
    principal = getattr(request.state, "principal", None)
    owner = str(getattr(principal, "user_id", ""))
    if not owner:
        return ""
    made = hmac.new(request.app.state.flash_key, f"form\n{owner}\n{value}".encode(), sha256).digest()
    return base64.urlsafe_b64encode(made[:_MARK_BYTES]).decode()


@dataclass(slots=True)
class Kept:
    """A form as it was typed.

    Attributes:
        page: the path on which it stands.
        action: where it is sent.
        once: its value, with the mark of whose it was.
        fields: every text under each name.
        filled: whether it has been filled in again.
    """

    page: str
    action: str
    once: str
    fields: Mapping[str, Sequence[str]]
    filled: bool = field(default=False, compare=False)


def typed(form: FormData) -> dict[str, list[str]]:
    """The texts of a form that may be kept."""
    names = [name for name in dict.fromkeys(form) if name not in OWN_FIELDS and "password" not in name]
    return {name: [text for text in form.getlist(name) if isinstance(text, str)] for name in names}


def keep(request: Request, response: Response, page: str) -> bool:
    """Give a form that was refused for want of a session to the browser to keep; says whether that was done.

    Args:
        page: the path on which the form stands.
    """
    form: FormData | None = getattr(request.state, "form", None)
    value = form.get(once.FIELD) if form is not None else None
    if form is None or not isinstance(value, str) or not once.marked(value):
        return False
    content = [page, request.url.path, value, typed(form)]
    sealed = _cipher(request).encrypt(json.dumps(content).encode()).decode()
    if len(sealed) > _COOKIE_BYTES_MAX:
        return False
    response.set_cookie(
        KEPT_COOKIE, sealed, max_age=LIFE_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return True


def kept_for(request: Request) -> Kept | None:
    """What this browser keeps for this page and for who is signed in now."""
    cookie = request.cookies.get(KEPT_COOKIE)
    if not cookie or request.method != "GET":
        return None
    try:
        content: list[Any] = json.loads(_cipher(request).decrypt(cookie, ttl=LIFE_S))
    except (InvalidToken, ValueError):
        return None
    found = Kept(*content)
    value, own = once.parts(found.once)
    of_them = bool(own) and hmac.compare_digest(own, mark(request, value))
    return found if of_them and found.page == request.url.path else None


def forget(request: Request, response: Response) -> None:
    """Drop what was kept from the browser."""
    if KEPT_COOKIE in request.cookies:
        response.delete_cookie(KEPT_COOKIE, httponly=True, samesite="lax")


def _cipher(request: Request) -> Fernet:
    key = hmac.new(request.app.state.flash_key, b"guerdon/kept", sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
