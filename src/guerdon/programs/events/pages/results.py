"""What comes of an evening, for staff: places, and points for special activities."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, GuerdonError
from guerdon.core.ids import new_id
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.programs.events.evening_errors import MemberUnknownError, PlaceInvalidError, PointsInvalidError
from guerdon.programs.events.models import Award
from guerdon.programs.events.pages.shown import page
from guerdon.programs.events.seeds import SPECIAL_POINTS_MAX
from guerdon.programs.events.service import guests, reading, results, specials
from guerdon.programs.events.service.results import PLACED_MAX, Placing
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/events/{event_id}/results")

Awarder = Annotated[Principal, Depends(requires("events:award"))]


@router.get("")
def show(request: Request, event_id: UUID, who: Awarder, session: SessionDep, q: Text = "") -> Response:
    """Who came, with their places, and what was given."""
    return _page(request, session, event_id, who, search=q)


def _page(
    request: Request,
    session: Session,
    event_id: UUID,
    who: Principal,
    *,
    search: str = "",
    state: FormState | None = None,
    open_form: str = "",
    problem: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    attendees = guests.who_came(session, event_id, besides=who.user_id, search=search)
    context = {
        "event": reading.get(session, event_id),
        "attendees": attendees,
        "search": search,
        "shown_max": guests.SHOWN_MAX,
        "results": results.results_of(session, event_id),
        "given": specials.given_at(session, event_id),
        "state": state or FormState(),
        "open_form": open_form,
        "problem": problem,
        "award_id": new_id(),
        "points_max": SPECIAL_POINTS_MAX,
        "placed_max": PLACED_MAX,
    }
    return page(request, "staff/results.html", context, status)


@router.post("")
def enter(
    request: Request,
    event_id: UUID,
    who: Awarder,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Enter the places that were filled in."""
    try:
        with attempt(session):
            placings = _placings(sent)
            results.enter_results(session, clock, event_id, placings, actor_id=who.user_id)
    except GuerdonError as exc:
        return _refused(request, session, event_id, who, sent, exc, "places")
    flash(request, msgid("The places are entered."))
    return redirect(request, f"/staff/events/{event_id}/results")


@router.post("/{result_id}/withdraw")
def withdraw(
    request: Request,
    event_id: UUID,
    result_id: UUID,
    who: Awarder,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Take a place back, with a reason."""
    try:
        with attempt(session):
            results.withdraw_result(session, clock, result_id, actor_id=who.user_id, reason=sent.get("reason", ""))
    except GuerdonError as exc:
        return _refused(request, session, event_id, who, sent, exc, f"result-{result_id}")
    flash(request, msgid("The place is taken back."))
    return redirect(request, f"/staff/events/{event_id}/results")


@router.post("/awards")
def award(
    request: Request,
    event_id: UUID,
    who: Awarder,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Give an attendee points; the form sent twice gives them once."""
    try:
        with attempt(session):
            _award(session, clock, event_id, who, sent)
    except GuerdonError as exc:
        return _refused(request, session, event_id, who, sent, exc, "award")
    flash(request, msgid("The points are given."))
    return redirect(request, f"/staff/events/{event_id}/results")


def _award(session: Session, clock: ClockDep, event_id: UUID, who: Principal, sent: Sent) -> None:
    award_id = _id(sent, "award_id")
    if session.get(Award, award_id) is not None:
        return
    specials.award(
        session,
        clock,
        _id(sent, "user_id"),
        points=_points(sent),
        title=sent.get("title", ""),
        reason=sent.get("reason", ""),
        actor_id=who.user_id,
        event_id=event_id,
        award_id=award_id,
    )


@router.post("/awards/{award_id}/withdraw")
def withdraw_award(
    request: Request,
    event_id: UUID,
    award_id: UUID,
    who: Awarder,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Take points back that were given, with a reason."""
    try:
        with attempt(session):
            specials.withdraw_award(session, clock, award_id, actor_id=who.user_id, reason=sent.get("reason", ""))
    except GuerdonError as exc:
        return _refused(request, session, event_id, who, sent, exc, f"award-{award_id}")
    flash(request, msgid("The points are taken back."))
    return redirect(request, f"/staff/events/{event_id}/results")


def _refused(
    request: Request,
    session: Session,
    event_id: UUID,
    who: Principal,
    sent: Sent,
    exc: GuerdonError,
    form: str,
) -> Response:
    if exc.status == 404:
        raise exc
    session.expire_all()
    search = sent.get("q", "")
    translator = viewer_of(request).translator
    if isinstance(exc, FieldError):
        state = FormState.refused(sent, exc, translator)
        problem = None if form != "places" else translator.translate_error(exc)
        return _page(
            request,
            session,
            event_id,
            who,
            search=search,
            state=state,
            open_form=form,
            problem=problem,
            status=exc.status,
        )
    told = translator.translate_error(exc)
    return _page(request, session, event_id, who, search=search, problem=told, status=exc.status)


def _placings(sent: Sent) -> list[Placing]:
    """The fields ``placed-<member>`` that were filled in."""
    found = []
    for name, text in sent.items():
        kind, _, member = name.partition("-")
        if kind != "placed":
            continue
        if not (text.isascii() and text.isdigit() and len(text) < 4):
            raise PlaceInvalidError(field=name, placed_max=PLACED_MAX)
        found.append(Placing(_uuid(member, name), int(text), sent.get(f"note-{member}")))
    return found


def _points(sent: Sent) -> int:
    text = sent.get("points", "")
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise PointsInvalidError(field="points", points_max=SPECIAL_POINTS_MAX)
    return int(text)


def _id(sent: Sent, name: str) -> UUID:
    return _uuid(sent.get(name, ""), name)


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MemberUnknownError(field=field) from None
