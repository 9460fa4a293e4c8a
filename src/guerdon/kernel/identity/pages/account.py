"""One's own account: name, language, zone, password, devices."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from guerdon.core.errors import GuerdonError, NotFoundError
from guerdon.http.access import InPerson, Principal
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, attempt
from guerdon.kernel.identity.service import accounts, fields, refresh, sessions, signing
from guerdon.kernel.identity.service.devices import device_name
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import LANGUAGES, msgid
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account")

Short = Annotated[Text, Form(max_length=254)]
Secret = Annotated[Text, Form(max_length=1000)]


@router.get("")
def show_account(request: Request, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """The account with its devices."""
    return _account_page(request, who, session, clock)


def _account_page(
    request: Request,
    who: Principal,
    session: SessionDep,
    clock: ClockDep,
    *,
    profile: FormState | None = None,
    password: FormState | None = None,
    status: int = 200,
) -> Response:
    user = accounts.get_account(session, who.user_id)
    values = {"name": user.name, "locale": user.locale.partition("-")[0], "time_zone": user.time_zone}
    context = {
        "user": user,
        "profile": profile or FormState(values),
        "password": password or FormState(),
        "locales": list(LANGUAGES.items()),
        "zones": [(zone, zone.replace("_", " ")) for zone in fields.time_zones()],
        "sessions": sessions.list_sessions(session, clock, who.user_id),
        "present_session_id": who.session_id,
        "apps": refresh.living(session, clock, who.user_id),
        "has_password": accounts.has_password(session, who.user_id),
        "device_name": device_name,
    }
    return render(request, "identity/account.html", context, status)


@router.post("")
def save_account(
    request: Request,
    who: InPerson,
    session: SessionDep,
    clock: ClockDep,
    name: Short = "",
    locale: Short = "",
    time_zone: Short = "",
) -> Response:
    """Change name, language and zone."""
    try:
        with attempt(session):
            accounts.update_account(session, clock, who.user_id, name=name, locale=locale, time_zone=time_zone)
    except GuerdonError as exc:
        values = {"name": name, "locale": locale, "time_zone": time_zone}
        refused = FormState.refused(values, exc, viewer_of(request).translator)
        return _account_page(request, who, session, clock, profile=refused, status=exc.status)
    flash(request, msgid("Your account is saved."))
    return redirect(request, "/account")


@router.post("/password")
def save_password(
    request: Request,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    present_password: Secret = "",
    new_password: Secret = "",
) -> Response:
    """Change the password and sign every other browser out."""
    signing.count_present(database, clock, who.user_id)
    try:
        with attempt(session):
            accounts.change_password(session, clock, who.user_id, present=present_password, new=new_password)
            sessions.sign_out_everywhere(session, clock, who.user_id, but=who.session_id)
    except GuerdonError as exc:
        refused = FormState.refused({}, exc, viewer_of(request).translator)
        return _account_page(request, who, session, clock, password=refused, status=exc.status)
    flash(request, msgid("Your password is changed; every other device is signed out."))
    return redirect(request, "/account")


@router.post("/sessions/{session_id}/end")
def end_one(request: Request, session_id: UUID, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """Sign one device out."""
    if not sessions.end_session(session, clock, who.user_id, session_id):
        raise NotFoundError(what="session")
    flash(request, msgid("The device is signed out."))
    return redirect(request, "/account")


@router.post("/sessions/end")
def end_all(request: Request, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """Sign every other device and program out."""
    sessions.sign_out_everywhere(session, clock, who.user_id, but=who.session_id)
    flash(request, msgid("Every other device is signed out."))
    return redirect(request, "/account")


@router.post("/apps/{family_id}/end")
def end_app(request: Request, family_id: UUID, who: InPerson, session: SessionDep, clock: ClockDep) -> Response:
    """Sign a program out that holds a refresh token."""
    if not refresh.revoke_family(session, clock, who.user_id, family_id):
        raise NotFoundError(what="session")
    flash(request, msgid("The program is signed out."))
    return redirect(request, "/account")


def save_locale(request: Request, language: str) -> None:
    """Keep the language that somebody chose at the foot of a page with their account, in a transaction of its own."""
    with request.app.state.database.aside() as session:
        user = accounts.get_account(session, request.state.principal.user_id, lock=True)
        user.locale = language
