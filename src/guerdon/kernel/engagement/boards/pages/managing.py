"""``/staff/leaderboards``: define, activate, change and hide."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.boards.api import Code, Program
from guerdon.kernel.engagement.boards.pages.words import PERIOD_NAMES, RANKING_NAMES, STATUS_NAMES
from guerdon.kernel.engagement.boards.schemas import BoardChange, Draft, NewBoard
from guerdon.kernel.engagement.boards.service import managing, reading
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/leaderboards")

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]


def _titles(request: Request) -> dict[str, str]:
    return {program.name: program.title for program in request.app.state.programs}


@router.get("")
def list_boards(request: Request, who: Reader, session: SessionDep) -> Response:
    """Every board, drafts and hidden ones too."""
    context = {
        "rows": reading.boards(session, for_staff=True),
        "titles": _titles(request),
        "period_names": PERIOD_NAMES,
        "status_names": STATUS_NAMES,
        "may_change": who.may("engagement:configure"),
    }
    return render(request, "boards/staff_list.html", context)


@router.get("/new")
def show_new(request: Request, _who: Configurer, session: SessionDep) -> Response:
    """The form for a new board."""
    return _new_form(request, session, FormState({"periods": ["week", "month", "life"], "close_delay_h": 12}))


def _new_form(request: Request, session: Session, state: FormState, status: int = 200) -> Response:
    context = {
        "state": state,
        "programs": list(_titles(request).items()),
        "metrics": managing.metrics(session),
        "period_names": PERIOD_NAMES,
        "rankings": RANKING_NAMES,
    }
    return render(request, "boards/staff_new.html", context, status)


@router.post("/new")
def define(request: Request, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep) -> Response:
    """Write a draft."""
    values: dict[str, Any] = {
        name: sent.get(name, "") for name in ("program", "code", "title", "metric", "description")
    }
    values |= {"periods": list(sent.many("periods")), **_numbers(sent)}
    try:
        body = NewBoard.model_validate(values)
        with attempt(session):
            draft = Draft(**{**body.model_dump(), "periods": tuple(body.periods)})
            shown = managing.define(session, draft, actor_id=who.user_id)
    except (GuerdonError, ValidationError) as error:
        status = error.status if isinstance(error, GuerdonError) else 422
        return _new_form(request, session, FormState.refused(values, error, viewer_of(request).translator), status)
    flash(request, msgid("The draft is written. It counts once you activate it."))
    return redirect(request, f"/staff/leaderboards/{shown.board.program}/{shown.board.code}")


def _numbers(sent: SentForm) -> dict[str, Any]:
    """Whole numbers as such, so that the form's texts need no leniency in the schema."""
    found: dict[str, Any] = {"ranking": sent.get("ranking", "rank")}
    for name, default in (("close_delay_h", "12"), ("display_order", "0")):
        words = sent.get(name, default).strip() or default
        found[name] = int(words) if words.lstrip("-").isascii() and words.lstrip("-").isdigit() else words
    return found


@router.get("/{program}/{code}")
def show_board(request: Request, program: Program, code: Code, who: Reader, session: SessionDep) -> Response:
    """One board, with what can be changed of it."""
    return _form(request, session, reading.get(session, program, code, for_staff=True), who)


def _form(
    request: Request,
    session: Session,
    shown: reading.Shown,
    who: Principal,
    state: FormState | None = None,
    status: int = 200,
) -> Response:
    board = shown.board
    values = {
        "title": viewer_of(request).translator.gettext(board.title),
        "description": viewer_of(request).translator.gettext(board.description) if board.description else "",
        "ranking": board.ranking,
        "hidden": "yes" if board.is_hidden else "",
        "close_delay_h": board.close_delay_h,
        "display_order": board.display_order,
    }
    context = {
        "shown": shown,
        "state": state or FormState(values),
        "titles": _titles(request),
        "period_names": PERIOD_NAMES,
        "status_names": STATUS_NAMES,
        "rankings": RANKING_NAMES,
        "may_change": who.may("engagement:configure"),
        "runs": [run for period in board.periods for run in reading.runs(session, shown, period, limit=6)],
    }
    return render(request, "boards/staff_board.html", context, status)


@router.post("/{program}/{code}")
def change(
    request: Request,
    program: Program,
    code: Code,
    sent: SentForm,
    who: Configurer,
    _once: SentOnce,
    session: SessionDep,
) -> Response:
    """Change how a board is shown."""
    shown = reading.get(session, program, code, for_staff=True)
    values: dict[str, Any] = {name: sent.get(name, "") for name in ("title", "description")}
    # What stands in the field is a translation of the program's own words unless somebody wrote others.
    gettext = viewer_of(request).translator.gettext
    for name, stored in (("title", shown.board.title), ("description", shown.board.description)):
        if stored and values[name].strip() == gettext(stored):
            values[name] = stored
    values |= {"hidden": sent.get("hidden", "") == "yes", **_numbers(sent)}
    try:
        body = BoardChange.model_validate(values)
        with attempt(session):
            managing.change(session, program, code, body, actor_id=who.user_id)
    except (GuerdonError, ValidationError) as error:
        status = error.status if isinstance(error, GuerdonError) else 422
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _form(request, session, shown, who, state, status)
    flash(request, msgid("The leaderboard is changed."))
    return redirect(request, f"/staff/leaderboards/{program}/{code}")


@router.post("/{program}/{code}/activate")
def activate(
    request: Request, program: Program, code: Code, who: Configurer, session: SessionDep, clock: ClockDep
) -> Response:
    """Let it count."""
    try:
        with attempt(session):
            managing.activate(session, program, code, clock.now(), actor_id=who.user_id)
        flash(request, msgid("The leaderboard counts from now on."))
    except GuerdonError as error:
        flash(request, viewer_of(request).translator.translate_error(error)[0], level="danger")
    return redirect(request, f"/staff/leaderboards/{program}/{code}")
