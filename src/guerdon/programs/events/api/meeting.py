"""The member's part over HTTP: tickets, history, connections, invitations, the calendar's address."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep, SettingsDep
from guerdon.programs.events.api.evening_bodies import (
    AttendedOut,
    ConnectIn,
    ConnectionOut,
    FeedOut,
    FellowOut,
    InvitationIn,
    InvitationOut,
    InviterOut,
    TicketOut,
)
from guerdon.programs.events.api.keys import MeetingDep, SignerDep
from guerdon.programs.events.evening_errors import MeetingCodeUnknownError
from guerdon.programs.events.service import connections, feeds, history, invitations
from guerdon.programs.events.service.passes import pass_of
from guerdon.programs.events.service.tickets import shown_number

router = APIRouter()

Member = Annotated[Principal, Depends(requires("events:attend"))]


@router.get("/tickets/{registration_id}", responses=problem_responses(409))
def get_ticket(
    registration_id: UUID, who: Member, session: SessionDep, clock: ClockDep, signer: SignerDep
) -> TicketOut:
    """The ticket of your registration; there is one once the place is yours and paid for."""
    found = pass_of(session, clock, registration_id, holder_id=who.user_id)
    return TicketOut(
        registration_id=registration_id,
        event_id=found.event.id,
        title=found.event.title,
        start_time=found.event.start_time,
        code=signer.code(found.content),
        number=shown_number(found.content.number),
    )


@router.get("/history")
def list_history(
    who: Member,
    session: SessionDep,
    before: Annotated[UUID | None, Query(description="The last ``attendance_id`` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> list[AttendedOut]:
    """The events that you attended, the latest first."""
    return [
        AttendedOut(
            attendance_id=each.attendance.id,
            event_id=each.event.id,
            title=each.event.title,
            event_type=each.event.event_type,
            check_in_time=each.attendance.check_in_time,
            placed=each.placed,
            points=each.points,
        )
        for each in history.attended(session, who.user_id, before=before, limit=limit)
    ]


@router.get("/people/{event_id}", responses=problem_responses(409))
def list_people(event_id: UUID, who: Member, session: SessionDep) -> list[FellowOut]:
    """Who else attended an event that you attended; those who keep their profile private are left out."""
    connections.own_attendance(session, event_id, who.user_id)
    return [
        FellowOut(user_id=each.user_id, name=each.name)
        for each in connections.fellows(session, event_id, who.user_id)
        if each.listed
    ]


@router.post("/people/{event_id}/connections", status_code=201, responses=problem_responses(409, 422))
def connect(
    event_id: UUID, body: ConnectIn, who: Member, session: SessionDep, clock: ClockDep, codes: MeetingDep
) -> ConnectionOut:
    """Ask another attendee to connect: by the code that they show you, or from the list.

    If they have asked you already, you are connected with this.
    """
    other = body.user_id
    if body.code is not None:
        other = codes.find(connections.fellows(session, event_id, who.user_id), body.code).user_id
    if other is None:
        raise MeetingCodeUnknownError(field="code")
    made = connections.request(session, clock, event_id, who.user_id, other, by_code=body.code is not None)
    return _one(session, who.user_id, made.id)


@router.get("/connections")
def list_connections(who: Member, session: SessionDep) -> list[ConnectionOut]:
    """Your connections and open requests, the latest first."""
    return [_shown(each) for each in connections.known(session, who.user_id)]


@router.post("/connections/{connection_id}/agree")
def agree(connection_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> ConnectionOut:
    """Agree to a request; both of you are connected, and it counts for both."""
    connections.agree(session, clock, connection_id, who.user_id)
    return _one(session, who.user_id, connection_id)


@router.post("/connections/{connection_id}/decline", status_code=204)
def decline(connection_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Decline a request, or take back one of yours that is open."""
    connections.decline(session, clock, connection_id, who.user_id)
    return Response(status_code=204)


@router.put("/blocks/{user_id}", status_code=204)
def block(user_id: UUID, who: Member, session: SessionDep, clock: ClockDep) -> Response:
    """Want no connection with somebody; they are not told."""
    connections.block(session, clock, who.user_id, user_id)
    return Response(status_code=204)


@router.delete("/blocks/{user_id}", status_code=204)
def unblock(user_id: UUID, who: Member, session: SessionDep) -> Response:
    """Lift a block."""
    connections.unblock(session, who.user_id, user_id)
    return Response(status_code=204)


def _one(session: SessionDep, user_id: UUID, connection_id: UUID) -> ConnectionOut:
    return next(_shown(each) for each in connections.known(session, user_id) if each.connection.id == connection_id)


def _shown(each: connections.Known) -> ConnectionOut:
    return ConnectionOut(
        id=each.connection.id,
        other_id=each.other_id,
        name=each.name,
        event_id=each.connection.event_id,
        status=each.connection.status,
        incoming=each.incoming,
        requested_at=each.connection.requested_at,
        answered_at=each.connection.answered_at,
    )


@router.post("/invitation", status_code=200)
def get_invitation(who: Member, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> InvitationOut:
    """Your own invitation, good for any number of people, and whom it brought; made when you first ask."""
    link = invitations.link_of(session, clock, who.user_id)
    brought = invitations.invited_by(session, who.user_id)
    return InvitationOut(
        code=shown_number(link.code),
        url=f"{settings.base_url}/events/invited/{link.code}",
        accepted=len(brought),
        came=sum(each.invitation.attended_at is not None for each in brought),
    )


@router.post("/invitation/accept", responses=problem_responses(404, 409, 422))
def accept_invitation(body: InvitationIn, who: Member, session: SessionDep, clock: ClockDep) -> InviterOut:
    """Say who invited you, before your first event."""
    made = invitations.accept(session, clock, who.user_id, body.code)
    return InviterOut(inviter_id=made.inviter_id, name=invitations.inviter_of(session, body.code).name)


@router.post("/calendar", status_code=201)
def make_feed(who: Member, session: SessionDep, clock: ClockDep, settings: SettingsDep) -> FeedOut:
    """Make a secret address for your calendar, shown this once; a former one is worth nothing from now on."""
    token = feeds.new_feed(session, clock, who.user_id)
    return FeedOut(url=f"{settings.base_url}/events/calendar/{token}.ics")


@router.delete("/calendar", status_code=204)
def revoke_feed(who: Member, session: SessionDep) -> Response:
    """Make the address of your calendar worth nothing."""
    feeds.revoke_feed(session, who.user_id)
    return Response(status_code=204)
