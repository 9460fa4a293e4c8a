"""A member's ticket: the signed code on a page, and on paper."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.http.access import Principal, requires
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep
from guerdon.programs.events.api.keys import SignerDep
from guerdon.programs.events.pages.shown import when_of
from guerdon.programs.events.service.passes import Pass, pass_of
from guerdon.programs.events.service.printing import Sheet, qr_svg, ticket_pdf
from guerdon.programs.events.service.tickets import shown_number
from guerdon.web.render import render
from guerdon.web.viewer import viewer_of, viewing

router = APIRouter(prefix="/events/tickets")

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/{registration_id}")
def show(
    request: Request, registration_id: UUID, who: Member, session: SessionDep, clock: ClockDep, signer: SignerDep
) -> Response:
    """The ticket of one's own registration."""
    found = _own(session, clock, registration_id, who)
    gettext = viewer_of(request).translator.gettext
    context = {
        "event": found.event,
        "registration": found.registration,
        "code": qr_svg(signer.code(found.content), gettext("QR code of the ticket")),
        "number": shown_number(found.content.number),
        "when_of": when_of,
    }
    return render(request, "events/ticket.html", context)


@router.get("/{registration_id}/ticket.pdf")
def download(
    request: Request,
    registration_id: UUID,
    who: Member,
    session: SessionDep,
    clock: ClockDep,
    signer: SignerDep,
    settings: SettingsDep,
) -> Response:
    """The same to be printed."""
    found = _own(session, clock, registration_id, who)
    viewer = viewer_of(request)
    gettext = viewer.translator.gettext
    with viewing(viewer):
        sheet = Sheet(
            community=settings.community_name,
            title=found.event.title,
            lines=[
                (gettext("When"), when_of(found.event)),
                (gettext("Where"), found.event.location),
                (gettext("For"), who.name),
            ],
            code=signer.code(found.content),
            number=shown_number(found.content.number),
            note=gettext("Show this at the door, or say the number."),
            language=viewer.locale,
        )
    headers = {"content-disposition": 'attachment; filename="ticket.pdf"', "cache-control": "private, no-store"}
    return Response(ticket_pdf(sheet), media_type="application/pdf", headers=headers)


def _own(session: Session, clock: Clock, registration_id: UUID, who: Principal) -> Pass:
    return pass_of(session, clock, registration_id, holder_id=who.user_id)
