"""Background work of leaderboards: building, folding, ending and closing."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.boards.service import upkeep
from guerdon.worker.queue import enqueue
from guerdon.worker.tasks import Task


def _build(session: Session, clock: Clock, board_id: int) -> None:
    """One batch of members is one transaction; the rest is a job of its own."""
    if upkeep.build(session, board_id, clock.now()):
        enqueue(session, BUILD, dedupe_key=f"board:{board_id}", board_id=board_id)


def _end_due(session: Session, clock: Clock) -> None:
    for run_id in upkeep.end_due(session, clock.now()):
        enqueue(session, CLOSE, dedupe_key=f"board run:{run_id}", run_id=run_id)


def _close(session: Session, clock: Clock, run_id: int) -> None:
    upkeep.close(session, run_id, clock.now())


def _fold(session: Session, clock: Clock) -> None:
    del clock
    upkeep.fold(session)


def rebuild(session: Session, board_id: int) -> None:
    """Have a board built anew. Whoever builds it at once may be stopped: the worker goes on with what is left."""
    upkeep.rebuild(session, board_id)
    enqueue(session, BUILD, dedupe_key=f"board:{board_id}", board_id=board_id)


BUILD = Task("engagement.build_board", _build)
END_DUE = Task("engagement.end_board_runs", _end_due, cron="*/15 * * * *")
CLOSE = Task("engagement.close_board_run", _close)
FOLD = Task("engagement.fold_boards", _fold, cron="* * * * *")
TASKS = (BUILD, END_DUE, CLOSE, FOLD)
