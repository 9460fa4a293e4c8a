"""``/staff/tiers``: the steps that members climb, and what has to be earned for each."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors, GuerdonError
from guerdon.core.money import Unit, to_minor, to_text
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import SessionDep, attempt
from guerdon.kernel.engagement.errors import TierReasonMissingError, TiersNotFoundError
from guerdon.kernel.engagement.pages.rules import titles
from guerdon.kernel.engagement.schemas import Tier
from guerdon.kernel.engagement.service import tiers
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/tiers")

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Name = Annotated[Text, Path(max_length=100)]


@router.get("")
def show_tiers(request: Request, who: Reader, session: SessionDep) -> Response:
    """The tiers of every program."""
    codes = catalogue(session)
    ladders = [(program, codes.unit(unit), steps) for program, (unit, steps) in tiers.ladders(session).items()]
    context = {"ladders": ladders, "titles": titles(request), "may_change": who.may("engagement:configure")}
    return render(request, "engagement/tiers.html", context)


@router.get("/{program}")
def show_change(request: Request, program: Name, _who: Configurer, session: SessionDep) -> Response:
    """The form with the thresholds of a program."""
    return _form(request, session, program)


def _ladder(session: Session, program: str) -> tuple[Unit, list[Tier]]:
    known = tiers.ladders(session).get(program)
    if known is None:
        raise TiersNotFoundError(program=program)
    return catalogue(session).unit(known[0]), known[1]


def _form(
    request: Request, session: Session, program: str, state: FormState | None = None, status: int = 200
) -> Response:
    unit, steps = _ladder(session, program)
    values = {f"thresholds.{step.code}": to_text(step.threshold_minor, unit.scale) for step in steps}
    context = {
        "program": program,
        "titles": titles(request),
        "unit": unit,
        "steps": steps,
        "state": state or FormState(values),
    }
    return render(request, "engagement/tiers_change.html", context, status)


@router.post("/{program}")
def change(
    request: Request, program: Name, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep
) -> Response:
    """Set the thresholds."""
    unit, steps = _ladder(session, program)
    reason = sent.get("reason", "")[:500]
    try:
        with attempt(session):
            thresholds = _thresholds(unit, steps, sent, reason)
            tiers.change(session, program, thresholds, actor_id=who.user_id, reason=reason)
    except GuerdonError as error:
        state = FormState.refused(sent, error, viewer_of(request).translator)
        return _form(request, session, program, state, error.status)
    flash(request, msgid("The tiers are changed."))
    return redirect(request, "/staff/tiers")


def _thresholds(unit: Unit, steps: list[Tier], sent: SentForm, reason: str) -> dict[str, int]:
    found: dict[str, int] = {}
    faults: list[FieldError] = []
    for step in steps:
        field = f"thresholds.{step.code}"
        try:
            found[step.code] = to_minor(sent.get(field, "").replace(",", "."), unit, field=field)
        except FieldError as fault:
            faults.append(fault)
    if not faults:
        faults += tiers.misfits(steps, found)
    if len(reason) < 3:
        faults.append(TierReasonMissingError(field="reason"))
    if faults:
        raise FieldErrors(faults)
    return found
