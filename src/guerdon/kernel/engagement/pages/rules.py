"""``/staff/rules``: what is in force, how it came to be, trying it out, and writing and activating versions."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors, GuerdonError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep, attempt
from guerdon.kernel.engagement.activities.service.wording import in_words
from guerdon.kernel.engagement.errors import NumberMissingError, RuleLockedError, RuleNotFoundError
from guerdon.kernel.engagement.explanation import filled_in
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.pages import marks, shown, wording
from guerdon.kernel.engagement.schemas import Inputs, RuleStatus
from guerdon.kernel.engagement.service import params, rules, terms, trying
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/staff/rules")

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Name = Annotated[Text, Path(max_length=100)]
Number = Annotated[int, Path(ge=1, lt=2**31)]

STATUS_NAMES = {
    RuleStatus.DRAFT: (msgid("Draft"), "warning"),
    RuleStatus.ACTIVE: (msgid("In force"), "success"),
    RuleStatus.RETIRED: (msgid("Retired"), ""),
}
_INPUTS: TypeAdapter[dict[str, Any]] = TypeAdapter(Inputs)


@router.get("")
def list_rules(request: Request, _who: Reader, session: SessionDep) -> Response:
    """Every rule by program, with the version in force."""
    programs: dict[str, list[shown.History]] = {}
    for history in shown.histories(session, rules.versions(session)):
        programs.setdefault(history.program, []).append(history)
    context = {"programs": programs, "titles": titles(request), "numbers": shown.numbers}
    return render(request, "engagement/rules.html", context)


def titles(request: Request) -> dict[str, str]:
    """The title of each program, a message id, by its name."""
    return {program.name: program.title for program in request.app.state.programs}


@router.get("/{program}/{code}")
def show_rule(request: Request, program: Name, code: Name, who: Reader, session: SessionDep) -> Response:
    """One rule; with ``try`` in the query, also what a version makes of the inputs given there."""
    history = _history(session, program, code)
    wanted = request.query_params.get("version", "")
    tried = next((rule for rule in history.versions if str(rule.version) == wanted), None)
    rule = tried or history.current or history.versions[0]
    fields = shown.trial_fields(session, rule)
    sent = {field.field: request.query_params.get(field.field, "")[:500] for field in fields}
    unit = catalogue(session).unit(rule.unit_code)
    gettext = viewer_of(request).translator.gettext
    trial = _trial(request, session, rule, fields, sent) if "try" in request.query_params else {}
    context = {
        "history": history,
        "titles": titles(request),
        "unit": unit,
        "said": wording.said(history.current, unit, gettext) if history.current else [],
        "numbers": shown.numbers,
        "status_names": STATUS_NAMES,
        "fields": fields,
        "tried": rule,
        "state": FormState({**sent, "version": str(rule.version)}),
        "may_change": who.may("engagement:configure"),
        "result": trial.get("result"),
        "calculation": trial.get("calculation", ""),
        "problem": trial.get("problem", ""),
        "nothing": trial.get("nothing", ""),
    }
    return render(request, "engagement/rule.html", context)


def _trial(
    request: Request, session: Session, rule: Rule, fields: list[shown.TrialField], sent: dict[str, str]
) -> dict[str, Any]:
    translator = viewer_of(request).translator
    unit = catalogue(session).unit(rule.unit_code)
    try:
        case = shown.trial_case(fields, sent, unit)
        inputs = _INPUTS.validate_python(case.inputs)
        found = trying.try_out(session, rule, replace(case, inputs=inputs))
    except ValidationError:
        return {"problem": translator.gettext("These values cannot be used.")}
    except GuerdonError as error:
        return {"problem": translator.translate_error(error)[0]}
    calculation = filled_in(rule.amount, inputs, rule.params)
    if found.refusal is not None:
        reason = "" if found.applies else translator.gettext("The condition does not hold for these values.")
        return {"nothing": reason or in_words(found.refusal, unit.scale, translator.gettext)}
    return {"result": found, "calculation": calculation}


def _history(session: Session, program: str, code: str) -> shown.History:
    found = shown.histories(session, rules.versions(session, program, code))
    if not found:
        raise RuleNotFoundError(rule=f"{program}.{code}")
    return found[0]


@router.get("/{program}/{code}/new")
def show_new(request: Request, program: Name, code: Name, _who: Configurer, session: SessionDep) -> Response:
    """The form for a new version, filled with the numbers in force."""
    return _new_form(request, session, program, code)


def _new_form(
    request: Request,
    session: Session,
    program: str,
    code: str,
    state: FormState | None = None,
    status: int = 200,
    marked: Mapping[str, marks.Mark] | None = None,
) -> Response:
    base = rules.in_force(session, program, code)
    numbers = shown.numbers(base)
    values = {number.field: number.typed for number in numbers}
    values |= {
        **asdict(terms.of(base)),
        "multipliers": "\n".join(base.multipliers),
        **{f"caps.{period}": base.caps.get(period, "") for period in terms.CAPS},
        "budget": base.budget or "",
    }
    context = {
        "history": _history(session, program, code),
        "base": base,
        "titles": titles(request),
        "numbers": numbers,
        "applied_by_program": terms.is_applied_by_program(session, base),
        "state": state or FormState(values),
        "marks": marked or {},
    }
    return render(request, "engagement/rule_new.html", context, status)


@router.post("/{program}/{code}/new")
def write(
    request: Request, program: Name, code: Name, sent: SentForm, who: Configurer, _once: SentOnce, session: SessionDep
) -> Response:
    """Write the draft and show what it would change."""
    base = rules.in_force(session, program, code)
    numbers = shown.numbers(base)
    try:
        with attempt(session):
            draft = rules.write_version(
                session,
                program,
                code,
                params=params.read(base.params, shown.as_stored(numbers, sent)),
                note=sent.get("note", "")[:500],
                actor_id=who.user_id,
                changes=_terms(sent),
            )
    except GuerdonError as refused:
        error = shown.in_decimals(refused, numbers)
        gettext = viewer_of(request).translator.gettext
        state = FormState.refused(sent, error, viewer_of(request).translator)
        state.errors = marks.by_field(state.errors, gettext)
        return _new_form(request, session, program, code, state, error.status, marks.of(error, sent))
    flash(request, msgid("Version {version} is written. It is not in force yet."), version=draft.version)
    return redirect(request, f"/staff/rules/{program}/{code}/{draft.version}")


def _terms(sent: Sent) -> dict[str, Any]:
    """The terms that a form sent; a form without them leaves them as they are.

    Raises:
        FieldErrors: numbers that are none; each is named.
    """
    found: dict[str, Any] = {name: sent[name].strip() for name in ("condition", "amount") if sent.get(name)}
    if "multipliers" in sent:
        found["multipliers"] = terms.read_lines(sent["multipliers"])
    if "budget" in sent:
        found["budget"] = sent["budget"].strip() or None
    faults: list[FieldError] = []

    def whole(name: str) -> int:
        digits = "".join(sent[name].split())
        if not digits.isascii() or not digits.isdigit() or len(digits) > 19:
            faults.append(NumberMissingError(field=name))
            return 0
        return int(digits)

    for name in ("multiplier_min_bp", "multiplier_max_bp", "cool_down_s", "maturity_s"):
        if name in sent:
            found[name] = whole(name)
    if any(f"caps.{period}" in sent for period in terms.CAPS):
        found["caps"] = {
            period: whole(f"caps.{period}") for period in terms.CAPS if sent.get(f"caps.{period}", "").strip()
        }
    if faults:
        raise FieldErrors(faults)
    return found


@router.get("/{program}/{code}/{version}")
def show_draft(
    request: Request, program: Name, code: Name, version: Number, _who: Configurer, session: SessionDep
) -> Response:
    """A draft held against what is in force: the question before it is activated or thrown away."""
    history = _history(session, program, code)
    draft = _draft(history, version)
    unit = catalogue(session).unit(draft.unit_code)
    context = {
        "history": history,
        "draft": draft,
        "titles": titles(request),
        "numbers": shown.numbers(draft, history.current),
        "terms": wording.changed(draft, history.current, unit, viewer_of(request).translator.gettext),
    }
    return render(request, "engagement/rule_draft.html", context)


def _draft(history: shown.History, version: int) -> Rule:
    rule = next((each for each in history.versions if each.version == version), None)
    if rule is None:
        raise RuleNotFoundError(rule=f"{history.program}.{history.code}")
    if rule.status != RuleStatus.DRAFT:
        raise RuleLockedError(rule=f"{rule.program}.{rule.code}", version=version, status=rule.status)
    return rule


@router.post("/versions/{rule_id}/activate")
def activate(request: Request, rule_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep) -> Response:
    """Put a draft in force."""
    rule = rules.activate(session, rule_id, clock.now(), actor_id=who.user_id)
    flash(request, msgid("Version {version} is in force now."), version=rule.version)
    return redirect(request, f"/staff/rules/{rule.program}/{rule.code}")


@router.post("/versions/{rule_id}/discard")
def discard(request: Request, rule_id: UUID, who: Configurer, session: SessionDep) -> Response:
    """Throw a draft away."""
    rule = rules.get(session, rule_id)
    path = f"/staff/rules/{rule.program}/{rule.code}"
    version = rule.version
    rules.discard(session, rule_id, actor_id=who.user_id)
    flash(request, msgid("Version {version} is thrown away."), version=version)
    return redirect(request, path)
