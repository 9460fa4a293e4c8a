"""``/leaderboards``: the boards, one's own place with neighbours, the top, and periods that are over."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from guerdon.http.access import Principal, SignedIn
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.boards.api import Code, Program
from guerdon.kernel.engagement.boards.models import BoardRun
from guerdon.kernel.engagement.boards.pages.words import PERIOD_NAMES
from guerdon.kernel.engagement.boards.seeds import BoardPeriod
from guerdon.kernel.engagement.boards.service import managing, reading
from guerdon.web.flash import flash, redirect
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm

router = APIRouter(prefix="/leaderboards")

PAGE_SIZE = 50
PAST_RUNS = 24


@router.get("")
def list_boards(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Every board with one's own place in the first of its periods in which one has any."""
    rows = []
    for shown in reading.boards(session):
        own, period = None, shown.board.periods[0]
        for period in shown.board.periods if shown.board.status == "active" else ():
            start = reading.current_start(session, shown, period, clock.now(), who.time_zone)
            run = reading.run(session, shown, period, start, clock.now())
            own = reading.own(session, shown, run, who.user_id, neighbours=0)
            if own.rank is not None:
                break
        rows.append({"shown": shown, "own": own, "period": period})
    context = {
        "rows": rows,
        "is_shown": not reading.absent(session, who.user_id),
        "period_names": PERIOD_NAMES,
        "titles": {program.name: program.title for program in request.app.state.programs},
    }
    return render(request, "boards/list.html", context)


@router.post("/visibility")
def set_visibility(request: Request, who: SignedIn, session: SessionDep, sent: SentForm) -> Response:
    """Be shown to others, or not."""
    shown = sent.get("shown", "") == "yes"
    managing.show(session, who.user_id, shown=shown)
    flash(request, msgid("Others see you on leaderboards.") if shown else msgid("Nobody sees you on leaderboards now."))
    return redirect(request, "/leaderboards")


@router.get("/{program}/{code}")
def show_board(
    request: Request,
    program: Program,
    code: Code,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    period: Annotated[BoardPeriod | None, Query()] = None,
    start: Annotated[date | Literal[""] | None, Query()] = None,
    cursor: Cursor = None,
) -> Response:
    """A board: one's own place with neighbours, then everybody from the top."""
    shown = reading.get(session, program, code, for_staff=who.may("engagement:read"))
    chosen = period or shown.board.periods[0]
    context = {
        "shown": shown,
        "period": chosen,
        "period_names": PERIOD_NAMES,
        "is_shown": not reading.absent(session, who.user_id),
    }
    if shown.board.status != "active":
        return render(request, "boards/building.html", context)
    current = reading.current_start(session, shown, chosen, clock.now(), who.time_zone)
    first = start or current
    found = reading.run(session, shown, chosen, first, clock.now())
    context |= _places(session, shown, found, who, cursor)
    past = [] if chosen == "life" else reading.runs(session, shown, chosen, before=current, limit=PAST_RUNS)
    context |= {
        "is_current": first == current,
        "past": [run.period_start for run in past],
        "start": first,
        "cursor": cursor,
    }
    return render(request, "boards/board.html", context)


def _places(
    session: Session, shown: reading.Shown, found: BoardRun | None, who: Principal, cursor: str | None
) -> dict[str, object]:
    after = decode_cursor(cursor, int, datetime, int)
    if found is None:
        return {"run": None, "rows": [], "own": reading.own(session, shown, None, who.user_id), "next_cursor": None}
    rows = reading.top(session, shown, found, who.user_id, after=after, limit=PAGE_SIZE + 1)
    places = rows[:PAGE_SIZE]
    return {
        "run": found,
        "rows": places,
        "own": reading.own(session, shown, found, who.user_id),
        "next_cursor": encode_cursor(*reading.key_after(places, after)) if len(rows) > PAGE_SIZE else None,
    }
