"""One's own addresses."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import SignedIn
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.people.fields import REGIONS, SENEGAL, countries
from guerdon.kernel.identity.people.models import UserAddress
from guerdon.kernel.identity.people.service import addresses
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account/addresses")

TYPE_NAMES = {"primary": msgid("Home"), "billing": msgid("Billing"), "delivery": msgid("Delivery")}
PARTS = ("street_address", "city", "region", "country", "postal_code")


@router.get("")
def show_addresses(request: Request, who: SignedIn, session: SessionDep) -> Response:
    """The list, and the form for another one."""
    return _list(request, who.user_id, session, FormState({"country": SENEGAL}))


def _list(request: Request, user_id: UUID, session: SessionDep, state: FormState, status: int = 200) -> Response:
    context = {**_common(request), "addresses": addresses.of(session, user_id), "state": state}
    return render(request, "people/addresses.html", context, status)


def _common(request: Request) -> dict[str, object]:
    known = countries(viewer_of(request).locale)
    return {"types": TYPE_NAMES, "countries": known, "country_names": dict(known), "regions": REGIONS[SENEGAL]}


def _given(sent: Sent) -> addresses.AddressGiven:
    parts = {name: sent[name] for name in PARTS if name in sent}
    return addresses.AddressGiven(
        type=sent.get("type", "primary"), is_default="is_default" in sent, **{"country": "", **parts}
    )


@router.post("")
def add_address(
    request: Request, who: SignedIn, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Keep another one."""
    try:
        with attempt(session):
            addresses.add(session, clock, who.user_id, _given(sent))
    except GuerdonError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _list(request, who.user_id, session, state, exc.status)
    flash(request, msgid("The address is saved."))
    return redirect(request, "/account/addresses")


@router.get("/{address_id}")
def show_address(request: Request, address_id: UUID, who: SignedIn, session: SessionDep) -> Response:
    """The form of one."""
    address = addresses.get(session, who.user_id, address_id)
    values = {name: getattr(address, name) for name in (*PARTS, "type")}
    return _form(request, address, FormState({**values, "is_default": "yes" if address.is_default else ""}))


def _form(request: Request, address: UserAddress, state: FormState, status: int = 200) -> Response:
    return render(request, "people/address.html", {**_common(request), "address": address, "state": state}, status)


@router.post("/{address_id}")
def change_address(request: Request, address_id: UUID, who: SignedIn, session: SessionDep, sent: SentForm) -> Response:
    """Change it."""
    address = addresses.get(session, who.user_id, address_id)
    try:
        with attempt(session):
            addresses.change(session, who.user_id, address_id, _given(sent))
    except GuerdonError as exc:
        return _form(request, address, FormState.refused(sent, exc, viewer_of(request).translator), exc.status)
    flash(request, msgid("The address is saved."))
    return redirect(request, "/account/addresses")


@router.post("/{address_id}/remove")
def remove_address(request: Request, address_id: UUID, who: SignedIn, session: SessionDep) -> Response:
    """Delete it."""
    addresses.remove(session, who.user_id, address_id)
    flash(request, msgid("The address is deleted."))
    return redirect(request, "/account/addresses")
