"""Boards, their runs and the places on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.core.money import to_text
from guerdon.db.statement import Row, Statement
from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.activities.service.checking import FIRST_YEAR
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.boards.errors import (
    BoardDraftError,
    BoardNotFoundError,
    RunNotBegunError,
    RunNotFoundError,
)
from guerdon.kernel.engagement.boards.models import HELD_BY, Board, BoardAbsence, BoardEntry, BoardRun, Finish, Place
from guerdon.kernel.engagement.boards.schemas import Own, Stretch
from guerdon.kernel.engagement.boards.service.periods import FIRST_ZONE_AHEAD, start_of
from guerdon.kernel.ledger.catalogue import catalogue

NEIGHBOURS = 3
NEIGHBOURS_MAX = 20
TOP_MAX = 200

_COLUMNS = "user_id, name, score, reached_at, own, first_rank, equals"
_AROUND = Statement(
    f"SELECT {_COLUMNS} FROM engagement.board_around(:run, :ranking, :owner, :neighbours, :reader, :all)"  # noqa: S608
)
_TOP = Statement(
    f"SELECT {_COLUMNS}"  # noqa: S608
    " FROM engagement.board_top(:run, :ranking, :score, CAST(:reached AS timestamptz), :skip, :limit, :reader, :all)"
)
_RANK = Statement("SELECT engagement.board_rank(:run, :ranking, :score, :reached, :owner)")
_PAST = Statement(
    "SELECT rank, user_id, name, score, reached_at, own, position"
    " FROM engagement.past_places(:run, :from, :limit, :owner, :reader, :all)"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A board with what it counts.

    Attributes:
        unit: code of the unit of its scores, None where things are counted; ``unit_name`` (a message id) and ``scale``
            are the unit's.
    """

    board: Board
    metric: Metric
    unit: str | None
    unit_name: str
    scale: int

    @property
    def name(self) -> str:
        """``program.code``."""
        return f"{self.board.program}.{self.board.code}"

    def score(self, score: int) -> str:
        """A score as people read it, a decimal."""
        return to_text(score, self.scale)


def boards(session: Session, *, for_staff: bool = False) -> list[Shown]:
    """Every board that a reader may see, in the order of display; drafts and hidden ones are for staff."""
    query = select(Board, Metric).join(Metric, Metric.id == Board.metric_id)
    if not for_staff:
        query = query.where(Board.status != "draft", Board.is_hidden.is_(False))
    query = query.order_by(Board.program, Board.display_order, Board.code)
    return [_shown(session, board, metric) for board, metric in session.execute(query)]


def get(session: Session, program: str, code: str, *, for_staff: bool = False, lock: bool = False) -> Shown:
    """One board.

    Raises:
        BoardNotFoundError: there is none, or not for this reader.
    """
    query = select(Board, Metric).join(Metric, Metric.id == Board.metric_id)
    query = query.where(Board.program == program, Board.code == code)
    if lock:
        query = query.with_for_update(of=Board, key_share=True).execution_options(populate_existing=True)
    row = session.execute(query).one_or_none()
    if row is None or not (for_staff or (row[0].status != "draft" and not row[0].is_hidden)):
        raise BoardNotFoundError(board=f"{program}.{code}"[:200])
    return _shown(session, row[0], row[1])


def _shown(session: Session, board: Board, metric: Metric) -> Shown:
    unit = catalogue(session).units_by_id[metric.unit_id] if metric.unit_id is not None else None
    return Shown(board, metric, unit.code if unit else None, unit.name if unit else "", unit.scale if unit else 0)


def current_start(session: Session, shown: Shown, period: str, now: datetime, reader_zone: str) -> date:
    """The first day of the period that it is now: by the community's zone, or the reader's where each has their own."""
    by_member = shown.metric.zone == "member"
    zone = reader_zone if by_member else time_zone(session)
    return start_of(period, local_date(now, ZoneInfo(zone)))


def run(session: Session, shown: Shown, period: str, start: date, now: datetime) -> BoardRun | None:
    """The run of a period; None if nobody has counted in it yet.

    Raises:
        RunNotFoundError: the board has no such periods, or nothing can ever have counted in this one.
        RunNotBegunError: it has not begun for anybody.
        BoardDraftError: it is still being built.
    """
    if period not in shown.board.periods or start_of(period, start) != start:
        raise RunNotFoundError
    if shown.board.status != "active":
        raise BoardDraftError(board=shown.name)
    query = select(BoardRun).where(
        BoardRun.board_id == shown.board.id, BoardRun.period == period, BoardRun.period_start == start
    )
    found = session.scalars(query).one_or_none()
    if found is None and period != "life":
        if start < start_of(period, date(FIRST_YEAR, 1, 1)):
            raise RunNotFoundError
        if start > _latest_start(session, shown, period, now):
            raise RunNotBegunError
    return found


def _latest_start(session: Session, shown: Shown, period: str, now: datetime) -> date:
    """The first day of the latest period that has begun for anybody."""
    if shown.metric.zone == "member":
        return start_of(period, (now.astimezone(UTC) + FIRST_ZONE_AHEAD).date())
    return current_start(session, shown, period, now, "UTC")


def runs(session: Session, shown: Shown, period: str, *, before: date | None = None, limit: int) -> Sequence[BoardRun]:
    """The runs of a period, the latest first."""
    query = select(BoardRun).where(BoardRun.board_id == shown.board.id, BoardRun.period == period)
    if before is not None:
        query = query.where(BoardRun.period_start < before)
    return session.scalars(query.order_by(BoardRun.period_start.desc()).limit(limit)).all()


def top(
    session: Session,
    shown: Shown,
    found: BoardRun,
    reader_id: UUID | None,
    *,
    after: Sequence[Any] | None = None,
    limit: int,
    knows_all: bool = False,
) -> list[Stretch]:
    """Places from the top, or those after a page.

    Args:
        after: what ``key_after`` gave for the page before.
        knows_all: names private profiles too; for staff.
    """
    common = {"run": found.id, "reader": reader_id, "limit": limit, "all": knows_all}
    if found.state == "closed":
        place = {"from": after[2] if after else 1, "owner": reader_id}
        return [Stretch(*row) for row in _PAST.rows(session, **(common | place))]
    score, reached, skip = after or (None, None, 0)
    values = common | {"ranking": shown.board.ranking, "score": score, "reached": reached, "skip": skip}
    return _numbered(_TOP.rows(session, **values), shown.board.ranking, from_top=after is None)


def _numbered(rows: Sequence[Row], ranking: str, *, from_top: bool) -> list[Stretch]:
    """Places with their ranks, from that of the first one and how many share it; the rest lies before our eyes."""
    found: list[Stretch] = []
    rank, former, first, beyond = 0, 0, 0, 0
    for number, (user_id, name, score, reached_at, own_place, first_rank, equals) in enumerate(rows):
        if number == 0:
            rank, first = first_rank, score
        elif ranking == "row":
            rank += 1
        elif score != former:
            # Whom the first group has before the stretch is known once it ends.
            if ranking == "rank" and not from_top and former == first:
                beyond = first_rank + equals - 1 - number
            rank = rank + 1 if ranking == "dense" else number + 1 + beyond
        former = score
        found.append(Stretch(rank, user_id, name, score, reached_at, own_place))
    return found


def key_after(page: Sequence[Stretch], after: Sequence[Any] | None = None) -> tuple[int, datetime, int]:
    """Where the page after this one begins, without naming anybody: score and moment of its last place and how many
    with both of them have been shown; of a closed run, the next position."""
    last = page[-1]
    if last.position is not None:
        return last.score, last.reached_at, last.position + 1
    alike = sum((each.score, each.reached_at) == (last.score, last.reached_at) for each in page)
    if after is not None and (after[0], after[1]) == (last.score, last.reached_at):
        alike += after[2]
    return last.score, last.reached_at, alike


def around(
    session: Session,
    shown: Shown,
    found: BoardRun,
    user_id: UUID,
    reader_id: UUID,
    *,
    neighbours: int = NEIGHBOURS,
    knows_all: bool = False,
) -> list[Stretch]:
    """A member's place in a run that is not closed, with those before and after; empty without a place."""
    values = {"run": found.id, "ranking": shown.board.ranking, "owner": user_id, "neighbours": neighbours}
    values |= {"reader": reader_id, "all": knows_all}
    return _numbered(_AROUND.rows(session, **values), shown.board.ranking, from_top=False)


def own(
    session: Session,
    shown: Shown,
    found: BoardRun | None,
    user_id: UUID,
    *,
    neighbours: int = NEIGHBOURS,
    reader_id: UUID | None = None,
    knows_all: bool = False,
) -> Own:
    """Where a member stands, with those before and after them."""
    is_shown = not absent(session, user_id)
    if found is None:
        return Own(None, 0, is_shown, [])
    common = {"run": found.id, "owner": user_id, "reader": reader_id or user_id, "all": knows_all}
    if found.state == "closed":
        return _past(session, common, is_shown=is_shown, neighbours=neighbours)
    places = around(session, shown, found, user_id, reader_id or user_id, neighbours=neighbours, knows_all=knows_all)
    mine = next((each for each in places if each.own), None)
    if mine is not None:
        return Own(mine.rank, mine.score, True, places)
    entry = session.get(BoardEntry, (user_id, found.id))
    if entry is None or entry.score <= 0:
        return Own(None, entry.score if entry else 0, is_shown, [])
    place = {"score": entry.score, "reached": entry.reached_at, "ranking": shown.board.ranking}
    return Own(_RANK.row(session, run=found.id, owner=user_id, **place)[0], entry.score, False, [])


def _past(session: Session, common: dict[str, Any], *, is_shown: bool, neighbours: int) -> Own:
    query = select(Place.rank, Place.score, Place.position).join(Finish, HELD_BY)
    query = query.where(Finish.run_id == common["run"], Finish.user_id == common["owner"])
    mine = session.execute(query).one_or_none()
    if mine is None:
        return Own(None, 0, is_shown, [])
    first = max(1, mine.position - neighbours)
    limit = mine.position - first + neighbours + 1
    rows = _PAST.rows(session, **(common | {"from": first, "limit": limit}))
    return Own(mine.rank, mine.score, is_shown, [Stretch(*row) for row in rows])


def absent(session: Session, user_id: UUID) -> bool:
    """Whether a member is on no board."""
    return bool(session.scalar(select(exists().where(BoardAbsence.owner_id == user_id))))
