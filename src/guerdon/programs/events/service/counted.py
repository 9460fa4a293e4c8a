"""What of an event is settled once somebody is checked in, because points, streaks and badges have counted it."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.kernel.engagement.activities.service.community import zone_of_community
from guerdon.programs.events.errors import EventAttendedError
from guerdon.programs.events.models import Attendance, AttendanceStatus, Event, Registration, RegistrationStatus


def check_stays(session: Session, event: Event, *, start: datetime, event_type: str) -> None:
    """Refuse to move an event to another day, or to give it another type, while check-ins stand.

    Attendances have counted on its day and as of its type; to have them count elsewhere is to take them back first. The
    event is locked by the caller.

    Raises:
        EventAttendedError: somebody is checked in.
    """
    zone = zone_of_community(session)
    field = "event_type" if event_type != event.event_type else "start_time"
    if event_type == event.event_type and local_date(start, zone) == local_date(event.start_time, zone):
        return
    # Whoever is being checked in holds their registration until that is done; it is waited for.
    session.execute(
        select(Registration.id)
        .where(Registration.event_id == event.id, Registration.status == RegistrationStatus.REGISTERED)
        .order_by(Registration.id)
        .with_for_update()
    )
    came = exists().where(Attendance.event_id == event.id, Attendance.status == AttendanceStatus.ATTENDED)
    if session.scalar(select(came)):
        occasion = f" ({local_date(event.start_time, zone).isoformat()})" if event.series_id else ""
        raise EventAttendedError(field=field, occasion=occasion)
