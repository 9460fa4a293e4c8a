"""The keys of tickets and meeting codes, as dependencies."""

from typing import Annotated

from fastapi import Depends, Request

from guerdon.http.keys import derive_key
from guerdon.programs.events.service.connections import MeetingCodes
from guerdon.programs.events.service.tickets import TicketSigner

TICKET_PURPOSE = "events/ticket"
MEETING_PURPOSE = "events/meeting"


def ticket_signer(request: Request) -> TicketSigner:
    """Signs and reads tickets of this installation."""
    return TicketSigner(derive_key(request.app.state.secret, TICKET_PURPOSE))


def meeting_codes(request: Request) -> MeetingCodes:
    """Makes and finds the codes that attendees show each other."""
    return MeetingCodes(derive_key(request.app.state.secret, MEETING_PURPOSE))


SignerDep = Annotated[TicketSigner, Depends(ticket_signer)]
MeetingDep = Annotated[MeetingCodes, Depends(meeting_codes)]
