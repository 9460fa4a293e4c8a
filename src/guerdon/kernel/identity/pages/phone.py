"""Signing in, and up, by telephone: a number, a code, and for who is new a name."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import MaybeSignedIn, Open
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.errors import CodeWrongError, LinkInvalidError
from guerdon.kernel.identity.pages.entering import answer_of, enter
from guerdon.kernel.identity.service import accounts, codes, fields, signing, tickets
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid, negotiate
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/sign-in/phone")

Short = Annotated[Text, Form(max_length=254)]
Next = Annotated[str, Form(max_length=2000)]
Ticket = Annotated[Text, Form(max_length=tickets.LENGTH_MAX)]

PROVEN = "phone-proven"


@router.get("")
def show_phone(
    request: Request,
    who: MaybeSignedIn,
    next: Annotated[str, Query(max_length=2000)] = "/",  # noqa: A002 - in the address
) -> Response:
    """The form for the number."""
    return redirect(request, next) if who is not None else _phone_form(request, FormState(), next)


def _phone_form(request: Request, state: FormState, target: str, error: GuerdonError | None = None) -> Response:
    context = {"state": state, "next": local_path(target)}
    return render(request, "identity/phone.html", context, *answer_of(error))


@router.post("")
def send_code(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    phone: Short = "",
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Send a code, whether or not the number is an account's."""
    try:
        number = fields.clean_phone(phone, settings.phone_region)
        signing.count_message(database, clock, number)
        key = request.app.state.code_key
        signing.send_code(session, clock, key, "sign_in", number, locale=negotiate(request))
    except GuerdonError as exc:
        state = FormState.refused({"phone": phone}, exc, viewer_of(request).translator)
        return _phone_form(request, state, next, exc)
    return _code_form(request, FormState(), number, next)


def _code_form(
    request: Request, state: FormState, phone: str, target: str, error: GuerdonError | None = None
) -> Response:
    context = {"state": state, "phone": phone, "next": local_path(target)}
    return render(request, "identity/phone_code.html", context, *answer_of(error))


@router.post("/code")
def check_code(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    phone: Short = "",
    code: Short = "",
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Sign in, or ask who is new for a name. A wrong code counts: the transaction is committed."""
    try:
        signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
        if not codes.check(session, clock, request.app.state.code_key, "sign_in", phone, code=code):
            raise CodeWrongError(field="code", problem="")
        user = signing.enter_by_phone(session, clock, phone)
    except GuerdonError as exc:
        state = FormState.refused({}, exc, viewer_of(request).translator)
        return _code_form(request, state, phone, next, exc)
    if user is not None:
        return enter(request, session, clock, user=user, target=next)
    ticket = tickets.seal(request.app.state.ticket_key, PROVEN, clock, {"phone": phone})
    return _name_form(request, FormState(), ticket, next)


def _name_form(
    request: Request, state: FormState, ticket: str, target: str, error: GuerdonError | None = None
) -> Response:
    context = {"state": state, "ticket": ticket, "next": local_path(target)}
    return render(request, "identity/phone_name.html", context, *answer_of(error))


@router.post("/name")
def open_account(
    request: Request,
    _open: Open,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    ticket: Ticket = "",
    name: Short = "",
    next: Next = "/",  # noqa: A002 - the name of the field
) -> Response:
    """Open an account for who has proven a number that has none."""
    proven = tickets.unseal(request.app.state.ticket_key, PROVEN, clock, ticket)
    if proven is None:
        raise LinkInvalidError
    try:
        with attempt(session):
            user = accounts.open_proven(
                session,
                clock,
                name=name,
                provider="phone",
                phone=proven["phone"],
                locale=negotiate(request),
                time_zone=settings.time_zone,
            )
    except GuerdonError as exc:
        state = FormState.refused({"name": name}, exc, viewer_of(request).translator)
        return _name_form(request, state, ticket, next, exc)
    flash(request, msgid("Welcome, {name}."), name=user.name)
    return enter(request, session, clock, user=user, target=next)
