"""Signing in by password, and out."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import MaybeSignedIn, Open
from guerdon.http.cookies import clear_session_cookie, session_cookie
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.pages.entering import answer_of, enter
from guerdon.kernel.identity.service import sessions, signing
from guerdon.kernel.identity.service.providers import LABELS
from guerdon.web.flash import redirect
from guerdon.web.forms import FormState
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter()

Short = Annotated[Text, Form(max_length=254)]
Secret = Annotated[Text, Form(max_length=1000)]
Next = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in")
def show_sign_in(request: Request, who: MaybeSignedIn, next: str = "/") -> Response:  # noqa: A002 - in the address
    """The form; whoever is signed in already goes on."""
    if who is not None:
        return redirect(request, next)
    return _sign_in_form(request, FormState(), next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    email: Short = "",
    password: Secret = "",
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Check and sign in, under a new token whatever the browser brought."""
    try:
        signing.count_sign_in(database, clock, email)
        failures = signing.failures(session, clock, email)
        with attempt(session):
            user = signing.verify_password(session, clock, email=email, password=password)
    except GuerdonError as exc:
        state = FormState.refused({"email": email}, exc, viewer_of(request).translator)
        return _sign_in_form(request, state, next, exc)
    return enter(request, session, clock, user=user, target=next, failures=failures)


def _sign_in_form(request: Request, state: FormState, target: str, error: GuerdonError | None = None) -> Response:
    offered = [(name, LABELS[name]) for name in request.app.state.providers]
    context = {"state": state, "next": local_path(target), "providers": offered}
    return render(request, "identity/sign_in.html", context, *answer_of(error))


@router.post("/sign-out")
def sign_out(
    request: Request,
    _open: Open,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """End this browser's session; doing it twice is no error."""
    token = session_cookie(request)
    if token is not None:
        sessions.end_by_token(session, clock, token)
    response = redirect(request, "/sign-in?" + urlencode({"next": local_path(next)}))
    clear_session_cookie(response, settings)
    return response
