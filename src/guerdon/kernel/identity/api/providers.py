"""Linking accounts at Google, Apple and Facebook for programs that open the provider's page themselves.

The provider sends its answer to an address of the program's, such as ``org.example.app:/linked``, which the operator
has allowed (``GUERDON_APP_REDIRECT_URIS``) and entered at the provider. The program hands on what came, with the ticket
that it got at the beginning: so an answer counts only for who began, and nobody is linked by following somebody else's
link.
"""

from typing import cast

from fastapi import APIRouter, Request

from guerdon.http.access import InPerson
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, SettingsDep
from guerdon.kernel.identity.errors import RedirectUnknownError
from guerdon.kernel.identity.schemas import LinkedAccount, ProviderBegun, ProviderReturn, ProviderStart
from guerdon.kernel.identity.service import accounts, linking, signing, tickets
from guerdon.kernel.identity.service.providers import Errand, Providers
from guerdon.kernel.identity.service.providers.protocol import new_errand

router = APIRouter(prefix="/linked-accounts")

APP_ERRAND = "app-errand"


@router.get("")
def list_linked(who: InPerson, session: SessionDep) -> list[LinkedAccount]:
    """The accounts elsewhere with which one signs in."""
    return [LinkedAccount.model_validate(each) for each in linking.linked(session, who.user_id)]


@router.post("/{provider}/begin", responses=problem_responses(404))
def begin_linking(
    request: Request, provider: str, body: ProviderStart, who: InPerson, clock: ClockDep, settings: SettingsDep
) -> ProviderBegun:
    """Where to send the member, and a ticket for what comes back; it is good for fifteen minutes."""
    if body.redirect_uri not in settings.app_redirect_uris:
        raise RedirectUnknownError(field="redirect_uri", problem="")
    chosen = cast(Providers, request.app.state.providers).get(provider)
    errand = new_errand(provider, target=body.redirect_uri, user_id=str(who.user_id))
    ticket = tickets.seal(request.app.state.ticket_key, APP_ERRAND, clock, errand.as_dict())
    return ProviderBegun(authorization_url=chosen.authorization_url(errand, body.redirect_uri), ticket=ticket)


@router.post("/{provider}", status_code=201, responses=problem_responses(404, 409, 429))
def link(
    request: Request,
    provider: str,
    body: ProviderReturn,
    who: InPerson,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
) -> LinkedAccount:
    """Link the account that the provider's answer proves. The provider lets each answer count once."""
    signing.count_by_address(database, clock, signing.PROOFS_BY_ADDRESS)
    chosen = cast(Providers, request.app.state.providers).get(provider)
    begun = tickets.unseal(request.app.state.ticket_key, APP_ERRAND, clock, body.ticket)
    if begun is None or begun["provider"] != provider or begun["user_id"] != str(who.user_id):
        raise chosen.refused()
    errand = Errand(**begun)
    identity = chosen.finish({"state": body.state, "code": body.code}, errand, errand.next, clock)
    linking.link(session, clock, accounts.get_account(session, who.user_id), identity)
    return next(
        LinkedAccount.model_validate(each) for each in linking.linked(session, who.user_id) if each.provider == provider
    )


@router.delete("/{provider}", status_code=204, responses=problem_responses(404, 409))
def unlink(provider: str, who: InPerson, session: SessionDep) -> None:
    """Unlink one; never the last way in."""
    linking.unlink(session, who.user_id, provider)
