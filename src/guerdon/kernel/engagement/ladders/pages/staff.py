"""``/staff/tiers/{program}/keeping``: how tiers are kept, with a look at how many members it would move."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.errors import TierReasonMissingError
from guerdon.kernel.engagement.ladders.api import Program
from guerdon.kernel.engagement.ladders.pages import words
from guerdon.kernel.engagement.ladders.schemas import KeepingBody
from guerdon.kernel.engagement.ladders.service import configuring
from guerdon.kernel.engagement.ladders.service.deciding import Keeping
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/tiers")

Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]


@router.get("/{program}/keeping")
def show_keeping(request: Request, program: Program, _who: Configurer, session: SessionDep) -> Response:
    """The form, filled with how it is."""
    return _form(request, session, program)


def _form(
    request: Request,
    session: Session,
    program: str,
    state: FormState | None = None,
    status: int = 200,
    moves: list[configuring.Move] | None = None,
) -> Response:
    ladder = configuring.ladder(session, program)
    kept = ladder.keeping
    values = {name: getattr(kept, name) for name in KeepingBody.model_fields}
    context = {
        "program": program,
        "titles": {each.name: each.title for each in request.app.state.programs},
        "state": state or FormState({**values, "window_unit": kept.window_unit or "month"}),
        "words": words,
        "moves": moves,
    }
    return render(request, "ladders/keeping.html", context, status)


def _wanted(sent: Sent) -> Keeping:
    """What the form says; numbers as such, so that the schema needs no leniency.

    Raises:
        ValidationError: something is of the wrong kind.
    """
    values: dict[str, Any] = {"basis": sent.get("basis", ""), "downgrade": sent.get("downgrade", "")}
    values["review_period"] = sent.get("review_period", "month")
    for name in ("grace_days", "notice_days"):
        values[name] = _number(sent.get(name, "0"))
    if values["basis"] == "window":
        values |= {"window_unit": sent.get("window_unit", ""), "window_length": _number(sent.get("window_length", ""))}
    return Keeping(**KeepingBody.model_validate(values).model_dump())


def _number(words_sent: str) -> int | str:
    return int(words_sent) if words_sent.isascii() and words_sent.isdigit() else words_sent


@router.post("/{program}/keeping/preview")
def preview(
    request: Request, program: Program, sent: SentForm, _who: Configurer, session: SessionDep, clock: ClockDep
) -> Response:
    """How many members it would move; changes nothing."""
    try:
        moves = configuring.preview(session, clock.now(), program, _wanted(sent))
    except (GuerdonError, ValidationError) as error:
        return _refused(request, session, program, sent, error)
    return _form(request, session, program, FormState(sent), moves=moves)


@router.post("/{program}/keeping")
def change(
    request: Request,
    program: Program,
    sent: SentForm,
    who: Configurer,
    _once: SentOnce,
    session: SessionDep,
    clock: ClockDep,
) -> Response:
    """Keep tiers by these rules from now on."""
    reason = sent.get("reason", "")[:500]
    try:
        wanted = _wanted(sent)
        if len(reason) < 3:
            raise FieldErrors([*configuring.misfits(wanted), TierReasonMissingError(field="reason")])
        with attempt(session):
            configuring.change(session, clock.now(), program, wanted, actor_id=who.user_id, reason=reason)
    except (GuerdonError, ValidationError) as error:
        return _refused(request, session, program, sent, error)
    flash(request, msgid("The tiers are kept by the new rules from now on."))
    return redirect(request, "/staff/tiers")


def _refused(
    request: Request, session: Session, program: str, sent: Sent, error: GuerdonError | ValidationError
) -> Response:
    status = error.status if isinstance(error, GuerdonError) else 422
    return _form(request, session, program, FormState.refused(sent, error, viewer_of(request).translator), status)
