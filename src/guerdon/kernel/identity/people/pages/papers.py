"""One's own proof of identity."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import SignedIn
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.fields import SENEGAL, countries
from guerdon.kernel.identity.people.service import verifications
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/account/identity")

ID_TYPE_NAMES = {
    "national_id": msgid("Identity card"),
    "passport": msgid("Passport"),
    "birth_certificate": msgid("Birth certificate"),
}
PROOF_STATUS_NAMES = {
    "pending": msgid("Waits for review"),
    "approved": msgid("Confirmed"),
    "rejected": msgid("Not accepted"),
    "withdrawn": msgid("Taken back"),
    "expired": msgid("Expired"),
}


@router.get("")
def show_identity(request: Request, who: SignedIn, session: SessionDep) -> Response:
    """What was sent in, and the form."""
    return _page(request, who.user_id, session, FormState({"id_country": SENEGAL}))


def _page(request: Request, user_id: UUID, session: SessionDep, state: FormState, status: int = 200) -> Response:
    sent = verifications.of(session, user_id)
    context = {
        "sent": sent,
        "waits": any(each.status == "pending" for each in sent),
        "types": ID_TYPE_NAMES,
        "statuses": PROOF_STATUS_NAMES,
        "countries": countries(viewer_of(request).locale),
        "state": state,
    }
    return render(request, "people/identity.html", context, status)


@router.post("")
def submit(
    request: Request, who: SignedIn, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Send one in."""
    uploads = sent.files("document")
    content = uploads[0].file.read(verifications.DOCUMENT_BYTES_MAX + 1) if uploads else b""
    proof = verifications.Proof(sent.get("id_type", ""), sent.get("id_country", ""), sent.get("id_number", ""), content)
    try:
        with attempt(session):
            verifications.submit(session, clock, encryption.ring(), who.user_id, proof)
    except GuerdonError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _page(request, who.user_id, session, state, exc.status)
    flash(request, msgid("Thank you. A reviewer looks at it soon."))
    return redirect(request, "/account/identity")


@router.post("/{verification_id}/withdraw")
def withdraw(request: Request, verification_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Take one back."""
    verifications.withdraw(session, clock, who.user_id, verification_id)
    flash(request, msgid("It is taken back, and the document is deleted."))
    return redirect(request, "/account/identity")
