"""The sessions of partners, staff and administrators, for those who look after them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.core.errors import NotFoundError
from guerdon.http.access import Principal, requires
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.identity.service import admin_sessions, sessions
from guerdon.kernel.identity.service.devices import device_name
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.render import render

router = APIRouter(prefix="/staff/sessions")

Guard = Annotated[Principal, Depends(requires("identity:sessions"))]

LEVELS = {
    "super": msgid("Super administrator"),
    "regular": msgid("Staff"),
    "partner": msgid("Partner"),
    "sponsor": msgid("Sponsor"),
}
FLAGS = {
    "new_address": msgid("New address"),
    "new_agent": msgid("New device"),
    "failures": msgid("Many failed attempts"),
}


@router.get("")
def show_sessions(request: Request, _who: Guard, session: SessionDep, clock: ClockDep) -> Response:
    """Those that go on."""
    rows = [
        {
            "session": row,
            "name": name,
            "device": device_name({"user_agent": row.user_agent}),
            "flags": [FLAGS[flag] for flag in row.security_flags if flag in FLAGS],
        }
        for row, name in admin_sessions.living(session, clock)
    ]
    return render(request, "identity/staff_sessions.html", {"sessions": rows, "levels": LEVELS})


@router.post("/{admin_session_id}/end")
def end_session(request: Request, admin_session_id: UUID, who: Guard, session: SessionDep, clock: ClockDep) -> Response:
    """End somebody's session; not of those who stand higher."""
    if not sessions.end_admin_session(session, clock, admin_session_id, actor_id=who.user_id):
        raise NotFoundError(what="session")
    flash(request, msgid("The session is ended."))
    return redirect(request, "/staff/sessions")
