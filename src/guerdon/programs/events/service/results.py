"""How attendees did: who won, who was placed. Entered by staff; only those who were there can have a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.texts import one_line
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.programs.events.errors import EventNotFoundError
from guerdon.programs.events.evening_errors import (
    AbsenteeError,
    EventNotStartedError,
    NoteTooLongError,
    OwnResultError,
    PlaceInvalidError,
    ResultNotFoundError,
    SentTwiceError,
)
from guerdon.programs.events.models import Attendance, AttendanceStatus, Event, EventStatus, Result
from guerdon.programs.events.seeds import PLACED
from guerdon.programs.events.service.doors import happened
from guerdon.programs.events.service.facts import Told, fact, take_back, tell
from guerdon.programs.events.service.reasons import checked_reason

PLACED_MAX = 100
NOTE_LENGTH_MAX = 200
CHANGED = "The place was corrected."


@dataclass(frozen=True, slots=True)
class Placing:
    """A place to be entered; 1 has won, and several may share a place."""

    user_id: UUID
    placed: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A result with the name of who has it."""

    result: Result
    name: str


def enter_results(
    session: Session, clock: Clock, event_id: UUID, placings: Sequence[Placing], *, actor_id: UUID
) -> list[Result]:
    """Enter places: all of them or none. A place that stands is left alone, but for a note; another one replaces it.

    Raises:
        EventNotFoundError, EventNotStartedError: there is nothing to have results of.
        AbsenteeError: somebody was not there.
        OwnResultError: staff do not enter their own.
        PlaceInvalidError, NoteTooLongError, SentTwiceError: not a place from 1 to 100; too much said; a member twice.
    """
    event = session.get(Event, event_id)
    if event is None or event.status is not EventStatus.PUBLISHED:
        raise EventNotFoundError
    if clock.now() < event.start_time:
        raise EventNotStartedError
    _check(placings, actor_id)
    present = _locked_attendances(session, event_id, placings)
    stand = _standing(session, event_id, [placing.user_id for placing in placings])
    replaced = [
        Told(placing.user_id, stand[placing.user_id].activity_id)
        for placing in placings
        if placing.user_id in stand and stand[placing.user_id].placed != placing.placed
    ]
    notes = {user_id: result.note for user_id, result in stand.items()}
    notes |= {placing.user_id: note for placing in placings if (note := _note(placing))}
    for told in replaced:
        _withdraw(stand.pop(told.owner_id), clock, CHANGED)
    for user_id, result in stand.items():
        result.note = notes[user_id]
    session.flush()
    take_back(session, clock, replaced, actor_id=actor_id, reason=CHANGED)
    added = [
        Result(
            attendance_id=present[placing.user_id].id,
            user_id=placing.user_id,
            event_id=event_id,
            placed=placing.placed,
            note=notes.get(placing.user_id),
            recorded_by=actor_id,
            recorded_at=clock.now(),
        )
        for placing in placings
        if placing.user_id not in stand
    ]
    session.add_all(added)
    session.flush()
    facts = [
        fact(
            PLACED,
            result.user_id,
            result.id,
            happened(event, clock.now()),
            event_id=event_id,
            properties={"event_type": event.event_type, "placed": result.placed},
            actor_id=actor_id,
        )
        for result in added
    ]
    for result, outcome in zip(added, tell(session, clock, facts) if facts else [], strict=True):
        result.activity_id = outcome.activity_id
        announce(
            session,
            Act(
                "events.result_entered",
                "event",
                event_id,
                actor_id=actor_id,
                new={"user_id": str(result.user_id), "placed": result.placed},
            ),
        )
    session.flush()
    return [*stand.values(), *added]


def _note(placing: Placing) -> str | None:
    return one_line(placing.note or "") or None


def withdraw_result(session: Session, clock: Clock, result_id: UUID, *, actor_id: UUID, reason: str) -> Result:
    """Take a result back, with what it earned as far as it remains.

    Raises:
        ReasonRequiredError, ResultNotFoundError, OwnResultError.
    """
    why = checked_reason(reason)
    result = session.scalars(
        select(Result).where(Result.id == result_id, Result.withdrawn_at.is_(None)).with_for_update()
    ).one_or_none()
    if result is None:
        raise ResultNotFoundError
    if result.user_id == actor_id:
        raise OwnResultError(permission="events:award")
    _withdraw(result, clock, why)
    session.flush()
    take_back(session, clock, [Told(result.user_id, result.activity_id)], actor_id=actor_id, reason=why)
    announce(
        session,
        Act(
            "events.result_withdrawn",
            "event",
            result.event_id,
            actor_id=actor_id,
            old={"user_id": str(result.user_id), "placed": result.placed},
            reason=why,
        ),
    )
    return result


def results_of(session: Session, event_id: UUID) -> list[Placed]:
    """The places of an event, the first one first."""
    rows = session.execute(
        select(Result, User.name)
        .join(User, User.id == Result.user_id)
        .where(Result.event_id == event_id, Result.withdrawn_at.is_(None))
        .order_by(Result.placed, User.name, Result.id)
    )
    return [Placed(result, name) for result, name in rows]


def _check(placings: Sequence[Placing], actor_id: UUID) -> None:
    seen: set[UUID] = set()
    for placing in placings:
        if not 1 <= placing.placed <= PLACED_MAX:
            raise PlaceInvalidError(field="placed", placed_max=PLACED_MAX)
        if len(_note(placing) or "") > NOTE_LENGTH_MAX:
            raise NoteTooLongError(field="note", length_max=NOTE_LENGTH_MAX)
        if placing.user_id in seen:
            raise SentTwiceError(field="user_id")
        if placing.user_id == actor_id:
            raise OwnResultError(permission="events:award")
        seen.add(placing.user_id)


def _locked_attendances(session: Session, event_id: UUID, placings: Sequence[Placing]) -> dict[UUID, Attendance]:
    """Who was there; locked, so that no check-in is undone under a result."""
    found = {
        attendance.user_id: attendance
        for attendance in session.scalars(
            select(Attendance)
            .where(
                Attendance.event_id == event_id,
                Attendance.user_id.in_([placing.user_id for placing in placings]),
                Attendance.status == AttendanceStatus.ATTENDED,
            )
            .order_by(Attendance.user_id)
            .with_for_update()
        )
    }
    absent = [placing.user_id for placing in placings if placing.user_id not in found]
    if absent:
        names = session.scalars(select(User.name).where(User.id.in_(absent)).order_by(User.name)).all()
        raise AbsenteeError(field="user_id", names=", ".join(names) or str(absent[0]))
    return found


def _standing(session: Session, event_id: UUID, user_ids: Sequence[UUID]) -> dict[UUID, Result]:
    rows = session.scalars(
        select(Result)
        .where(Result.event_id == event_id, Result.user_id.in_(user_ids), Result.withdrawn_at.is_(None))
        .with_for_update()
    )
    return {result.user_id: result for result in rows}


def _withdraw(result: Result, clock: Clock, reason: str) -> None:
    result.withdrawn_at = clock.now()
    result.withdrawal_reason = reason
