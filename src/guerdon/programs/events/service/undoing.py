"""Taking a check-in back, with everything that hangs on somebody having been there."""

from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.evening_errors import (
    OwnCheckInError,
)
from guerdon.programs.events.models import (
    Attendance,
    AttendanceStatus,
    Award,
    Connection,
    ConnectionStatus,
    Invitation,
    Result,
)
from guerdon.programs.events.seeds import BROUGHT, CONNECTED
from guerdon.programs.events.service.doors import locked_attendance
from guerdon.programs.events.service.facts import Told, take_back, told_under
from guerdon.programs.events.service.reasons import checked_reason


def undo_check_in(session: Session, clock: Clock, attendance_id: UUID, *, actor_id: UUID, reason: str) -> Attendance:
    """Say that somebody was not there after all: they are registered again, as before the check-in.

    The attendance stays, withdrawn. What it earned is reversed as far as it remains; so is what they won or were
    given at this event, the connections that they made there, and what their inviter got for their coming.

    Raises:
        ReasonRequiredError: no reason.
        AttendanceNotFoundError: nobody came in under this id, or it was taken back before.
        OwnCheckInError: it is one's own.
    """
    why = checked_reason(reason)
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
    told += _invitation(session, attendance)
    session.flush()
    take_back(session, clock, told, actor_id=actor_id, reason=why)
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


def _invitation(session: Session, attendance: Attendance) -> list[Told]:
    inviter_id = session.scalars(
        update(Invitation)
        .where(Invitation.attendance_id == attendance.id)
        .values(attended_at=None, attendance_id=None)
        .returning(Invitation.inviter_id)
    ).one_or_none()
    return [told_under(session, inviter_id, BROUGHT, attendance.id)] if inviter_id else []
