"""Who came to the events of another system. Whoever is called attended and has no check-in came with the beginning."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from guerdon.kernel.engagement.service.sets import among
from guerdon.programs.events.models import Attendance, AttendanceStatus, CheckInMethod, RegistrationStatus
from guerdon.programs.events.service.importing.context import WHY, Context, Pair
from guerdon.programs.events.service.importing.registrations import CAME, Registered
from guerdon.programs.events.service.importing.source import AttendeeRow

STAYED_AWAY = ("absent", "no_show", "registered", "cancelled", "canceled")
_CAN_COME = (RegistrationStatus.REGISTERED, RegistrationStatus.ATTENDED)


def bring_attendances(context: Context, registered: Registered) -> Sequence[Attendance]:
    """Bring in who came.

    Returns:
        What is new, by member.
    """
    here = _here(context)
    starts = context.starts()
    planned: dict[Pair, Attendance] = {}
    for row in context.source.event_attendees:
        pair = context.pair("event_attendees", row.row, row.user_id, row.event_id)
        if pair is None or pair in here or not _is_to_come(context, registered, row, pair):
            continue
        came_at = row.check_in_time or starts[pair[1]]
        if pair in planned:
            context.report.fault("event_attendees", row.row, "user_id", "they came to this event already")
        elif row.check_out_time is not None and row.check_out_time < came_at:
            context.report.fault("event_attendees", row.row, "check_out_time", "they left before they came")
        else:
            key = context.key("event_attendees", row.id)
            planned[pair] = _attendance(registered, key, pair, came_at, row.check_out_time)
    unseen = []
    for pair, wish in registered.live.items():
        if wish.status is RegistrationStatus.ATTENDED and pair not in here and pair not in planned:
            key = context.key("attended", str(wish.id))
            planned[pair] = _attendance(registered, key, pair, starts[pair[1]], None)
            unseen.append(wish.row)
    context.report.note("Registrations that are called attended and have no check-in: they came at the start", unseen)
    made = [planned[pair] for pair in sorted(planned)]
    context.report.new["event_attendees"] += len(made)
    context.keep(made)
    return made


def _is_to_come(context: Context, registered: Registered, row: AttendeeRow, pair: Pair) -> bool:
    word = row.status.lower()
    if word not in CAME and word not in STAYED_AWAY:
        context.report.fault("event_attendees", row.row, "status", f"'{row.status}' is no status of an attendee")
    if word not in CAME:
        return False
    if registered.live[pair].status not in _CAN_COME:
        problem = "here they wait for a place, so they cannot have come"
        context.report.fault("event_attendees", row.row, "user_id", problem)
        return False
    return True


def _here(context: Context) -> set[Pair]:
    query = select(Attendance.user_id, Attendance.event_id).where(
        among(Attendance.event_id, [event.id for event in context.events.values()]),
        Attendance.status == AttendanceStatus.ATTENDED,
    )
    return {(row.user_id, row.event_id) for row in context.session.execute(query)}


def _attendance(
    registered: Registered, key: UUID, pair: Pair, came_at: datetime, left_at: datetime | None
) -> Attendance:
    return Attendance(
        id=key,
        registration_id=registered.live[pair].id,
        user_id=pair[0],
        event_id=pair[1],
        status=AttendanceStatus.ATTENDED,
        check_in_time=came_at,
        check_out_time=left_at,
        method=CheckInMethod.STAFF,
        reason=WHY,
    )
