"""Signing in, up and linking through Google, Apple and Facebook."""

from typing import Annotated, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import InPerson, MaybeSignedIn, Open, Principal, arriving
from guerdon.http.cookies import clear_errand_cookie, errand_cookie, set_errand_cookie
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep, attempt
from guerdon.kernel.identity.errors import CodeWrongError
from guerdon.kernel.identity.pages.entering import answer_of, enter
from guerdon.kernel.identity.service import accounts, codes, elsewhere, linking, signing, tickets
from guerdon.kernel.identity.service.providers import LABELS, Errand, Identity, Provider, Providers
from guerdon.kernel.identity.service.providers.protocol import new_errand
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid, negotiate, negotiate_region
from guerdon.web.redirects import local_path
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter()

Short = Annotated[Text, Form(max_length=254)]
Ticket = Annotated[Text, Form(max_length=tickets.LENGTH_MAX)]
Query2000 = Annotated[str, Query(max_length=2000)]

ERRAND = "errand"


def _provider(request: Request, name: str) -> Provider:
    return cast(Providers, request.app.state.providers).get(name)


def _callback(settings: SettingsDep, name: str) -> str:
    return f"{settings.base_url}/sign-in/with/{name}/callback"


def _leave(request: Request, settings: SettingsDep, clock: ClockDep, errand: Errand) -> Response:
    provider = _provider(request, errand.provider)
    url = provider.authorization_url(errand, _callback(settings, errand.provider))
    response = Response(status_code=303, headers={"location": url, "cache-control": "no-store"})
    ticket = tickets.seal(request.app.state.ticket_key, ERRAND, clock, errand.as_dict())
    set_errand_cookie(response, settings, ticket, int(tickets.LIFE.total_seconds()))
    return response


@router.get("/sign-in/with/{name}")
def leave_to_sign_in(
    request: Request,
    name: str,
    _open: Open,
    settings: SettingsDep,
    clock: ClockDep,
    next: Query2000 = "/",  # noqa: A002 - in the address
) -> Response:
    """Off to the provider. A link and no form, since our pages' forms may lead to our pages only."""
    return _leave(request, settings, clock, new_errand(name, target=local_path(next)))


@router.get("/account/access/link/{name}")
def leave_to_link(request: Request, name: str, who: InPerson, settings: SettingsDep, clock: ClockDep) -> Response:
    """Off to the provider, to link what one has there."""
    return _leave(request, settings, clock, new_errand(name, target="/account/access", user_id=str(who.user_id)))


@router.post("/sign-in/with/{name}/callback")
async def arrive_by_form(request: Request, name: str, _open: Annotated[None, Depends(arriving())]) -> Response:
    """Apple's page posts what others put into the address; a redirect of ours brings the cookies along."""
    form = await request.form()
    kept = {field: str(form.get(field) or "")[:2000] for field in ("state", "code", "error")}
    return Response(status_code=303, headers={"location": f"/sign-in/with/{name}/callback?{urlencode(kept)}"})


@router.get("/sign-in/with/{name}/callback")
def arrive(
    request: Request,
    name: str,
    who: MaybeSignedIn,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    state: Query2000 = "",
    code: Query2000 = "",
) -> Response:
    """Back from the provider: in, up, or linked."""
    provider = _provider(request, name)
    brought = tickets.unseal(request.app.state.ticket_key, ERRAND, clock, errand_cookie(request) or "")
    try:
        if brought is None or brought["provider"] != name:
            raise provider.refused()
        errand = Errand(**brought)
        signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
        identity = provider.finish({"state": state, "code": code}, errand, _callback(settings, name), clock)
        with attempt(session):
            response = _settle(request, who, session, clock, settings, errand=errand, identity=identity)
    except GuerdonError as exc:
        message, remedy = viewer_of(request).translator.translate_error(exc)
        context = {"problem": message, "remedy": remedy, "signed_in": who is not None}
        response = render(request, "identity/provider_refused.html", context, *answer_of(exc))
    clear_errand_cookie(response, settings)
    return response


def _settle(
    request: Request,
    who: Principal | None,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    *,
    errand: Errand,
    identity: Identity,
) -> Response:
    if errand.user_id:
        if who is None or str(who.user_id) != errand.user_id:
            raise _provider(request, errand.provider).refused()
        linking.link(session, clock, accounts.get_account(session, who.user_id), identity)
        flash(request, msgid("{provider} is linked."), provider=LABELS[identity.provider])
        return redirect(request, "/account/access")
    arrived = elsewhere.arrive(session, clock, identity, locale=negotiate_region(request), time_zone=settings.time_zone)
    if arrived is None:
        ticket = elsewhere.vouch(request.app.state.ticket_key, clock, identity, target=errand.next)
        return _address_form(request, FormState({"email": identity.email or ""}), ticket)
    if arrived.is_new:
        flash(request, msgid("Welcome, {name}."), name=arrived.user.name)
    return enter(request, session, clock, user=arrived.user, target=errand.next)


def _address_form(request: Request, state: FormState, ticket: str, error: GuerdonError | None = None) -> Response:
    context = {"state": state, "ticket": ticket}
    return render(request, "identity/provider_address.html", context, *answer_of(error))


@router.post("/sign-up/address")
def send_code(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    ticket: Ticket = "",
    email: Short = "",
) -> Response:
    """Send a code to the address that somebody names whose provider vouches for none."""
    elsewhere.vouched(request.app.state.ticket_key, clock, ticket)
    try:
        key = request.app.state.code_key
        address = elsewhere.send_code(database, session, clock, key, email, locale=negotiate(request))
    except GuerdonError as exc:
        return _address_form(
            request, FormState.refused({"email": email}, exc, viewer_of(request).translator), ticket, exc
        )
    return _code_form(request, FormState(), ticket, address)


def _code_form(
    request: Request, state: FormState, ticket: str, email: str, error: GuerdonError | None = None
) -> Response:
    context = {"state": state, "ticket": ticket, "email": email}
    return render(request, "identity/provider_code.html", context, *answer_of(error))


@router.post("/sign-up/address/code")
def check_code(
    request: Request,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
    ticket: Ticket = "",
    email: Short = "",
    code: Short = "",
) -> Response:
    """Open the account. A wrong code counts: the transaction is committed."""
    whom = elsewhere.vouched(request.app.state.ticket_key, clock, ticket)
    try:
        signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
        if not codes.check(session, clock, request.app.state.code_key, "provider_email", email, code=code):
            raise CodeWrongError(field="code", problem="")
        with attempt(session):
            user = elsewhere.sign_up_proven(
                session, clock, whom, email, locale=negotiate_region(request), time_zone=settings.time_zone
            )
    except GuerdonError as exc:
        state = FormState.refused({}, exc, viewer_of(request).translator)
        return _code_form(request, state, ticket, email, exc)
    flash(request, msgid("Welcome, {name}."), name=user.name)
    return enter(request, session, clock, user=user, target=whom.next)
