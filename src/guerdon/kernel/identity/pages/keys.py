"""API keys of one's own."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from guerdon.core.errors import GuerdonError, NotFoundError
from guerdon.http.access import InPerson, Principal, signed_in
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.service import accounts, api_keys
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.navigation import proof_path
from guerdon.web.once import acted_on
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account/keys")

Proven = Annotated[Principal, Depends(signed_in(proven=True))]
LIVES = ((30, msgid("30 days")), (90, msgid("90 days")), (365, msgid("A year")))


@router.get("")
def show_keys(request: Request, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """The keys, and the form for a new one."""
    return _page(request, who, session, clock, FormState({"days": "90"}))


def _page(
    request: Request,
    who: Principal,
    session: SessionDep,
    clock: ClockDep,
    state: FormState,
    *,
    key: str = "",
    status: int = 200,
) -> Response:
    described = {each.code: each.description for each in request.app.state.permissions}
    context = {
        "state": state,
        "keys": api_keys.keys_of(session, who.user_id),
        "now": clock.now(),
        "new_key": key,
        "scopes": [(code, described[code]) for code in sorted(who.permissions)],
        "lives": LIVES,
        "proven": who.proven_lately(clock.now()),
        "proof_path": proof_path("/account/keys"),
    }
    return render(request, "identity/keys.html", context, status)


@router.post("")
def create(
    request: Request,
    who: Proven,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    name: Annotated[Text, Form(max_length=200)] = "",
    scopes: Annotated[list[Text] | None, Form(max_length=200)] = None,
    days: Annotated[Text, Form(max_length=10)] = "",
) -> Response:
    """Make a key; the page that answers is the only one that shows it."""
    try:
        with attempt(session):
            user = accounts.get_account(session, who.user_id)
            life = int(days) if days.isdecimal() else 0
            key, _ = api_keys.create(
                session, clock, user, name=name, scopes=scopes or [], days=life, held=who.permissions
            )
    except GuerdonError as exc:
        values = {"name": name, "scopes": scopes or [], "days": days}
        state = FormState.refused(values, exc, viewer_of(request).translator)
        return _page(request, who, session, clock, state, status=exc.status)
    acted_on(request, "/account/keys")
    return _page(request, who, session, clock, FormState({"days": "90"}), key=key, status=201)


@router.post("/{key_id}/revoke")
def revoke(request: Request, key_id: UUID, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """Put an end to a key."""
    if not api_keys.revoke(session, clock, who.user_id, key_id):
        raise NotFoundError(what="key")
    flash(request, msgid("The key is revoked."))
    return redirect(request, "/account/keys")
