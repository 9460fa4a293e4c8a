"""Inviting: a member's own link, and the page to which it leads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep, attempt
from guerdon.programs.events.service import invitations
from guerdon.programs.events.service.printing import qr_svg
from guerdon.programs.events.service.tickets import shown_number
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/events")

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/invite")
def show(request: Request, who: Member, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> Response:
    """One's own link and code, and whom they brought."""
    link = invitations.link_of(session, clock, who.user_id)
    url = f"{settings.base_url}/events/invited/{link.code}"
    context = {
        "url": url,
        "code": shown_number(link.code),
        "qr": qr_svg(url, viewer_of(request).translator.gettext("QR code of your invitation")),
        "invited": invitations.invited_by(session, who.user_id),
    }
    return render(request, "events/invite.html", context)


@router.get("/invited/{code}")
def show_invitation(request: Request, code: Text, _who: Member, session: SessionDep) -> Response:
    """Who invites, and the button to say so."""
    return _invitation(request, session, code)


def _invitation(
    request: Request, session: Session, code: str, problem: tuple[str, str] | None = None, status: int = 200
) -> Response:
    context = {"inviter": invitations.inviter_of(session, code), "code": code, "problem": problem}
    return render(request, "events/invited.html", context, status)


@router.post("/invited/{code}")
def accept(request: Request, code: Text, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Accept the invitation, before one's first event."""
    try:
        with attempt(session):
            invitations.accept(session, clock, who.user_id, code)
    except GuerdonError as exc:
        if exc.status == 404:
            raise
        told = viewer_of(request).translator.translate_error(exc)
        return _invitation(request, session, code, told, exc.status)
    flash(request, msgid("Welcome! Choose your first event."))
    return redirect(request, "/events")
