"""Signing in with Google, Apple and Facebook, for programs that open the provider's page themselves.

As with linking (``providers.py``), the provider sends its answer to an address of the program's that the operator has
allowed, and the program hands it on with the ticket that it got at the beginning. What follows is what follows in a
browser: in, or up, or first a proof of one's address by a code.
"""

from typing import Any, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from guerdon.http.access import Open
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep
from guerdon.kernel.identity.api.issuing import first_tokens
from guerdon.kernel.identity.errors import CodeWrongError, RedirectUnknownError
from guerdon.kernel.identity.schemas import (
    AccessToken,
    AddressNamed,
    AddressProof,
    AddressWanted,
    ProviderBegun,
    ProviderReturn,
    ProviderStart,
)
from guerdon.kernel.identity.service import codes, elsewhere, fields, signing, tickets
from guerdon.kernel.identity.service.providers import Errand, Providers
from guerdon.kernel.identity.service.providers.protocol import new_errand
from guerdon.web.i18n import negotiate, negotiate_region

router = APIRouter(prefix="/tokens")

APP_SIGN_IN = "app-sign-in"
"""Tickets of programs that sign somebody in; those that link are of another kind."""
WANTED: dict[int | str, dict[str, Any]] = {
    202: {"model": AddressWanted, "description": "Somebody new, who has to prove an address first."}
}


@router.post("/providers/{provider}/begin", responses=problem_responses(404, 429))
def begin_sign_in(
    request: Request,
    provider: str,
    body: ProviderStart,
    _open: Open,
    database: DatabaseDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> ProviderBegun:
    """Where to send somebody who wants to sign in, and a ticket for what comes back; it is good for fifteen minutes."""
    signing.count_by_address(database, clock, signing.SIGN_IN_BY_ADDRESS)
    chosen = cast(Providers, request.app.state.providers).get(provider)
    if body.redirect_uri not in settings.app_redirect_uris:
        raise RedirectUnknownError(field="redirect_uri", problem="")
    errand = new_errand(provider, target=body.redirect_uri)
    ticket = tickets.seal(request.app.state.ticket_key, APP_SIGN_IN, clock, errand.as_dict())
    return ProviderBegun(authorization_url=chosen.authorization_url(errand, body.redirect_uri), ticket=ticket)


@router.post(
    "/providers/{provider}", response_model=AccessToken, responses={**WANTED, **problem_responses(401, 404, 409, 429)}
)
def issue_token_by_provider(
    request: Request,
    response: Response,
    provider: str,
    body: ProviderReturn,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> AccessToken | Response:
    """Exchange the provider's answer for tokens; who is new gets an account.

    Where the provider does not vouch for the address of somebody new, the answer is 202 with a ticket: let them prove
    one. An address that an account has opens nothing: its owner signs in to it and links.
    """
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    chosen = cast(Providers, request.app.state.providers).get(provider)
    begun = tickets.unseal(request.app.state.ticket_key, APP_SIGN_IN, clock, body.ticket)
    if begun is None or begun["provider"] != provider:
        raise chosen.refused()
    errand = Errand(**begun)
    identity = chosen.finish({"state": body.state, "code": body.code}, errand, errand.next, clock)
    locale = negotiate_region(request)
    arrived = elsewhere.arrive(session, clock, identity, locale=locale, time_zone=settings.time_zone)
    if arrived is None:
        ticket = elsewhere.vouch(request.app.state.ticket_key, clock, identity)
        wanted = AddressWanted(ticket=ticket, email=identity.email)
        return JSONResponse(wanted.model_dump(mode="json"), 202, headers={"Cache-Control": "no-store"})
    return first_tokens(request, response, session, clock, settings, arrived.user.id)


@router.post("/provider-address/code", status_code=202, responses=problem_responses(410, 429))
def send_address_code(
    request: Request, body: AddressNamed, _open: Open, database: DatabaseDep, session: SessionDep, clock: ClockDep
) -> None:
    """Have a code sent to the address of somebody new, whether or not it is an account's."""
    elsewhere.vouched(request.app.state.ticket_key, clock, body.ticket)
    elsewhere.send_code(database, session, clock, request.app.state.code_key, body.email, locale=negotiate(request))


@router.post("/provider-address", responses=problem_responses(409, 410, 429))
def issue_token_by_address(
    request: Request,
    response: Response,
    body: AddressProof,
    _open: Open,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    settings: SettingsDep,
) -> AccessToken:
    """Exchange the code for an account and its tokens."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    whom = elsewhere.vouched(request.app.state.ticket_key, clock, body.ticket)
    address = fields.clean_email(body.email)
    # In a transaction of its own: a wrong code counts though the request is refused.
    with database.transaction() as checking:
        right = codes.check(checking, clock, request.app.state.code_key, "provider_email", address, code=body.code)
    if not right:
        raise CodeWrongError(field="code", problem="")
    user = elsewhere.sign_up_proven(
        session, clock, whom, address, locale=negotiate_region(request), time_zone=settings.time_zone
    )
    return first_tokens(request, response, session, clock, settings, user.id)
