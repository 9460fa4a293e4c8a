"""Forms that are acted on once, however often they arrive.

    @router.post("/new")
    def create(request: Request, who: Member, _once: SentOnce, session: SessionDep, …) -> Response:

Each form is rendered with a value of its own (``csrf_field()`` of the pages writes it). When the same form comes again,
by a double click, a reload or the back button, it waits for the first one and is led where that led, which pages leave
in ``request.state.form_led_to``. A form that was refused is forgotten: whoever corrects it may send it again.

The declaration stands behind the one of who may call the route: nobody else's forms are remembered.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from guerdon.core.errors import SentBeforeError
from guerdon.core.ids import idempotency_uuid
from guerdon.http import idempotency
from guerdon.http.transaction import ClockDep, SessionDep

FIELD = "once"
_VALUE_MAX = 64
_SEE_OTHER = 303


async def _form(request: Request) -> FormData:
    return await request.form()


def sent_once(
    request: Request, session: SessionDep, clock: ClockDep, form: Annotated[FormData, Depends(_form)]
) -> Iterator[None]:
    """The dependency behind ``SentOnce``.

    Raises:
        SentBeforeError: this form was acted on; nothing is done.
    """
    principal = getattr(request.state, "principal", None)
    value = form.get(FIELD)
    if principal is None or not isinstance(value, str) or not 0 < len(value) <= _VALUE_MAX or not value.isascii():
        yield
        return
    owner_id: UUID = principal.user_id
    route = f"{request.method} {request.url.path}"
    key = f"{route}\n{FIELD}\n{value}"
    claim = idempotency.Claim(session, owner_id, idempotency_uuid(key))
    digest = sha256(key.encode()).digest()
    if not claim.take(route, digest, clock.now()):
        raise SentBeforeError(leads_to=claim.kept(digest)[1].decode())
    yield
    led_to: str | None = getattr(request.state, "form_led_to", None)
    if led_to is None:
        claim.drop()
    else:
        claim.keep(_SEE_OTHER, led_to.encode())


SentOnce = Annotated[None, Depends(sent_once, scope="function")]
"""``def create(request: Request, who: Member, _once: SentOnce, …)``."""
