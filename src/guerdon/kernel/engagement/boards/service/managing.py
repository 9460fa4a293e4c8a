"""Boards defined, activated, changed and hidden by staff or brought by programs, and who wants to be shown."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.models import Counter, Member, Metric
from guerdon.kernel.engagement.boards.errors import (
    BoardActiveError,
    BoardCodeError,
    BoardExistsError,
    BoardMetricUnknownError,
    BoardPeriodsError,
)
from guerdon.kernel.engagement.boards.jobs import BUILD
from guerdon.kernel.engagement.boards.models import Board
from guerdon.kernel.engagement.boards.schemas import BoardChange, Draft
from guerdon.kernel.engagement.boards.seeds import PERIODS, BoardSeed
from guerdon.kernel.engagement.boards.service import reading, upkeep
from guerdon.kernel.faults import ProgramFaultError
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.worker.queue import enqueue

_CODE = re.compile(r"[a-z][a-z0-9_]{0,62}")
EARNED = "ledger:earned."


def metrics(session: Session) -> list[tuple[str, str]]:
    """Every metric that a board can be over, as (``program:code``, title); what is earned of each unit comes last."""
    counted = session.execute(
        select(Metric.program, Metric.code, Metric.title).where(Metric.unit_id.is_(None)).order_by(Metric.program)
    )
    found = [(f"{program}:{code}", title) for program, code, title in counted]
    return found + [(EARNED + code, unit.name) for code, (_, unit) in sorted(catalogue(session).units.items())]


def metric_id(session: Session, name: str) -> int | None:
    """The number of a metric by ``program:code``; None if there is no such one."""
    if name.startswith(EARNED):
        found = catalogue(session, fresh=True).units.get(name.removeprefix(EARNED))
        if found is None:
            return None
        earned = text("SELECT engagement.earned_metric(CAST(:unit AS smallint))")
        return int(session.execute(earned, {"unit": found[0]}).scalar_one())
    program, _, code = name.partition(":")
    return session.scalars(select(Metric.id).where(Metric.program == program, Metric.code == code)).one_or_none()


def define(session: Session, draft: Draft, *, actor_id: UUID | None) -> reading.Shown:
    """Write a board down as a draft; it counts nothing until it is activated.

    Raises:
        FieldErrors: names each field at fault.
        BoardExistsError: the program has one of this code.
    """
    faults: list[FieldError] = []
    if not _CODE.fullmatch(draft.code):
        faults.append(BoardCodeError(field="code"))
    if not draft.periods or not set(draft.periods) <= set(PERIODS):
        faults.append(BoardPeriodsError(field="periods"))
    metric = metric_id(session, draft.metric)
    if metric is None:
        faults.append(BoardMetricUnknownError(field="metric", metric=draft.metric[:200]))
    if faults:
        raise FieldErrors(faults)
    written = session.scalars(
        insert(Board)
        .values(
            program=draft.program,
            code=draft.code,
            title=draft.title,
            description=draft.description,
            metric_id=metric,
            periods=[period for period in PERIODS if period in draft.periods],
            ranking=draft.ranking,
            close_delay_h=draft.close_delay_h,
            display_order=draft.display_order,
            created_by=actor_id,
        )
        .on_conflict_do_nothing(index_elements=[Board.program, Board.code])
        .returning(Board.id)
    ).one_or_none()
    if written is None:
        raise BoardExistsError(board=f"{draft.program}.{draft.code}")
    shown = reading.get(session, draft.program, draft.code, for_staff=True)
    _announce(session, "engagement.board_defined", shown, actor_id)
    return shown


def activate(session: Session, program: str, code: str, now: datetime, *, actor_id: UUID | None) -> reading.Shown:
    """Let a board count, beginning with what its metric has counted in the periods that are open.

    Raises:
        BoardNotFoundError: there is none.
        BoardActiveError: it counts already.
    """
    shown = reading.get(session, program, code, for_staff=True, lock=True)
    if shown.board.status != "draft":
        raise BoardActiveError(board=shown.name)
    start(session, shown.board, now)
    _announce(session, "engagement.board_activated", shown, actor_id)
    return shown


def start(session: Session, board: Board, now: datetime) -> None:
    """Make a board active, through a job that builds it where its metric has a past."""
    has_past = session.scalar(select(exists().where(Counter.metric_id == board.metric_id)))
    board.status = "building" if has_past else "active"
    if has_past:
        board.build_total = session.scalar(select(func.count()).select_from(Member)) or 0
        board.build_done, board.build_after = 0, None
        upkeep.begin(session, board, now)
        enqueue(session, BUILD, dedupe_key=f"board:{board.id}", board_id=board.id)
    session.flush()


def change(session: Session, program: str, code: str, wanted: BoardChange, *, actor_id: UUID | None) -> reading.Shown:
    """Change how a board is shown, numbered and closed; closed runs stay as they are.

    Raises:
        BoardNotFoundError: there is none.
    """
    shown = reading.get(session, program, code, for_staff=True, lock=True)
    board = shown.board
    before = _words(board)
    board.title, board.description, board.ranking = wanted.title, wanted.description, wanted.ranking
    board.is_hidden, board.close_delay_h, board.display_order = (
        wanted.hidden,
        wanted.close_delay_h,
        wanted.display_order,
    )
    session.flush()
    if _words(board) != before:
        _announce(session, "engagement.board_changed", shown, actor_id, before)
    return shown


def _words(board: Board) -> dict[str, object]:
    names = ("title", "description", "ranking", "is_hidden", "close_delay_h", "display_order")
    return {name: getattr(board, name) for name in names}


def _announce(
    session: Session, action: str, shown: reading.Shown, actor_id: UUID | None, before: dict[str, object] | None = None
) -> None:
    new = _words(shown.board) | {"periods": list(shown.board.periods), "status": shown.board.status}
    announce(session, Act(action, "board", None, actor_id, before, new, detail={"board": shown.name}))


def show(session: Session, user_id: UUID, *, shown: bool) -> None:
    """Let others see a member on boards, or not. Who is not shown holds no rank; doing it twice is no error."""
    session.execute(
        text("SELECT engagement.set_absence(:user, 'opted_out', :absent)"), {"user": user_id, "absent": not shown}
    )


def install(session: Session, program: str, seeds: Sequence[BoardSeed], now: datetime) -> None:
    """Put in the boards of a program; those that there are, whatever staff made of them, are left alone.

    Raises:
        ProgramFaultError: a board is over a metric that nobody has.
    """
    known = set(session.scalars(select(Board.code).where(Board.program == program)))
    for seed in seeds:
        if seed.code in known:
            continue
        name = seed.metric if ":" in seed.metric else f"{program}:{seed.metric}"
        metric = metric_id(session, name)
        if metric is None:
            raise ProgramFaultError(
                program=program, problem=f"The leaderboard '{seed.code}' is over '{name}', which is no metric."
            )
        board = Board(
            program=program,
            code=seed.code,
            title=seed.title,
            description=seed.description,
            metric_id=metric,
            periods=list(seed.periods),
            ranking=seed.ranking,
            close_delay_h=seed.close_delay_h,
            display_order=seed.display_order,
        )
        session.add(board)
        session.flush()
        start(session, board, now)
