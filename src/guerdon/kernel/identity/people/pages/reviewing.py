"""For staff: guardians that need a look, birth dates, identity papers, accounts that wait to be erased."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.api.verifications import document_response
from guerdon.kernel.identity.people.errors import ReasonNeededError
from guerdon.kernel.identity.people.fields import countries
from guerdon.kernel.identity.people.pages.family import RELATIONSHIP_NAMES, STATUS_NAMES
from guerdon.kernel.identity.people.pages.papers import ID_TYPE_NAMES, PROOF_STATUS_NAMES
from guerdon.kernel.identity.people.service import erasures, guardians, profiles, verifications
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff")

Guard = Annotated[Principal, Depends(requires("identity:guard"))]
Reviewer = Annotated[Principal, Depends(requires("identity:verify"))]
Eraser = Annotated[Principal, Depends(requires("identity:erase"))]
FAULT_NAMES = {
    "guardian_unsuitable": msgid("The guardian is closed, suspended or not known to be an adult"),
    "age_unknown": msgid("The birth date of the minor is not known"),
}


def _reason(sent: Sent) -> str:
    reason = sent.get("reason", "")[:500]
    if len(reason) < 3:
        raise ReasonNeededError(field="reason", problem="")
    return reason


@router.get("/guardians")
def show_guardians(request: Request, who: Guard, session: SessionDep, clock: ClockDep) -> Response:
    """What the nightly check found, and minors for whom nobody answers."""
    return _guardians_page(request, who, session, clock, FormState())


def _guardians_page(
    request: Request, who: Principal, session: SessionDep, clock: ClockDep, state: FormState, *, status: int = 200
) -> Response:
    context = {
        "rows": guardians.at_fault(session),
        "alone": guardians.minors_without(session, clock, actor_id=who.user_id),
        "relationships": RELATIONSHIP_NAMES,
        "statuses": STATUS_NAMES,
        "faults": FAULT_NAMES,
        "state": state,
    }
    return render(request, "people/guardians.html", context, status)


@router.post("/guardians/{guardianship_id}/end")
def end_guardianship(
    request: Request, guardianship_id: UUID, who: Guard, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """End one."""
    try:
        with attempt(session):
            guardians.end_as_staff(session, clock, guardianship_id, actor_id=who.user_id, reason=_reason(sent))
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _guardians_page(request, who, session, clock, state, status=exc.status)
    flash(request, msgid("The guardianship is ended."))
    return redirect(request, "/staff/guardians")


@router.get("/birth-dates/{user_id}")
def show_birth_date(request: Request, user_id: UUID, who: Guard, session: SessionDep) -> Response:
    """The form to correct a birth date; the look is on record."""
    profile = profiles.see_birth_date(session, user_id, actor_id=who.user_id)
    born = profile.date_of_birth.isoformat() if profile.date_of_birth else ""
    return render(request, "people/birth_date.html", {"profile": profile, "state": FormState({"date_of_birth": born})})


@router.post("/birth-dates/{user_id}")
def correct_birth_date(
    request: Request, user_id: UUID, who: Guard, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Correct it."""
    try:
        with attempt(session):
            profiles.correct_birth_date(
                session, clock, user_id, sent.get("date_of_birth", ""), actor_id=who.user_id, reason=_reason(sent)
            )
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        context = {"profile": profiles.get(session, user_id), "state": state}
        return render(request, "people/birth_date.html", context, exc.status)
    flash(request, msgid("The birth date is corrected."))
    return redirect(request, "/staff/guardians")


@router.get("/identity")
def show_queue(request: Request, _who: Reviewer, session: SessionDep) -> Response:
    """Papers that wait."""
    context = {
        "rows": verifications.queue(session),
        "types": ID_TYPE_NAMES,
        "country_names": dict(countries(viewer_of(request).locale)),
    }
    return render(request, "people/papers.html", context)


@router.get("/identity/{verification_id}")
def show_paper(request: Request, verification_id: UUID, who: Reviewer, session: SessionDep) -> Response:
    """One paper, with its number; the look is on record."""
    return _paper_page(request, who, session, verification_id, FormState())


def _paper_page(
    request: Request, who: Principal, session: SessionDep, verification_id: UUID, state: FormState, *, status: int = 200
) -> Response:
    seen = verifications.look(session, encryption.ring(), who.user_id, verification_id)
    context = {
        "seen": seen,
        "sent": seen.verification,
        "own": seen.verification.user_id == who.user_id,
        "types": ID_TYPE_NAMES,
        "statuses": PROOF_STATUS_NAMES,
        "country_names": dict(countries(viewer_of(request).locale)),
        "state": state,
    }
    return render(request, "people/paper.html", context, status)


@router.get("/identity/{verification_id}/document")
def show_document(verification_id: UUID, who: Reviewer, session: SessionDep) -> Response:
    """Its document; the look is on record."""
    return document_response(session, who, verification_id)


@router.post("/identity/{verification_id}")
def decide(
    request: Request, verification_id: UUID, who: Reviewer, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Approve or reject it."""
    approve = sent.get("decision") == "approve"
    try:
        with attempt(session):
            if approve:
                verifications.approve(session, clock, encryption.ring(), who.user_id, verification_id)
            else:
                verifications.reject(session, clock, who.user_id, verification_id, reason=_reason(sent))
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _paper_page(request, who, session, verification_id, state, status=exc.status)
    flash(request, msgid("Confirmed.") if approve else msgid("Not accepted; the member reads why."))
    return redirect(request, "/staff/identity")


@router.get("/erasures")
def show_erasures(request: Request, _who: Eraser, session: SessionDep) -> Response:
    """Accounts that wait to be erased."""
    return render(request, "people/erasures.html", {"rows": erasures.all_waiting(session)})
