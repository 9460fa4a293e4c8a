"""``/api/v1/leaderboards``: boards, places, where one stands, and what staff define."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, encode_cursor, page_of
from guerdon.http.schemas import Day, Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.boards.models import BoardRun
from guerdon.kernel.engagement.boards.schemas import (
    BoardChange,
    BoardOut,
    Draft,
    NewBoard,
    Own,
    OwnOut,
    PlaceOut,
    RunOut,
    StandOut,
    Stretch,
    Visibility,
)
from guerdon.kernel.engagement.boards.seeds import BoardPeriod
from guerdon.kernel.engagement.boards.service import managing, reading
from guerdon.kernel.engagement.boards.service.upkeep import is_over
from guerdon.kernel.identity.service.accounts import get_account

router = APIRouter(prefix="/api/v1/leaderboards", tags=["leaderboards"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Program = Annotated[Text, Path(max_length=100, examples=["events"])]
Code = Annotated[Text, Path(max_length=63, examples=["points"])]
PeriodQuery = Annotated[BoardPeriod, Query(description="Which of the board's periods.")]
StartQuery = Annotated[Day | None, Query(description="First day of a period that is over; none for the present one.")]
Neighbours = Annotated[int, Query(ge=0, le=reading.NEIGHBOURS_MAX, description="How many before and after.")]


@router.get("")
def list_boards(who: SignedIn, session: SessionDep) -> list[BoardOut]:
    """The leaderboards; drafts and hidden ones only for staff."""
    return [show_board(each) for each in reading.boards(session, for_staff=who.may("engagement:read"))]


@router.post("", status_code=201, responses=problem_responses(409))
def define_board(body: NewBoard, who: Configurer, session: SessionDep) -> BoardOut:
    """Define a leaderboard over a metric, as a draft: it counts nothing until it is activated."""
    draft = Draft(**{**body.model_dump(), "periods": tuple(body.periods)})
    return show_board(managing.define(session, draft, actor_id=who.user_id))


@router.get("/visibility")
def get_visibility(who: SignedIn, session: SessionDep) -> Visibility:
    """Whether others see you on leaderboards."""
    return Visibility(shown=not reading.absent(session, who.user_id))


@router.put("/visibility")
def set_visibility(body: Visibility, who: SignedIn, session: SessionDep) -> Visibility:
    """Let others see you on leaderboards, or not. Who is not shown holds no rank: the others move up."""
    managing.show(session, who.user_id, shown=body.shown)
    return Visibility(shown=not reading.absent(session, who.user_id))


@router.get("/{program}/{code}", responses=problem_responses(404, 409))
def get_places(
    program: Program,
    code: Code,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    period: PeriodQuery,
    start: StartQuery = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> StandOut:
    """Places from the top. A period that is closed never changes; the present one is exact at every moment."""
    shown = reading.get(session, program, code, for_staff=who.may("engagement:read"))
    first = start or reading.current_start(session, shown, period, clock.now(), who.time_zone)
    found = reading.run(session, shown, period, first, clock.now())
    after = decode_cursor(cursor, int, datetime, int)
    if found is None:
        over = is_over(session, shown, period, first, clock.now())
        return StandOut(board=shown.name, run=empty_run(period, first, over=over), items=[])
    rows = reading.top(session, shown, found, who.user_id, after=after, limit=limit + 1)
    places = rows[:limit]
    more = encode_cursor(*reading.key_after(places, after)) if len(rows) > limit else None
    show = place_shower(shown)
    return StandOut(board=shown.name, run=show_run(found), items=[show(row) for row in places], next_cursor=more)


@router.get("/{program}/{code}/me", responses=problem_responses(404, 409))
def get_own_place(
    program: Program,
    code: Code,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    period: PeriodQuery,
    start: StartQuery = None,
    neighbours: Neighbours = reading.NEIGHBOURS,
) -> OwnOut:
    """Where you stand, with those just before and after you."""
    shown = reading.get(session, program, code, for_staff=who.may("engagement:read"))
    first = start or reading.current_start(session, shown, period, clock.now(), who.time_zone)
    found = reading.run(session, shown, period, first, clock.now())
    return show_own(shown, reading.own(session, shown, found, who.user_id, neighbours=neighbours))


@router.get("/{program}/{code}/members/{user_id}", responses=problem_responses(404, 409))
def get_place_of(
    program: Program,
    code: Code,
    user_id: UUID,
    who: Reader,
    session: SessionDep,
    clock: ClockDep,
    period: PeriodQuery,
    start: StartQuery = None,
    neighbours: Neighbours = reading.NEIGHBOURS,
) -> OwnOut:
    """Where a member stands, for staff, who see every name."""
    shown = reading.get(session, program, code, for_staff=True)
    account = get_account(session, user_id)
    first = start or reading.current_start(session, shown, period, clock.now(), account.time_zone)
    found = reading.run(session, shown, period, first, clock.now())
    own = reading.own(session, shown, found, user_id, neighbours=neighbours, reader_id=who.user_id, knows_all=True)
    return show_own(shown, own)


@router.get("/{program}/{code}/runs", responses=problem_responses(404))
def list_runs(
    program: Program,
    code: Code,
    who: SignedIn,
    session: SessionDep,
    period: PeriodQuery,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RunOut]:
    """The periods of a board in which anything was counted, the latest first."""
    shown = reading.get(session, program, code, for_staff=who.may("engagement:read"))
    before = decode_cursor(cursor, date)
    rows = reading.runs(session, shown, period, before=before[0] if before else None, limit=limit + 1)
    return page_of(rows, limit, show=show_run, key=_start)


def _start(run: BoardRun) -> tuple[date]:
    return (run.period_start,)


@router.put("/{program}/{code}", responses=problem_responses(404))
def change_board(program: Program, code: Code, body: BoardChange, who: Configurer, session: SessionDep) -> BoardOut:
    """Change how a board is shown, numbered and closed, or hide it from members; closed periods stay as they are."""
    return show_board(managing.change(session, program, code, body, actor_id=who.user_id))


@router.post("/{program}/{code}/activate", responses=problem_responses(404, 409))
def activate_board(program: Program, code: Code, who: Configurer, session: SessionDep, clock: ClockDep) -> BoardOut:
    """Let a draft count. Where its metric has a past, a job builds it first."""
    return show_board(managing.activate(session, program, code, clock.now(), actor_id=who.user_id))


def show_board(shown: reading.Shown) -> BoardOut:
    """A board as it goes out."""
    board = shown.board
    share = 1 if board.status == "active" else board.build_done / max(board.build_total, 1)
    return BoardOut(
        program=board.program,
        code=board.code,
        title=board.title,
        description=board.description,
        metric=f"{shown.metric.program}:{shown.metric.code}",
        unit=shown.unit,
        periods=board.periods,
        ranking=board.ranking,
        status=board.status,
        hidden=board.is_hidden,
        close_delay_h=board.close_delay_h,
        display_order=board.display_order,
        built=f"{share if board.status != 'draft' else 0:.2f}",
    )


def show_run(run: BoardRun) -> RunOut:
    """A period as it goes out."""
    return RunOut(
        period=run.period,
        period_start=run.period_start,
        state=run.state,
        members=run.members if run.state == "closed" else None,
        closed_at=run.closed_at,
    )


def empty_run(period: BoardPeriod, start: date, *, over: bool) -> RunOut:
    """A period in which nothing has been counted yet, or, where it is over, ever."""
    state: Literal["open", "closed"] = "closed" if over else "open"
    return RunOut(period=period, period_start=start, state=state, members=0 if over else None, closed_at=None)


def place_shower(shown: reading.Shown) -> Callable[[Stretch], PlaceOut]:
    """A function that gives places of this board as they go out."""

    def show(row: Stretch) -> PlaceOut:
        return PlaceOut(
            rank=row.rank,
            user_id=row.user_id,
            name=row.name,
            score=shown.score(row.score),
            reached_at=row.reached_at,
            own=row.own,
        )

    return show


def show_own(shown: reading.Shown, own: Own) -> OwnOut:
    """Where somebody stands as it goes out."""
    show = place_shower(shown)
    return OwnOut(
        rank=own.rank, score=shown.score(own.score), shown=own.shown, around=[show(row) for row in own.around]
    )
