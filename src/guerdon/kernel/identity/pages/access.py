"""How one signs in: address, number, linked accounts; and closing the account."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import InPerson, Principal
from guerdon.http.cookies import clear_session_cookie
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.errors import ClosingNotConfirmedError, CodeWrongError
from guerdon.kernel.identity.pages.entering import answer_of
from guerdon.kernel.identity.service import accounts, closing, contacts, linking, signing
from guerdon.kernel.identity.service.providers import LABELS
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account")

Short = Annotated[Text, Form(max_length=254)]
Secret = Annotated[Text, Form(max_length=1000)]
Token = Annotated[Text, Form(max_length=200)]

HERE = "/account/access"


@router.get("/access")
def show_access(request: Request, who: InPerson, session: SessionDep) -> Response:
    """All ways in."""
    return _page(request, who, session)


def _page(
    request: Request,
    who: Principal,
    session: SessionDep,
    *,
    email: FormState | None = None,
    phone: FormState | None = None,
    closing_form: FormState | None = None,
    error: GuerdonError | None = None,
) -> Response:
    user = accounts.get_account(session, who.user_id)
    present = {each.provider: each for each in linking.linked(session, user.id)}
    names = sorted({*present, *request.app.state.providers})
    context = {
        "user": user,
        "email": email or FormState({"email": user.email or ""}),
        "phone": phone or FormState({"phone": user.phone or ""}),
        "closing": closing_form or FormState(),
        "has_password": accounts.has_password(session, user.id),
        "providers": [{"name": name, "label": LABELS[name], "link": present.get(name)} for name in names],
        "offered": set(request.app.state.providers),
    }
    return render(request, "identity/access.html", context, *answer_of(error))


def _refused(request: Request, values: dict[str, str], error: GuerdonError) -> FormState:
    return FormState.refused(values, error, viewer_of(request).translator)


@router.post("/email")
def change_email(
    request: Request,
    who: InPerson,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    database: DatabaseDep,
    email: Short = "",
    present_password: Secret = "",
) -> Response:
    """Have a link sent to a new address."""
    try:
        signing.count_present(database, clock, who.user_id)
        signing.count_message(database, clock, email)
        with attempt(session):
            user = accounts.get_account(session, who.user_id)
            contacts.begin_email(session, clock, user, email=email, present_password=present_password)
    except GuerdonError as exc:
        return _page(request, who, session, email=_refused(request, {"email": email}, exc), error=exc)
    flash(request, msgid("A message is on its way to the new address. Follow the link in it."))
    return redirect(request, HERE)


@router.get("/email/confirm")
def show_confirm(request: Request, _who: InPerson, token: Annotated[Text, Query(max_length=200)] = "") -> Response:
    """The page behind the link."""
    return render(request, "identity/email_confirm.html", {"token": token})


@router.post("/email/confirm")
def confirm_email(request: Request, who: InPerson, session: SessionDep, clock: ClockDep, token: Token = "") -> Response:
    """Use the new address from now on."""
    contacts.confirm_email(session, clock, who.user_id, token)
    flash(request, msgid("Your address is confirmed."))
    return redirect(request, HERE)


@router.post("/phone")
def change_phone(
    request: Request,
    who: InPerson,
    session: SessionDep,
    clock: ClockDep,
    database: DatabaseDep,
    settings: SettingsDep,
    phone: Short = "",
    phone_password: Secret = "",
) -> Response:
    """Have a code sent to a new number."""
    try:
        signing.count_present(database, clock, who.user_id)
        signing.count_message(database, clock, phone)
        with attempt(session):
            accounts.confirm_present(session, who.user_id, phone_password, field="phone_password")
            user = accounts.get_account(session, who.user_id)
            key = request.app.state.code_key
            number = contacts.begin_phone(session, clock, key, user, phone=phone, region=settings.phone_region)
    except GuerdonError as exc:
        return _page(request, who, session, phone=_refused(request, {"phone": phone}, exc), error=exc)
    return _code_form(request, FormState(), number)


def _code_form(request: Request, state: FormState, phone: str, error: GuerdonError | None = None) -> Response:
    return render(request, "identity/phone_change.html", {"state": state, "phone": phone}, *answer_of(error))


@router.post("/phone/code")
def confirm_phone(
    request: Request, who: InPerson, session: SessionDep, clock: ClockDep, phone: Short = "", code: Short = ""
) -> Response:
    """Use the new number from now on. A wrong code counts: the transaction is committed."""
    user = accounts.get_account(session, who.user_id, lock=True)
    try:
        if not contacts.phone_proven(session, clock, request.app.state.code_key, user, phone=phone, code=code):
            raise CodeWrongError(field="code", problem="")
        with attempt(session):
            contacts.set_phone(session, clock, user, phone)
    except GuerdonError as exc:
        return _code_form(request, _refused(request, {}, exc), phone, exc)
    flash(request, msgid("Your telephone number is confirmed."))
    return redirect(request, HERE)


@router.post("/phone/remove")
def remove_phone(request: Request, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """Forget the number."""
    user = accounts.get_account(session, who.user_id, lock=True)
    other = linking.ways_in(session, user) - {"phone"}
    contacts.remove_phone(session, clock, user, other_ways=len(other))
    flash(request, msgid("Your telephone number is removed."))
    return redirect(request, HERE)


@router.post("/access/unlink/{provider}")
def unlink(request: Request, provider: str, who: InPerson, session: SessionDep) -> Response:
    """Unlink an account elsewhere; never the last way in."""
    linking.unlink(session, who.user_id, provider)
    flash(request, msgid("{provider} is no longer linked."), provider=LABELS[provider])
    return redirect(request, HERE)


@router.post("/close")
def close(
    request: Request,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    close_password: Secret = "",
    understood: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Close one's account and sign out."""
    try:
        signing.count_present(database, clock, who.user_id)
        with attempt(session):
            accounts.confirm_present(session, who.user_id, close_password, field="close_password")
            if understood != "yes":
                raise ClosingNotConfirmedError(field="understood", problem="")
            closing.close_account(session, clock, who.user_id, actor_id=who.user_id, reason="by the owner")
    except GuerdonError as exc:
        return _page(request, who, session, closing_form=_refused(request, {}, exc), error=exc)
    response = redirect(request, "/sign-in")
    clear_session_cookie(response, settings)
    return response
