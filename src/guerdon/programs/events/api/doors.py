"""The door over HTTP: scanning, letting in by name, walk-ins, letting out, taking back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from guerdon.core.money import to_text
from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.ledger.catalogue import unit_of
from guerdon.programs.events.api.evening_bodies import (
    AdmissionOut,
    AttendanceOut,
    AtTheDoorOut,
    ByNameIn,
    DoorOut,
    EarnedOut,
    ReasonIn,
    ScanIn,
    WalkInIn,
)
from guerdon.programs.events.api.keys import SignerDep
from guerdon.programs.events.models import Attendance
from guerdon.programs.events.service import doors, guests, reading, undoing

router = APIRouter(prefix="/door")

Doorkeeper = Annotated[Principal, Depends(requires("events:door"))]


@router.post("/{event_id}/scans", status_code=201, responses=problem_responses(409, 422))
def scan(
    event_id: UUID,
    body: ScanIn,
    response: Response,
    who: Doorkeeper,
    session: SessionDep,
    clock: ClockDep,
    signer: SignerDep,
) -> AdmissionOut:
    """Let in whoever holds a ticket: 201 if they came in now, 200 with the time if they were in already."""
    return _answer(session, doors.check_in(session, clock, signer, event_id, body.code, actor_id=who.user_id), response)


@router.post("/{event_id}/by-name", status_code=201, responses=problem_responses(403, 409, 422))
def let_in_by_name(
    event_id: UUID, body: ByNameIn, response: Response, who: Doorkeeper, session: SessionDep, clock: ClockDep
) -> AdmissionOut:
    """Let in a registered member without a ticket, up to two weeks after the end, with a reason. Never oneself."""
    admission = doors.check_in_by_name(session, clock, event_id, body.user_id, actor_id=who.user_id, reason=body.reason)
    return _answer(session, admission, response)


@router.post("/{event_id}/walk-ins", status_code=201, responses=problem_responses(409))
def let_walk_in(
    event_id: UUID, body: WalkInIn, response: Response, who: Doorkeeper, session: SessionDep, clock: ClockDep
) -> AdmissionOut:
    """Let in a member who did not register, if the event takes walk-ins and has a place."""
    return _answer(
        session,
        doors.walk_in(session, clock, event_id, body.user_id, actor_id=who.user_id, paid_by=body.paid_by),
        response,
    )


@router.get("/{event_id}")
def show(
    event_id: UUID,
    _who: Doorkeeper,
    session: SessionDep,
    search: Annotated[Text, Query(max_length=200, description="Part of a name or address.")] = "",
) -> DoorOut:
    """How the evening stands, and who is expected or has come: those who came last first, then by name."""
    reading.get(session, event_id)
    standing = doors.count(session, event_id)
    people = guests.at_the_door(session, event_id, search=search)
    return DoorOut(
        expected=standing.expected,
        came=standing.came,
        inside=standing.inside,
        people=[
            AtTheDoorOut(
                user_id=each.user_id,
                name=each.name,
                account=each.account,
                status=each.status.value,
                attendance_id=each.attendance.id if each.attendance else None,
                check_in_time=each.attendance.check_in_time if each.attendance else None,
                check_out_time=each.attendance.check_out_time if each.attendance else None,
            )
            for each in people
        ],
    )


@router.post("/check-ins/{attendance_id}/check-out")
def let_out(attendance_id: UUID, _who: Doorkeeper, session: SessionDep, clock: ClockDep) -> AttendanceOut:
    """Note that somebody left."""
    return _attendance(doors.check_out(session, clock, attendance_id))


@router.post("/check-ins/{attendance_id}/undo", responses=problem_responses(403))
def undo(attendance_id: UUID, body: ReasonIn, who: Doorkeeper, session: SessionDep, clock: ClockDep) -> AttendanceOut:
    """Take a check-in back, with everything that it earned as far as that remains, and all that hangs on it."""
    return _attendance(undoing.undo_check_in(session, clock, attendance_id, actor_id=who.user_id, reason=body.reason))


def _answer(session: SessionDep, admission: doors.Admission, response: Response) -> AdmissionOut:
    if admission.already:
        response.status_code = 200
    outcome = admission.outcome
    return AdmissionOut(
        attendance_id=admission.attendance.id,
        user_id=admission.attendance.user_id,
        name=admission.name,
        already=admission.already,
        returned=admission.returned,
        check_in_time=admission.attendance.check_in_time,
        method=admission.attendance.method,
        earned=[
            EarnedOut(
                rule=each.rule, unit=each.unit, amount=to_text(each.amount_minor, unit_of(session, each.unit).scale)
            )
            for each in (outcome.awards if outcome else ())
        ],
        badges=outcome.badges if outcome else [],
        streaks=outcome.streaks if outcome else [],
    )


def _attendance(found: Attendance) -> AttendanceOut:
    return AttendanceOut(
        attendance_id=found.id,
        user_id=found.user_id,
        event_id=found.event_id,
        status=found.status.value,
        check_in_time=found.check_in_time,
        check_out_time=found.check_out_time,
    )
