"""Activities on pages: a member's own, and for staff anybody's, with withdrawing what was not so."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError, NotFoundError
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.activities.schemas import NotAwarded
from guerdon.kernel.engagement.activities.service import reading, withdrawing
from guerdon.kernel.engagement.activities.service.wording import in_words
from guerdon.kernel.engagement.explanation import words
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger.catalogue import catalogue, unit_of
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import add_catalogue, msgid
from guerdon.web.navigation import OF_MEMBER, NavItem
from guerdon.web.render import add_templates, render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

NAVIGATION = (
    NavItem("Activities", "/activities", section="main", icon="list"),
    NavItem("Activities", "/staff/activities/{member}", "engagement:read", OF_MEMBER, icon="list"),
)

router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Withdrawer = Annotated[Principal, Depends(requires("activities:withdraw"))]
PAGE_SIZE = 20


def install() -> None:
    """Make templates and catalogue known."""
    add_templates("activities", "guerdon.kernel.engagement.activities")
    add_catalogue("guerdon.kernel.engagement.activities")


@router.get("/activities")
def show_own(request: Request, who: SignedIn, session: SessionDep, cursor: Cursor = None) -> Response:
    """What is on record of the member, what it earned, and why it did not."""
    return render(request, "activities/mine.html", _context(request, session, who.user_id, cursor))


@router.get("/staff/activities/{user_id}")
def show_member(request: Request, user_id: UUID, who: Reader, session: SessionDep, cursor: Cursor = None) -> Response:
    """A member's activities, for staff."""
    return _member_page(request, session, who, user_id, cursor=cursor)


def _member_page(
    request: Request,
    session: Session,
    who: Principal,
    user_id: UUID,
    *,
    cursor: str | None = None,
    state: FormState | None = None,
    status: int = 200,
) -> Response:
    member = session.get(User, user_id)
    if member is None:
        raise NotFoundError(what="account")
    context = {
        **_context(request, session, user_id, cursor),
        "member": member,
        "state": state or FormState(),
        "may_withdraw": who.may("activities:withdraw") and who.user_id != user_id,
    }
    return render(request, "activities/member.html", context, status)


@router.post("/staff/activities/{user_id}/{activity_id}/withdraw")
def withdraw(
    request: Request,
    user_id: UUID,
    activity_id: UUID,
    sent: SentForm,
    who: Withdrawer,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Withdraw what was not so."""
    try:
        with attempt(session):
            reason = sent.get("reason", "")
            withdrawing.withdraw_by_hand(session, clock, user_id, activity_id, actor_id=who.user_id, reason=reason)
    except GuerdonError as error:
        if error.status == 404:
            raise
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _member_page(request, session, who, user_id, state=state, status=error.status)
    flash(request, msgid("The activity is withdrawn."))
    return redirect(request, f"/staff/activities/{user_id}")


def _context(request: Request, session: Session, owner_id: UUID, cursor: str | None) -> dict[str, Any]:
    before = decode_cursor(cursor, UUID)
    found = reading.history(session, owner_id, before=before[0] if before else None, limit=PAGE_SIZE)
    shown = found[:PAGE_SIZE]
    return {
        "activities": shown,
        "units": {code: unit for code, (_, unit) in catalogue(session).units.items()},
        "words": words,
        "why_not": lambda refusal: _why_not(request, session, refusal),
        "cursor": cursor,
        "next_cursor": encode_cursor(shown[-1].id) if len(found) > PAGE_SIZE else None,
    }


def _why_not(request: Request, session: Session, refusal: NotAwarded) -> str:
    scale = unit_of(session, refusal.params["unit"]).scale if "unit" in refusal.params else 0
    return in_words(refusal, scale, viewer_of(request).translator.gettext)
