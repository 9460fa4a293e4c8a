"""Signing up by mail: a form, a mail, and the link that opens the account."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import MaybeSignedIn, Open
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.pages.entering import answer_of, enter
from guerdon.kernel.identity.service import sign_up, signing
from guerdon.kernel.identity.service.providers import LABELS
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid, negotiate_region
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/sign-up")

Short = Annotated[Text, Form(max_length=254)]
Secret = Annotated[Text, Form(max_length=1000)]
Token = Annotated[Text, Form(max_length=200)]
TokenQuery = Annotated[Text, Query(max_length=200)]


@router.get("")
def show_sign_up(request: Request, who: MaybeSignedIn) -> Response:
    """The form; whoever is signed in already goes home."""
    return redirect(request, "/") if who is not None else _form(request, FormState())


def _form(request: Request, state: FormState, error: GuerdonError | None = None) -> Response:
    offered = [(name, LABELS[name]) for name in request.app.state.providers]
    return render(request, "identity/sign_up.html", {"state": state, "providers": offered}, *answer_of(error))


@router.post("")
def begin(
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
    """Have a mail sent; the answer is the same whether or not the address has an account."""
    try:
        signing.count_by_address(database, clock, signing.SIGN_UP_BY_ADDRESS)
        with attempt(session):
            sign_up.begin(
                session,
                clock,
                email=email,
                name=name,
                password=password,
                locale=negotiate_region(request),
                time_zone=settings.time_zone,
            )
        signing.count_message(database, clock, email)
    except GuerdonError as exc:
        state = FormState.refused({"name": name, "email": email}, exc, viewer_of(request).translator)
        return _form(request, state, exc)
    return redirect(request, "/sign-up/sent")


@router.get("/sent")
def show_sent(request: Request, _open: Open) -> Response:
    """What to do now."""
    return render(request, "identity/sign_up_sent.html")


@router.get("/confirm")
def show_confirm(
    request: Request, _open: Open, session: SessionDep, clock: ClockDep, token: TokenQuery = ""
) -> Response:
    """The page behind the link: it asks for the password that was chosen."""
    row = sign_up.waiting(session, clock, token)
    return _confirm_form(request, FormState(), token, row.email)


def _confirm_form(
    request: Request, state: FormState, token: str, email: str, error: GuerdonError | None = None
) -> Response:
    context = {"state": state, "token": token, "email": email}
    return render(request, "identity/sign_up_confirm.html", context, *answer_of(error))


@router.post("/confirm")
def confirm(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    token: Token = "",
    password: Secret = "",
) -> Response:
    """Open the account and sign in."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    waiting = sign_up.waiting(session, clock, token)
    try:
        with attempt(session):
            user = sign_up.confirm(session, clock, token, password=password)
    except GuerdonError as exc:
        state = FormState.refused({}, exc, viewer_of(request).translator)
        return _confirm_form(request, state, token, waiting.email, exc)
    flash(request, msgid("Welcome, {name}."), name=user.name)
    return enter(request, session, clock, user=user, target="/")
