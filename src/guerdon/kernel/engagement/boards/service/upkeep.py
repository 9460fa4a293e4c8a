"""What keeps boards right by itself: building from counters, ending and closing runs, checking, building anew."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import local_date
from guerdon.kernel.engagement.activities.models import Metric
from guerdon.kernel.engagement.activities.schemas import LIFE_START
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.boards.models import Board, BoardRun
from guerdon.kernel.engagement.boards.service.periods import ends_at, start_of
from guerdon.kernel.engagement.boards.service.reading import Shown

BUILD_BATCH = 2_000
"""Members whose counters are carried over in one transaction."""

_BEGIN = text(
    "SELECT engagement.begin_board(CAST(:board AS smallint), CAST(:periods AS text[]), CAST(:since AS date[]))"
)
_BUILD = text(
    "SELECT counted, last_owner FROM engagement.build_board("
    "CAST(:board AS smallint), CAST(:periods AS text[]), CAST(:since AS date[]), CAST(:after AS uuid), :limit)"
)


def closes_at(board: Board, metric: Metric, period: str, start: date, zone: str) -> datetime:
    """When a period of a board is closed: its end for everybody, and the time that is left for late facts."""
    ended = ends_at(period, start, by_member=metric.zone == "member", zone=zone)
    return ended + timedelta(hours=board.close_delay_h)


def is_over(session: Session, shown: Shown, period: str, start: date, now: datetime) -> bool:
    """Whether a period takes nothing more, not even what is told late."""
    if period == "life" or start >= now.date():
        return False
    zone = time_zone(session)
    return closes_at(shown.board, shown.metric, period, start, zone) <= now


def begin(session: Session, board: Board, now: datetime) -> None:
    """Open the first periods of a board that is going to be built, before anybody finds that it is."""
    values = {"board": board.id, "periods": board.periods, "since": _since(session, board, now)}
    session.execute(_BEGIN, values)


def build(session: Session, board_id: int, now: datetime) -> bool:
    """Carry the next members' counters into a board that is being built. Returns whether there may be more."""
    board = _locked(session, board_id)
    if board.status != "building":
        return False
    since = _since(session, board, now)
    values = {"board": board_id, "periods": board.periods, "since": since, "after": board.build_after}
    row = session.execute(_BUILD, values | {"limit": BUILD_BATCH}).one()
    board.build_done += row.counted
    board.build_total = max(board.build_total, board.build_done)
    board.build_after = row.last_owner or board.build_after
    if row.counted < BUILD_BATCH:
        board.status = "active"
    session.flush()
    return board.status == "building"


def _locked(session: Session, board_id: int) -> Board:
    """A board that nobody else changes meanwhile. Its key stays free: who opens a period of it for a late fact holds
    counters, and runs, that are locked next."""
    return session.scalars(select(Board).where(Board.id == board_id).with_for_update(key_share=True)).one()


def _since(session: Session, board: Board, now: datetime) -> list[date]:
    """The first day of the first period that is open, for each of a board's periods."""
    metric = session.scalars(select(Metric).where(Metric.id == board.metric_id)).one()
    zone = time_zone(session)
    return [_first_open(board, metric, period, now, zone) for period in board.periods]


def _first_open(board: Board, metric: Metric, period: str, now: datetime, zone: str) -> date:
    if period == "life":
        return LIFE_START
    start = start_of(period, local_date(now, ZoneInfo(zone)))
    while True:
        before = start_of(period, start - timedelta(days=1))
        if closes_at(board, metric, period, before, zone) <= now:
            return start
        start = before


def end_due(session: Session, now: datetime) -> list[int]:
    """End the runs whose time has come; they take nothing more. Returns those that have to be closed."""
    zone = time_zone(session)
    query = (
        select(BoardRun, Board, Metric)
        .join(Board, Board.id == BoardRun.board_id)
        .join(Metric, Metric.id == Board.metric_id)
        .where(BoardRun.state != "closed", BoardRun.period != "life", Board.status == "active")
        .where(BoardRun.period_start <= now.date())
        .order_by(BoardRun.id)
    )
    due = []
    for run, board, metric in session.execute(query).all():
        if run.state == "closing":
            due.append(run.id)
        elif closes_at(board, metric, run.period, run.period_start, zone) <= now:
            session.execute(text("SELECT engagement.end_run(:run)"), {"run": run.id})
            due.append(run.id)
    return due


def close(session: Session, run_id: int, now: datetime) -> int | None:
    """Write the places of a run that has ended, for good. Returns how many; None if it was closed already."""
    found: int | None = session.execute(
        text("SELECT engagement.close_run(:run, :now)"), {"run": run_id, "now": now}
    ).scalar_one()
    return found


def fold(session: Session) -> int:
    """Fold what changed into the buckets, and mend who slipped onto a board. Returns how many changes it took."""
    session.execute(text("SELECT engagement.mend_absences()"))
    folded: int = session.execute(text("SELECT engagement.fold_boards()")).scalar_one()
    return folded


def verify(session: Session) -> Sequence[Any]:
    """What does not add up: rows of ``fault, run_id, owner_id, expected, found``; empty when everything does."""
    return session.execute(text("SELECT * FROM engagement.verify_boards()")).all()


def rebuild(session: Session, board_id: int) -> None:
    """Have a board built anew from counters: its buckets now, its entries by ``build``. Closed runs stand."""
    board = _locked(session, board_id)
    runs = select(BoardRun.id).where(BoardRun.board_id == board.id, BoardRun.state == "open").order_by(BoardRun.id)
    for run_id in session.scalars(runs).all():
        session.execute(text("SELECT engagement.recount_run(:run)"), {"run": run_id})
    board.status, board.build_after, board.build_done = "building", None, 0
    session.flush()
