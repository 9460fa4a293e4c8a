"""Taking a check-in back, with everything that hangs on somebody having been there."""

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.evening_errors import AttendanceNotFoundError, OwnCheckInError
from guerdon.programs.events.models import (
    Attendance,
    AttendanceStatus,
    Award,
    Connection,
    ConnectionStatus,
    Event,
    EventStatus,
    Registration,
    Result,
)
from guerdon.programs.events.seeds import CONNECTED
from guerdon.programs.events.service import changing, invitations
from guerdon.programs.events.service.doors import locked_attendance
from guerdon.programs.events.service.facts import Told, take_back, tell, told_under
from guerdon.programs.events.service.reasons import checked_reason


def undo_check_in(session: Session, clock: Clock, attendance_id: UUID, *, actor_id: UUID, reason: str) -> Attendance:
    """Say that somebody was not there after all: they are registered again, as before the check-in; or, if the event
    was cancelled meanwhile, they are what everybody else became who was registered.

    The attendance stays, withdrawn. What it earned is reversed as far as it remains; so is what they won or were
    given at this event, the connections that they made there, and what their inviter got for their coming, unless
    they came to another event: then that one counts for the inviter.

    Raises:
        ReasonRequiredError: no reason.
        AttendanceNotFoundError: nobody came in under this id, or it was taken back before.
        OwnCheckInError: it is one's own.
    """
    why = checked_reason(reason)
    event = _locked_event(session, attendance_id)
    attendance = locked_attendance(session, attendance_id)
    if attendance.user_id == actor_id:
        raise OwnCheckInError(permission="events:door")
    attendance.status = AttendanceStatus.WITHDRAWN
    attendance.withdrawn_at = clock.now()
    attendance.withdrawn_by = actor_id
    attendance.withdrawal_reason = why
    told = [Told(attendance.user_id, attendance.activity_id)]
    told += _results(session, clock, attendance, why)
    told += _connections(session, clock, attendance)
    session.flush()
    if event.status is EventStatus.CANCELLED:
        changing.end_registrations(session, clock, actor_id, event, event.cancellation_reason or why)
    brought, instead = invitations.no_longer_attended(session, attendance)
    take_back(session, clock, [*told, *brought], actor_id=actor_id, reason=why)
    if instead:
        tell(session, clock, instead)
    announce(
        session,
        Act(
            "events.check_in_undone",
            "event",
            attendance.event_id,
            actor_id=actor_id,
            old={"user_id": str(attendance.user_id), "check_in_time": attendance.check_in_time.isoformat()},
            reason=why,
        ),
    )
    return attendance


def _locked_event(session: Session, attendance_id: UUID) -> Event:
    """The event of an attendance: nobody cancels it while somebody's place there is decided anew.

    The registration is locked with it, before the attendance, as at the door.
    """
    known = select(Attendance.event_id, Attendance.registration_id).where(Attendance.id == attendance_id)
    found = session.execute(known).one_or_none()
    if found is None:
        raise AttendanceNotFoundError
    event = changing.locked(session, found.event_id)
    session.execute(select(Registration.id).where(Registration.id == found.registration_id).with_for_update())
    return event


def _results(session: Session, clock: Clock, attendance: Attendance, why: str) -> list[Told]:
    here = {"user_id": attendance.user_id, "event_id": attendance.event_id, "withdrawn_at": None}
    rows: list[Result | Award] = [
        *session.scalars(select(Result).filter_by(**here).with_for_update()),
        *session.scalars(select(Award).filter_by(**here).with_for_update()),
    ]
    for row in rows:
        row.withdrawn_at = clock.now()
        row.withdrawal_reason = why
    return [Told(row.user_id, row.activity_id) for row in rows]


def _connections(session: Session, clock: Clock, attendance: Attendance) -> list[Told]:
    rows = session.scalars(
        select(Connection)
        .where(
            or_(
                Connection.requester_attendance_id == attendance.id, Connection.addressee_attendance_id == attendance.id
            ),
            Connection.status != ConnectionStatus.DECLINED,
        )
        .with_for_update()
    )
    found: list[Told] = []
    for row in rows:
        if row.status is ConnectionStatus.AGREED:
            found += [
                told_under(session, owner_id, CONNECTED, row.id) for owner_id in (row.requester_id, row.addressee_id)
            ]
        row.status = ConnectionStatus.DECLINED
        row.answered_at = clock.now()
    return found
