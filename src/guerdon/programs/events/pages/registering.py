"""What a member does with a press: register, take an offer, pay, cancel."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.core.errors import ConflictError, FieldError, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.programs.events.models import RegistrationStatus
from guerdon.programs.events.pages.shown import AS_IS
from guerdon.programs.events.service import paying, registering
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.post("/{event_id}/register")
def register(
    request: Request, event_id: UUID, who: Member, _once: SentOnce, session: SessionDep, clock: ClockDep
) -> Response:
    """Take a place, or join the waiting list."""
    made = _tried(request, session, lambda: registering.register(session, clock, who.user_id, event_id))
    if made is not None and made.status is RegistrationStatus.WAITING:
        flash(request, msgid("You are on the waiting list. You get a message when it is your turn."))
    elif made is not None:
        flash(request, msgid("You are registered. See you there!"))
    return redirect(request, f"/events/{event_id}")


@router.post("/registrations/{registration_id}/accept")
def accept(request: Request, registration_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Take the place that is offered."""
    found = registering.get_own(session, who.user_id, registration_id)
    done = _tried(request, session, lambda: registering.accept(session, clock, who.user_id, registration_id))
    if done is not None:
        flash(request, msgid("The place is yours. See you there!"))
    return redirect(request, f"/events/{found.event_id}")


@router.post("/registrations/{registration_id}/cancel")
def cancel(request: Request, registration_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Give the place, or the turn, to somebody else."""
    found = registering.get_own(session, who.user_id, registration_id)
    event_id = found.event_id
    done = _tried(
        request,
        session,
        lambda: registering.cancel(session, clock, registration_id, user_id=who.user_id),
    )
    if done is not None:
        flash(request, msgid("Your registration is cancelled."))
    return redirect(request, f"/events/{event_id}")


@router.post("/registrations/{registration_id}/pay")
def pay(
    request: Request,
    registration_id: UUID,
    who: Member,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    sent: SentForm,
) -> Response:
    """Begin to pay."""
    found = registering.get_own(session, who.user_id, registration_id)
    event_id = found.event_id
    channel = sent.get("channel", "")
    begun = _tried(
        request,
        session,
        lambda: paying.begin(session, clock, who.user_id, registration_id, channel=channel),
    )
    if begun is not None and begun[1].url is not None:
        return Response(status_code=303, headers={"location": begun[1].url})
    if begun is not None:
        flash(request, msgid("Noted. Pay at the door: your name is enough."))
    return redirect(request, f"/events/{event_id}")


def _tried(request: Request, session: SessionDep, call: Callable[[], Any]) -> Any | None:
    """What it gave; None if it was refused, which the next page says."""
    try:
        with attempt(session):
            return call()
    except (ConflictError, FieldError) as exc:
        tell_refusal(request, exc)
        return None


def tell_refusal(request: Request, exc: GuerdonError) -> None:
    """Have the next page say why something was refused, and what to do."""
    flash(request, AS_IS, "danger", text=" ".join(viewer_of(request).translator.translate_error(exc)))
