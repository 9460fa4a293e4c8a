"""The boards' part of a copy of personal data, and of what goes when an account is erased."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.boards.models import HELD_BY, Board, BoardAbsence, BoardEntry, BoardRun, Finish, Place
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    columns = (Board.program, Board.code, BoardRun.period, BoardRun.period_start)
    joined = select(*columns, BoardEntry.score, BoardEntry.reached_at).join_from(BoardEntry, BoardRun, _run(BoardEntry))
    scores = session.execute(joined.join(Board).where(BoardEntry.owner_id == user_id)).mappings()
    yield json_file("scores.json", [dict(row) for row in scores])
    held = select(*columns, Place.rank, Place.score, Place.reached_at).join_from(Place, BoardRun, _run(Place))
    held = held.join(Finish, HELD_BY).join(Board).where(Finish.user_id == user_id, BoardRun.state == "closed")
    places = session.execute(held).mappings()
    yield json_file("places.json", [dict(row) for row in places])
    absences = session.scalars(select(BoardAbsence).where(BoardAbsence.owner_id == user_id))
    yield json_file("absences.json", [{"reason": each.reason, "since": each.since} for each in absences])


def _run(model: type[BoardEntry] | type[Place]) -> ColumnElement[bool]:
    return model.run_id == BoardRun.id


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    del clock
    session.execute(text("SELECT engagement.forget_on_boards(:user)"), {"user": user_id})


PART = PersonalData("leaderboards", _export, _erase)
