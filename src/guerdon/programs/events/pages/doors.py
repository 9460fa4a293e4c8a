"""The evening at the door, for staff: scanning, letting in by name, walk-ins, letting out, taking back.

Everything is a form. Where the browser can read codes with its camera, a script fills the form and sends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.identity.models import User
from guerdon.programs.events.api.keys import SignerDep
from guerdon.programs.events.evening_errors import AttendanceNotFoundError, MemberUnknownError, OwnCheckInError
from guerdon.programs.events.models import Attendance, Event
from guerdon.programs.events.pages.registering import tell_refusal
from guerdon.programs.events.pages.shown import page, time_of
from guerdon.programs.events.service import doors, guests, reading, undoing
from guerdon.programs.events.service.providers import DESK
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of, viewing

router = APIRouter(prefix="/staff/events/{event_id}/door")

Doorkeeper = Annotated[Principal, Depends(requires("events:door"))]
REASONS = (
    msgid("Their phone was out of power."),
    msgid("They are known at the door."),
    msgid("The scanner did not work."),
)
CHANNELS = {
    "cash": msgid("Cash"),
    "card": msgid("Card"),
    "mobile_money": msgid("Mobile money"),
    "bank_transfer": msgid("Bank transfer"),
}
UNDO_REASONS = (msgid("The wrong person was checked in."), msgid("They left at once."))
"""What staff often say; suggestions, any other text will do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the door says to the one who stands at it, in the reader's words."""

    tone: str
    title: str
    text: str


@router.get("")
def show(request: Request, event_id: UUID, _who: Doorkeeper, session: SessionDep, q: Text = "") -> Response:
    """The door of an event: the field for the code, who is inside, who is expected."""
    return _page(request, session, event_id, search=q)


def _page(
    request: Request,
    session: Session,
    event_id: UUID,
    *,
    search: str = "",
    verdict: Verdict | None = None,
    state: FormState | None = None,
    open_form: str = "",
    status: int = 200,
) -> Response:
    event = reading.get(session, event_id)
    context = {
        "event": event,
        "on": event.end_time >= viewer_of(request).now,
        "count": doors.count(session, event_id),
        "guests": guests.at_the_door(session, event_id, search=search),
        "search": search,
        "shown_max": guests.SHOWN_MAX,
        "verdict": verdict,
        "state": state or FormState(),
        "open_form": open_form,
        "reasons": REASONS,
        "undo_reasons": UNDO_REASONS,
        "channels": _channels(request),
    }
    return page(request, "staff/door.html", context, status)


def _channels(request: Request) -> list[tuple[str, str]]:
    gettext = viewer_of(request).translator.gettext
    taken = [(channel, gettext(CHANNELS.get(channel, channel))) for channel in DESK.channels]
    return [("", gettext(msgid("not paid"))), *taken]


@router.post("/scan")
def scan(
    request: Request,
    event_id: UUID,
    who: Doorkeeper,
    session: SessionDep,
    clock: ClockDep,
    signer: SignerDep,
    sent: SentForm,
) -> Response:
    """Let in whoever holds the ticket; sending it again says since when they are in."""
    try:
        with attempt(session):
            admission = doors.check_in(session, clock, signer, event_id, sent.get("code", ""), actor_id=who.user_id)
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        session.expire_all()
        title, text = viewer_of(request).translator.translate_error(exc)
        return _page(request, session, event_id, verdict=Verdict("danger", title, text), status=exc.status)
    return _page(request, session, event_id, verdict=_verdict(request, reading.get(session, event_id), admission))


def _verdict(request: Request, event: Event, admission: doors.Admission) -> Verdict:
    viewer = viewer_of(request)
    gettext = viewer.translator.gettext
    with viewing(viewer):
        at = time_of(admission.attendance.check_in_time, event)
        if admission.returned:
            return Verdict("success", gettext("Welcome back, {name}", name=admission.name), "")
        if admission.already:
            return Verdict(
                "warning", gettext("Already in: {name}", name=admission.name), gettext("Since {time}.", time=at)
            )
        points = sum(each.amount_minor for each in admission.outcome.awards) if admission.outcome else 0
        earned = viewer.translator.ngettext("{number} point.", "{number} points.", points) if points else ""
    return Verdict("success", gettext("Welcome, {name}", name=admission.name), earned)


@router.post("/by-name")
def let_in_by_name(
    request: Request, event_id: UUID, who: Doorkeeper, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Let in a registered member without a ticket, with a reason."""
    return _attempt(
        request,
        session,
        event_id,
        sent,
        f"name-{sent.get('user_id', '')}",
        lambda: doors.check_in_by_name(
            session,
            clock,
            event_id,
            _id(sent, "user_id"),
            actor_id=who.user_id,
            reason=sent.get("reason", ""),
        ),
    )


@router.post("/walk-in")
def let_walk_in(
    request: Request, event_id: UUID, who: Doorkeeper, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Let in a member who did not register."""
    return _attempt(
        request,
        session,
        event_id,
        sent,
        "walk-in",
        lambda: doors.walk_in(
            session,
            clock,
            event_id,
            _member(session, sent.get("member", "")),
            actor_id=who.user_id,
            paid_by=sent.get("paid_by"),
        ),
    )


def _attempt(
    request: Request,
    session: Session,
    event_id: UUID,
    sent: Sent,
    form: str,
    act: Callable[[], doors.Admission],
) -> Response:
    try:
        with attempt(session):
            admission = act()
    except FieldError as exc:
        session.expire_all()
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _page(request, session, event_id, state=state, open_form=form, status=exc.status)
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        session.expire_all()
        title, text = viewer_of(request).translator.translate_error(exc)
        verdict = Verdict("danger", title, text)
        return _page(request, session, event_id, verdict=verdict, status=exc.status)
    return _page(request, session, event_id, verdict=_verdict(request, reading.get(session, event_id), admission))


@router.post("/{attendance_id}/out")
def let_out(
    request: Request, event_id: UUID, attendance_id: UUID, _who: Doorkeeper, session: SessionDep, clock: ClockDep
) -> Response:
    """Note that somebody left."""
    _check_here(session, event_id, attendance_id)
    try:
        with attempt(session):
            doors.check_out(session, clock, attendance_id)
    except AttendanceNotFoundError as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("Noted that they left."))
    return redirect(request, f"/staff/events/{event_id}/door")


@router.post("/{attendance_id}/undo")
def undo(
    request: Request,
    event_id: UUID,
    attendance_id: UUID,
    who: Doorkeeper,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Take a check-in back, with a reason."""
    _check_here(session, event_id, attendance_id)
    try:
        with attempt(session):
            undoing.undo_check_in(session, clock, attendance_id, actor_id=who.user_id, reason=sent.get("reason", ""))
    except FieldError as exc:
        session.expire_all()
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _page(request, session, event_id, state=state, open_form=f"undo-{attendance_id}", status=exc.status)
    except (AttendanceNotFoundError, OwnCheckInError) as exc:
        tell_refusal(request, exc)
    else:
        flash(request, msgid("Taken back: they are registered again, and what it earned is reversed."))
    return redirect(request, f"/staff/events/{event_id}/door")


def _check_here(session: Session, event_id: UUID, attendance_id: UUID) -> None:
    """Somebody came in here under this id, whether or not that stands."""
    found = session.get(Attendance, attendance_id)
    if found is None or found.event_id != event_id:
        raise AttendanceNotFoundError


def _id(sent: Sent, name: str) -> UUID:
    try:
        return UUID(sent.get(name, ""))
    except ValueError:
        raise MemberUnknownError(field=name) from None


def _member(session: Session, typed: str) -> UUID:
    """Whom an address or a user name names."""
    found = session.scalars(
        select(User.id).where(
            or_(func.lower(User.email) == typed.lower(), func.lower(User.username) == typed.lower()),
            User.deleted_at.is_(None),
        )
    ).one_or_none()
    if not typed or found is None:
        raise MemberUnknownError(field="member")
    return found
