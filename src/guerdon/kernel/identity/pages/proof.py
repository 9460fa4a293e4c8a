"""Proving again that it is still oneself, before something grave."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import InPerson, Principal
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, attempt
from guerdon.kernel.identity.pages.entering import answer_of, enter
from guerdon.kernel.identity.service import accounts, signing
from guerdon.web.forms import FormState
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account/proof")


@router.get("")
def show_proof(
    request: Request,
    who: InPerson,
    session: SessionDep,
    next: Annotated[str, Query(max_length=2000)] = "/account",  # noqa: A002 - in the address
) -> Response:
    """The form for the password."""
    return _page(request, who, session, FormState(), next)


def _page(
    request: Request,
    who: Principal,
    session: SessionDep,
    state: FormState,
    target: str,
    error: GuerdonError | None = None,
) -> Response:
    context = {
        "state": state,
        "next": local_path(target, "/account"),
        "has_password": accounts.has_password(session, who.user_id),
    }
    return render(request, "identity/proof.html", context, *answer_of(error))


@router.post("")
def prove(
    request: Request,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    present_password: Annotated[Text, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/account",  # noqa: A002 - the name of the field
) -> Response:
    """Check it, and go on under a new session."""
    try:
        signing.count_present(database, clock, who.user_id)
        with attempt(session):
            accounts.confirm_present(session, who.user_id, present_password, needed=True)
    except GuerdonError as exc:
        state = FormState.refused({}, exc, viewer_of(request).translator)
        return _page(request, who, session, state, next, exc)
    user = accounts.get_account(session, who.user_id)
    return enter(request, session, clock, user=user, target=local_path(next, "/account"))
