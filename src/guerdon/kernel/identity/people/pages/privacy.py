"""One's own data: what one agreed to, a copy of everything, leaving."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from guerdon.core.errors import GuerdonError
from guerdon.http.access import SignedIn
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.people.api.privacy import archive_response
from guerdon.kernel.identity.people.jobs import MAKE_EXPORT
from guerdon.kernel.identity.people.service import consents, erasures, exports
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of
from guerdon.worker.queue import enqueue

router = APIRouter(prefix="/account/privacy")

EXPORT_STATUS_NAMES = {
    "queued": msgid("Being made"),
    "ready": msgid("Ready to fetch"),
    "fetched": msgid("Fetched"),
    "expired": msgid("Expired"),
    "failed": msgid("Failed; ask again"),
}


@router.get("")
def show_privacy(request: Request, who: SignedIn, session: SessionDep) -> Response:
    """Everything on one page."""
    given = consents.latest(session, who.user_id)
    agreed = [
        question.purpose
        for question in consents.QUESTIONS
        if (last := given.get(question.purpose)) and last.granted and last.version == question.version
    ]
    context = {
        "questions": consents.QUESTIONS,
        "state": FormState({"purposes": agreed}),
        "history": list(reversed(erasures.consents_of(session, who.user_id)))[:20],
        "question_texts": {question.purpose: question.text for question in consents.QUESTIONS},
        "exports": exports.of(session, who.user_id),
        "statuses": EXPORT_STATUS_NAMES,
        "erasure": erasures.waiting(session, who.user_id),
        "waiting_days": erasures.WAITING_TIME.days,
        "keep_days": exports.KEEP.days,
    }
    return render(request, "people/privacy.html", context)


@router.post("/consents")
def save_consents(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep, sent: SentForm) -> Response:
    """Answer every question that was shown."""
    chosen = sent.many("purposes")
    for question in consents.QUESTIONS:
        consents.answer(
            session,
            clock,
            who.user_id,
            purpose=question.purpose,
            version=sent.get(f"version.{question.purpose}", ""),
            granted=question.purpose in chosen,
            source="page",
        )
    flash(request, msgid("Your answers are saved."))
    return redirect(request, "/account/privacy")


@router.post("/exports")
def request_export(request: Request, who: SignedIn, _once: SentOnce, session: SessionDep, clock: ClockDep) -> Response:
    """Ask for a copy."""
    try:
        with attempt(session):
            wanted = exports.request(session, clock, who.user_id)
            enqueue(session, MAKE_EXPORT, export_id=wanted.id)
    except GuerdonError as exc:
        return _back_with(request, exc)
    flash(request, msgid("Your copy is being made. Load this page again in a moment."))
    return redirect(request, "/account/privacy")


def _back_with(request: Request, exc: GuerdonError) -> Response:
    message, remedy = viewer_of(request).translator.translate_error(exc)
    flash(request, "{text}", "danger", text=f"{message} {remedy}")
    return redirect(request, "/account/privacy")


@router.post("/exports/{export_id}/fetch")
def fetch_export(request: Request, export_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Fetch it, once."""
    try:
        with attempt(session):
            archive = exports.fetch(session, clock, who.user_id, export_id)
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        return _back_with(request, exc)
    return archive_response(archive)


@router.post("/erasure")
def request_erasure(request: Request, who: SignedIn, _once: SentOnce, session: SessionDep, clock: ClockDep) -> Response:
    """Ask to be forgotten."""
    try:
        with attempt(session):
            erasures.request(session, clock, who.user_id)
    except GuerdonError as exc:
        return _back_with(request, exc)
    flash(request, msgid("Your account will be erased. Until that day you can cancel it here."), "warning")
    return redirect(request, "/account/privacy")


@router.post("/erasure/cancel")
def cancel_erasure(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Take that back."""
    try:
        with attempt(session):
            erasures.cancel(session, clock, who.user_id)
    except GuerdonError as exc:
        return _back_with(request, exc)
    flash(request, msgid("Your account stays."))
    return redirect(request, "/account/privacy")
