"""What a member has to look back on: the events that they attended."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from guerdon.programs.events.models import Attendance, AttendanceStatus, Event, Result


@dataclass(frozen=True, slots=True)
class Attended:
    """An event that a member attended, the place that they took, and the points that attending gave."""

    attendance: Attendance
    event: Event
    placed: int | None
    points: int


def attended(session: Session, user_id: UUID, *, before: UUID | None = None, limit: int = 25) -> list[Attended]:
    """A member's events, the latest check-in first.

    Args:
        before: the attendance after which the list goes on.
    """
    query = (
        select(Attendance, Event, Result.placed)
        .join(Event, Event.id == Attendance.event_id)
        .outerjoin(Result, (Result.attendance_id == Attendance.id) & Result.withdrawn_at.is_(None))
        .where(Attendance.user_id == user_id, Attendance.status == AttendanceStatus.ATTENDED)
        .order_by(Attendance.check_in_time.desc(), Attendance.id.desc())
        .limit(limit)
    )
    if before is not None:
        place = select(Attendance.check_in_time, Attendance.id).where(
            Attendance.id == before, Attendance.user_id == user_id
        )
        query = query.where(tuple_(Attendance.check_in_time, Attendance.id) < place.scalar_subquery())
    rows = session.execute(query).all()
    points = _points(session, user_id, [row[1].id for row in rows])
    return [Attended(attendance, event, placed, points.get(event.id, 0)) for attendance, event, placed in rows]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a member's points.

    Attributes:
        kind: why, as the ledger names it.
        what: at which event, for which activity, or why it was taken back.
    """

    kind: str
    what: str
    points: int
    at: datetime


def latest_points(session: Session, user_id: UUID, limit: int) -> list[Change]:
    """The latest changes of a member's points."""
    rows = session.execute(
        text(
            "SELECT transaction_type, description, points, transaction_date FROM events.points_transactions"
            " WHERE user_id = :user_id ORDER BY id DESC LIMIT :limit"
        ),
        {"user_id": user_id, "limit": limit},
    )
    return [Change(row[0], row[1] or "", int(row[2]), row[3]) for row in rows]


def _points(session: Session, user_id: UUID, event_ids: list[UUID]) -> dict[UUID, int]:
    rows = session.execute(
        text(
            "SELECT event_id, sum(points) AS points FROM events.points_transactions"
            " WHERE user_id = :user_id AND event_id = ANY(:event_ids) GROUP BY event_id"
        ),
        {"user_id": user_id, "event_ids": event_ids},
    )
    return {row.event_id: int(row.points) for row in rows}
