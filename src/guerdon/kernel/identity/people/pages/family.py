"""Guardians, from both sides: a minor asks, an adult answers."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.http.access import SignedIn
from guerdon.http.errors import RateLimitedError
from guerdon.http.limits import spend
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, attempt
from guerdon.kernel.identity.people.service import guardians, profiles
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account/family")

RELATIONSHIP_NAMES = {
    "parent": msgid("Parent"),
    "guardian": msgid("Legal guardian"),
    "grandparent": msgid("Grandparent"),
    "aunt_uncle": msgid("Aunt or uncle"),
    "sibling": msgid("Adult brother or sister"),
    "foster_parent": msgid("Foster parent"),
}
STATUS_NAMES = {
    "requested": msgid("Waiting for an answer"),
    "consented": msgid("In force"),
    "refused": msgid("Declined"),
    "withdrawn": msgid("Taken back"),
    "revoked": msgid("Ended by the guardian"),
    "ended": msgid("Ended"),
}
_ANSWERS = {
    "consent": msgid("You answer for {name} now."),
    "refuse": msgid("You declined to answer for {name}."),
    "revoke": msgid("You no longer answer for {name}."),
    "withdraw": msgid("The request is taken back."),
}


@router.get("")
def show_family(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Who answers for whom."""
    return _page(request, who.user_id, session, clock, FormState())


def _page(
    request: Request, user_id: UUID, session: SessionDep, clock: Clock, state: FormState, *, status: int = 200
) -> Response:
    profile = profiles.get(session, user_id)
    rows = guardians.of(session, user_id)
    mine = [row for row in rows if row[0].minor_id == user_id]
    context = {
        "profile": profile,
        "minor": profiles.minor(profile, clock),
        "mine": mine,
        "present": next((row for row in mine if row[0].status in guardians.LIVE), None),
        "wards": [row for row in rows if row[0].guardian_id == user_id],
        "relationships": RELATIONSHIP_NAMES,
        "statuses": STATUS_NAMES,
        "state": state,
    }
    return render(request, "people/family.html", context, status)


@router.get("/{guardianship_id}")
def show_ward(request: Request, guardianship_id: UUID, who: SignedIn, session: SessionDep) -> Response:
    """Somebody for whom one answers; the look is on record."""
    ward = guardians.see_ward(session, who.user_id, guardianship_id)
    row = next(row for row in guardians.of(session, who.user_id) if row[0].id == guardianship_id)
    context = {"ward": ward, "guardianship": row[0], "relationships": RELATIONSHIP_NAMES}
    return render(request, "people/ward.html", context)


@router.post("")
def ask(
    request: Request,
    who: SignedIn,
    _once: SentOnce,
    database: DatabaseDep,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Ask an adult."""
    try:
        spend(database, clock, guardians.REQUESTS, str(who.user_id))
        with attempt(session):
            guardians.request(
                session,
                clock,
                who.user_id,
                guardian_email=sent.get("guardian_email", ""),
                relationship=sent.get("relationship_type", ""),
            )
    except RateLimitedError:
        raise
    except GuerdonError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _page(request, who.user_id, session, clock, state, status=exc.status)
    flash(request, msgid("Your request waits for an answer; they find it under Family in their own account."))
    return redirect(request, "/account/family")


@router.post("/{guardianship_id}/{act}")
def answer(
    request: Request,
    guardianship_id: UUID,
    act: Literal["consent", "refuse", "revoke", "withdraw"],
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Answer a request, end a guardianship, or take a request back."""
    name = next((row.minor_name for row in guardians.of(session, who.user_id) if row[0].id == guardianship_id), "")
    try:
        with attempt(session):
            match act:
                case "consent":
                    guardians.consent(session, clock, who.user_id, guardianship_id)
                case "refuse":
                    guardians.refuse(session, clock, who.user_id, guardianship_id)
                case "revoke":
                    guardians.revoke(session, clock, who.user_id, guardianship_id, reason=sent.get("reason", ""))
                case "withdraw":
                    guardians.withdraw(session, clock, who.user_id, guardianship_id)
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        message, remedy = viewer_of(request).translator.translate_error(exc)
        flash(request, "{text}", "danger", text=f"{message} {remedy}")
        return redirect(request, "/account/family")
    flash(request, _ANSWERS[act], name=name)
    return redirect(request, "/account/family")
