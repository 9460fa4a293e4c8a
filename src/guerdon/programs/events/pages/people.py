"""Whom a member met: who else was at an event, meeting codes, requests, connections, blocks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep, attempt
from guerdon.programs.events.api.keys import MeetingDep
from guerdon.programs.events.evening_errors import ConnectionNotFoundError, MemberUnknownError
from guerdon.programs.events.models import Connection
from guerdon.programs.events.pages.registering import tell_refusal
from guerdon.programs.events.service import connections, reading
from guerdon.programs.events.service.connections import MeetingCodes
from guerdon.programs.events.service.printing import qr_svg
from guerdon.programs.events.service.tickets import shown_number
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/connections")
def show_connections(request: Request, who: Member, session: SessionDep) -> Response:
    """Connections, open requests, and whom the member has blocked."""
    known = connections.known(session, who.user_id)
    context = {
        "asked": [each for each in known if each.connection.status == "requested" and each.incoming],
        "asking": [each for each in known if each.connection.status == "requested" and not each.incoming],
        "connected": [each for each in known if each.connection.status == "agreed"],
        "blocked": connections.blocked_by(session, who.user_id),
    }
    return render(request, "events/connections.html", context)


@router.get("/{event_id}/people")
def show_people(
    request: Request,
    event_id: UUID,
    who: Member,
    session: SessionDep,
    codes: MeetingDep,
    settings: SettingsDep,
    code: Text = "",
) -> Response:
    """Who else was there, and one's own code to be shown."""
    return _people(request, session, event_id, who, codes, settings.base_url, FormState({"code": code}))


def _people(
    request: Request,
    session: Session,
    event_id: UUID,
    who: Principal,
    codes: MeetingCodes,
    base_url: str,
    state: FormState,
    problem: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    own = connections.own_attendance(session, event_id, who.user_id)
    known = {each.other_id for each in connections.known(session, who.user_id)}
    code = codes.code(own.id)
    gettext = viewer_of(request).translator.gettext
    context = {
        "event": reading.get(session, event_id),
        "people": [each for each in connections.fellows(session, event_id, who.user_id) if each.listed],
        "known": known,
        "code": shown_number(code),
        "qr": qr_svg(f"{base_url}/events/{event_id}/people?code={code}", gettext("QR code that others scan")),
        "state": state,
        "problem": problem,
    }
    return render(request, "events/people.html", context, status)


@router.post("/{event_id}/people")
def connect(
    request: Request,
    event_id: UUID,
    who: Member,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
    codes: MeetingDep,
    settings: SettingsDep,
    sent: SentForm,
) -> Response:
    """Ask somebody to connect: by the code that they show, or from the list."""
    try:
        with attempt(session):
            if "user_id" in sent:
                other = _uuid(sent["user_id"])
            else:
                others = connections.fellows(session, event_id, who.user_id)
                other = codes.find(others, sent.get("code", "")).user_id
            made = connections.request(session, clock, event_id, who.user_id, other, by_code="user_id" not in sent)
    except FieldError as exc:
        state = FormState.refused(sent, exc, viewer_of(request).translator)
        return _people(request, session, event_id, who, codes, settings.base_url, state, status=exc.status)
    except GuerdonError as exc:
        told = viewer_of(request).translator.translate_error(exc)
        return _people(
            request, session, event_id, who, codes, settings.base_url, FormState(), problem=told, status=exc.status
        )
    agreed = made.status == "agreed"
    flash(request, msgid("You are connected.") if agreed else msgid("Asked: you are connected once they agree."))
    return redirect(request, "/events/connections" if agreed else f"/events/{event_id}/people")


@router.post("/connections/{connection_id}/{answer}")
def reply(
    request: Request,
    connection_id: UUID,
    answer: str,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Agree to a request, or decline it; what was answered before, perhaps by pressing twice, is told."""
    try:
        with attempt(session):
            if answer == "agree":
                connections.agree(session, clock, connection_id, who.user_id)
                flash(request, msgid("You are connected."))
            elif answer == "decline":
                connections.decline(session, clock, connection_id, who.user_id)
                flash(request, msgid("Declined."))
    except ConnectionNotFoundError as exc:
        # A member sees their own alone.
        if session.get(Connection, connection_id) is None:
            raise
        tell_refusal(request, exc)
    return redirect(request, "/events/connections")


@router.post("/blocks/{user_id}/{act}")
def change_block(
    request: Request, user_id: UUID, act: str, who: Member, session: SessionDep, clock: ClockDep
) -> Response:
    """Block somebody, or lift the block."""
    if act == "set":
        connections.block(session, clock, who.user_id, user_id)
        flash(request, msgid("Blocked. They are not told."))
    elif act == "lift":
        connections.unblock(session, who.user_id, user_id)
        flash(request, msgid("The block is lifted."))
    return redirect(request, "/events/connections")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MemberUnknownError(field="user_id") from None
