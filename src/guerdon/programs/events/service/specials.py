"""Points that staff give for special activities: helping with the chairs, telling a story, cleaning up."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.core.texts import is_blank, one_line
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.programs.events.errors import EventNotFoundError
from guerdon.programs.events.evening_errors import (
    AbsenteeError,
    AwardNotFoundError,
    AwardTitleError,
    OwnAwardError,
    PointsInvalidError,
)
from guerdon.programs.events.models import Attendance, AttendanceStatus, Award, Event
from guerdon.programs.events.seeds import SPECIAL, SPECIAL_POINTS_MAX
from guerdon.programs.events.service.facts import Told, fact, take_back, tell
from guerdon.programs.events.service.reasons import checked_reason

TITLE_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Given:
    """An award with the name of who has it."""

    award: Award
    name: str


def award(
    session: Session,
    clock: Clock,
    user_id: UUID,
    *,
    points: int,
    title: str,
    reason: str,
    actor_id: UUID,
    event_id: UUID | None = None,
    award_id: UUID | None = None,
) -> Award:
    """Give a member points for a special activity.

    Args:
        title: what they did, as their statement says it.
        event_id: where; only for who was there.
        award_id: chosen by the caller, so that one form gives once.

    Raises:
        ReasonRequiredError, AwardTitleError, PointsInvalidError: what is missing, or not from 1 to 1000 points.
        OwnAwardError: nobody gives points to themselves.
        AbsenteeError, EventNotFoundError: the event.
        NotFoundError: there is no such account.
    """
    why, name = checked_reason(reason), one_line(title)
    if is_blank(name) or len(name) > TITLE_LENGTH_MAX:
        raise AwardTitleError(field="title", length_max=TITLE_LENGTH_MAX)
    if not 1 <= points <= SPECIAL_POINTS_MAX:
        raise PointsInvalidError(field="points", points_max=SPECIAL_POINTS_MAX)
    if user_id == actor_id:
        raise OwnAwardError(permission="events:award")
    account = get_account(session, user_id)
    if event_id is not None:
        _check_present(session, event_id, user_id, account.name)
    made = Award(
        id=award_id or new_id(),
        user_id=user_id,
        event_id=event_id,
        title=name,
        points=points,
        reason=why,
        awarded_by=actor_id,
        awarded_at=clock.now(),
    )
    session.add(made)
    session.flush()
    [outcome] = tell(
        session,
        clock,
        [
            fact(
                SPECIAL,
                user_id,
                made.id,
                clock.now(),
                event_id=event_id,
                properties={"points": points, "title": name},
                actor_id=actor_id,
            )
        ],
    )
    made.activity_id = outcome.activity_id
    session.flush()
    new = {"user_id": str(user_id), "points": points, "title": name}
    announce(session, Act("events.special_awarded", "special_award", made.id, actor_id=actor_id, new=new, reason=why))
    return made


def withdraw_award(session: Session, clock: Clock, award_id: UUID, *, actor_id: UUID, reason: str) -> Award:
    """Take points back that were given, as far as they remain.

    Raises:
        ReasonRequiredError, AwardNotFoundError, OwnAwardError.
    """
    why = checked_reason(reason)
    found = session.scalars(
        select(Award).where(Award.id == award_id, Award.withdrawn_at.is_(None)).with_for_update()
    ).one_or_none()
    if found is None:
        raise AwardNotFoundError
    if found.user_id == actor_id:
        raise OwnAwardError(permission="events:award")
    found.withdrawn_at = clock.now()
    found.withdrawal_reason = why
    session.flush()
    take_back(session, clock, [Told(found.user_id, found.activity_id)], actor_id=actor_id, reason=why)
    old = {"user_id": str(found.user_id), "points": found.points, "title": found.title}
    announce(
        session, Act("events.special_withdrawn", "special_award", award_id, actor_id=actor_id, old=old, reason=why)
    )
    return found


def given_at(session: Session, event_id: UUID) -> list[Given]:
    """What was given at an event, the latest first."""
    rows = session.execute(
        select(Award, User.name)
        .join(User, User.id == Award.user_id)
        .where(Award.event_id == event_id, Award.withdrawn_at.is_(None))
        .order_by(Award.awarded_at.desc(), Award.id.desc())
    )
    return [Given(made, name) for made, name in rows]


def _check_present(session: Session, event_id: UUID, user_id: UUID, name: str) -> None:
    if session.get(Event, event_id) is None:
        raise EventNotFoundError
    present = session.scalars(
        select(Attendance.id)
        .where(
            Attendance.event_id == event_id,
            Attendance.user_id == user_id,
            Attendance.status == AttendanceStatus.ATTENDED,
        )
        .with_for_update()
    ).one_or_none()
    if present is None:
        raise AbsenteeError(field="user_id", names=name)
