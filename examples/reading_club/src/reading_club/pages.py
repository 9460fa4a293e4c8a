"""The reading club's page."""

from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from guerdon.core.errors import GuerdonError
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.badges.service import reading as badges
from guerdon.kernel.engagement.streaks.service import reading as streaks
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of
from reading_club import service
from reading_club.api import Member, ReadingIn

router = APIRouter()


@router.get("/reading")
def show(request: Request, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """What the member has read, and the form for more, whose key makes sending it twice harmless."""
    state = getattr(request.state, "refused", None)
    own_streaks = streaks.of_member(session, clock.now(), who.user_id, "reading")
    own_badges = badges.of_member(session, who.user_id, "reading")
    context = {"state": state or FormState({"key": str(uuid4())}), "streaks": own_streaks, "badges": own_badges}
    return render(request, "reading/reading.html", context, 422 if state else 200)


@router.post("/reading")
def add(request: Request, sent: SentForm, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Record pages."""
    pages = sent.get("pages", "").strip()
    try:
        values = {"book": sent.get("book", ""), "pages": int(pages) if pages.isdecimal() and len(pages) < 9 else pages}
        body = ReadingIn.model_validate(values)
        with attempt(session):
            service.read(session, clock, who.user_id, body.book, body.pages, key=f"page:{sent.get('key', '')[:100]}")
    except (ValidationError, GuerdonError) as error:
        request.state.refused = FormState.refused(sent, error, viewer_of(request).translator)
        return show(request, who, session, clock)
    flash(request, msgid("{pages} pages are on record."), pages=body.pages)
    return redirect(request, "/reading")
