"""Forgotten passwords."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Open
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.errors import CodeWrongError
from guerdon.kernel.identity.pages.entering import answer_of
from guerdon.kernel.identity.passwords import check_policy
from guerdon.kernel.identity.service import accounts, codes, fields, recovery, signing
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid, negotiate
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/password")

Short = Annotated[Text, Form(max_length=254)]
Secret = Annotated[Text, Form(max_length=1000)]


@router.get("/forgotten")
def show_forgotten(request: Request, _open: Open) -> Response:
    """The form for address or number."""
    return _forgotten_form(request, FormState())


def _forgotten_form(request: Request, state: FormState, error: GuerdonError | None = None) -> Response:
    return render(request, "identity/forgotten.html", {"state": state}, *answer_of(error))


@router.post("/forgotten")
def begin(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    contact: Short = "",
) -> Response:
    """Have a link or a code sent; the answer is the same whether or not there is an account."""
    try:
        if "@" in contact:
            address = fields.clean_email(contact, field="contact")
            signing.count_message(database, clock, address)
            recovery.begin(session, address)
            return redirect(request, "/password/sent")
        number = fields.clean_phone(contact, settings.phone_region, field="contact")
        signing.count_message(database, clock, number)
        key = request.app.state.code_key
        signing.send_code(session, clock, key, "password_reset", number, locale=negotiate(request))
    except GuerdonError as exc:
        state = FormState.refused({"contact": contact}, exc, viewer_of(request).translator)
        return _forgotten_form(request, state, exc)
    return _phone_form(request, FormState(), number)


@router.get("/sent")
def show_sent(request: Request, _open: Open) -> Response:
    """What to do now."""
    return render(request, "identity/forgotten_sent.html")


def _phone_form(request: Request, state: FormState, phone: str, error: GuerdonError | None = None) -> Response:
    return render(request, "identity/reset_phone.html", {"state": state, "phone": phone}, *answer_of(error))


@router.post("/reset/phone")
def reset_by_phone(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    phone: Short = "",
    code: Short = "",
    new_password: Secret = "",
) -> Response:
    """Set the new password of who has the code. A number without an account gets the answer of a wrong code."""
    try:
        signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
        # Before the code is used up on a password that would be refused.
        check_policy(new_password, field="new_password")
        right = codes.check(session, clock, request.app.state.code_key, "password_reset", phone, code=code)
        user = accounts.find_by_phone(session, phone) if right else None
        if user is None or not user.is_active:
            raise CodeWrongError(field="code", problem="")
        with attempt(session):
            recovery.reset_by_phone(session, clock, user, new_password=new_password)
    except GuerdonError as exc:
        return _phone_form(request, FormState.refused({}, exc, viewer_of(request).translator), phone, exc)
    return _done(request)


@router.get("/reset")
def show_reset(
    request: Request,
    _open: Open,
    session: SessionDep,
    clock: ClockDep,
    token: Annotated[Text, Query(max_length=200)] = "",
) -> Response:
    """The page behind the link."""
    recovery.find(session, clock, token)
    return _reset_form(request, FormState(), token)


def _reset_form(request: Request, state: FormState, token: str, error: GuerdonError | None = None) -> Response:
    return render(request, "identity/reset.html", {"state": state, "token": token}, *answer_of(error))


@router.post("/reset")
def reset_by_link(
    request: Request,
    _open: Open,
    session: SessionDep,
    clock: ClockDep,
    token: Annotated[Text, Form(max_length=200)] = "",
    new_password: Secret = "",
) -> Response:
    """Set the new password of who has the link."""
    recovery.find(session, clock, token)
    try:
        with attempt(session):
            recovery.reset_by_link(session, clock, token, new_password=new_password)
    except GuerdonError as exc:
        return _reset_form(request, FormState.refused({}, exc, viewer_of(request).translator), token, exc)
    return _done(request)


def _done(request: Request) -> Response:
    flash(request, msgid("Your password is changed, and every device is signed out. Sign in with the new one."))
    return redirect(request, "/sign-in")
