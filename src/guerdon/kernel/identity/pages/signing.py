"""Signing in, up and out."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import MaybeSignedIn, public
from guerdon.http.cookies import clear_session_cookie, session_cookie, set_session_cookie
from guerdon.http.errors import RateLimitedError
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import accounts, sessions, signing
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid, negotiate
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter()

Open = Annotated[None, Depends(public(identify=False))]
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
    settings: SettingsDep,
    email: Short = "",
    password: Secret = "",
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Check and sign in, under a new token whatever the browser brought."""
    try:
        signing.count_sign_in(database, clock, email)
        with attempt(session):
            user = signing.verify_password(session, clock, email=email, password=password)
    except GuerdonError as exc:
        state = FormState.refused({"email": email}, exc, viewer_of(request).translator)
        return _sign_in_form(request, state, next, exc)
    return _enter(request, session, clock, settings, user=user, target=next)


def _sign_in_form(request: Request, state: FormState, target: str, error: GuerdonError | None = None) -> Response:
    context = {"state": state, "next": local_path(target)}
    return render(request, "identity/sign_in.html", context, *_answer(error))


def _answer(error: GuerdonError | None) -> tuple[int, dict[str, str]]:
    """Status and headers of a form that is shown again."""
    if error is None:
        return 200, {}
    if isinstance(error, RateLimitedError):
        return error.status, {"Retry-After": str(error.params["retry_after_s"])}
    return error.status, {}


def _enter(
    request: Request, session: SessionDep, clock: ClockDep, settings: SettingsDep, *, user: User, target: str
) -> Response:
    old = session_cookie(request)
    if old is not None:
        sessions.end_by_token(session, old)
    token, _ = sessions.start_session(session, clock, user, ttl=timedelta(seconds=settings.session_ttl_s))
    response = redirect(request, target)
    set_session_cookie(response, settings, token)
    return response


@router.get("/sign-up")
def show_sign_up(request: Request, who: MaybeSignedIn) -> Response:
    """The form; whoever is signed in already goes home."""
    return (
        redirect(request, "/") if who is not None else render(request, "identity/sign_up.html", {"state": FormState()})
    )


@router.post("/sign-up")
def sign_up(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    name: Short = "",
    email: Short = "",
    password: Secret = "",
) -> Response:
    """Open an account and sign in."""
    try:
        signing.count_by_address(database, clock, signing.SIGN_UP_BY_ADDRESS)
        with attempt(session):
            user = accounts.create_account(
                session,
                clock,
                email=email,
                name=name,
                password=password,
                locale=negotiate(request),
                time_zone=settings.time_zone,
            )
    except GuerdonError as exc:
        state = FormState.refused({"name": name, "email": email}, exc, viewer_of(request).translator)
        return render(request, "identity/sign_up.html", {"state": state}, *_answer(exc))
    flash(request, msgid("Welcome, {name}."), name=user.name)
    return _enter(request, session, clock, settings, user=user, target="/")


@router.post("/sign-out")
def sign_out(request: Request, _open: Open, session: SessionDep, settings: SettingsDep) -> Response:
    """End this browser's session; doing it twice is no error."""
    token = session_cookie(request)
    if token is not None:
        sessions.end_by_token(session, token)
    response = redirect(request, "/sign-in?" + urlencode({"next": "/"}))
    clear_session_cookie(response, settings)
    return response
