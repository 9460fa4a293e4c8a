"""``/api/v1/engagement``: rules by version, and tiers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.problems import translator
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.activities.service.wording import in_words
from guerdon.kernel.engagement.errors import TiersNotFoundError
from guerdon.kernel.engagement.explanation import filled_in
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import (
    DryRun,
    EvaluationDocument,
    NewRuleVersion,
    RuleStatus,
    RuleVersion,
    Tier,
    TierChange,
    TierLadder,
    TierStepOut,
)
from guerdon.kernel.engagement.service import rules, tiers, trying
from guerdon.kernel.ledger.catalogue import catalogue

router = APIRouter(prefix="/api/v1/engagement", tags=["engagement"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Name = Annotated[Text | None, Query(max_length=100)]


@router.get("/rules")
def list_rules(
    _who: Reader,
    session: SessionDep,
    program: Name = None,
    code: Name = None,
    status: Annotated[RuleStatus | None, Query(description="``active`` lists what is in force.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[RuleVersion]:
    """Rules by program and code, the newest version of each first."""
    after = decode_cursor(cursor, str, str, int)
    found = rules.versions(
        session, program, code, status=status, after=(after[0], after[1], after[2]) if after else None, limit=limit
    )
    return page_of(found, limit, show=RuleVersion.model_validate, key=_key)


def _key(rule: Rule) -> tuple[str, str, int]:
    return rule.program, rule.code, rule.version


@router.get("/rules/{rule_id}")
def show_rule(rule_id: UUID, _who: Reader, session: SessionDep) -> RuleVersion:
    """One version of a rule."""
    return RuleVersion.model_validate(rules.get(session, rule_id))


@router.post("/rules", status_code=201, responses=problem_responses(404))
def write_rule(body: NewRuleVersion, who: Configurer, session: SessionDep) -> RuleVersion:
    """Write a draft: the version in force with other numbers or terms. It changes nothing until it is activated."""
    draft = rules.write_version(
        session,
        body.program,
        body.code,
        params=body.params,
        note=body.note,
        actor_id=who.user_id,
        changes=_changes(body),
    )
    return RuleVersion.model_validate(draft)


def _changes(body: NewRuleVersion) -> dict[str, Any]:
    """The terms that a body gives; an empty budget means none."""
    given = body.model_dump(exclude={"program", "code", "params", "note"}, exclude_none=True)
    if "multipliers" in given:
        given["multipliers"] = tuple(given["multipliers"])
    if given.get("budget") == "":
        given["budget"] = None
    return given


@router.post("/rules/{rule_id}/activate", responses=problem_responses(409))
def activate_rule(rule_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep) -> RuleVersion:
    """Put a draft in force from now on; what was in force before is kept and retired."""
    return RuleVersion.model_validate(rules.activate(session, rule_id, clock.now(), actor_id=who.user_id))


@router.delete("/rules/{rule_id}", status_code=204, responses=problem_responses(409))
def discard_rule(rule_id: UUID, who: Configurer, session: SessionDep) -> None:
    """Throw a draft away; what has been in force stays."""
    rules.discard(session, rule_id, actor_id=who.user_id)


@router.post("/rules/{rule_id}/dry-run", responses=problem_responses(409))
def try_rule(request: Request, rule_id: UUID, body: DryRun, _who: Reader, session: SessionDep) -> EvaluationDocument:
    """What a version would give for a fact, with multipliers and caps; nothing is recorded or moved."""
    rule = rules.get(session, rule_id)
    unit = catalogue(session).unit(rule.unit_code)
    granted = {period: to_minor(amount, unit, field=f"granted.{period}") for period, amount in body.granted.items()}
    found = trying.try_out(session, rule, trying.Case(body.inputs, body.member, body.counters, granted))
    return EvaluationDocument(
        rule_id=rule.id,
        rule=rule.code,
        version=rule.version,
        unit=rule.unit_code,
        amount=to_text(found.amount_minor, unit.scale),
        amount_minor=found.amount_minor,
        applies=found.applies,
        inputs=body.inputs,
        params=rule.params,
        formula=rule.amount,
        calculation=filled_in(rule.amount, body.inputs, rule.params),
        multiplier=to_text(found.multiplier_bp, 4),
        capped=found.capped,
        reason=found.refusal.reason if found.refusal else None,
        detail=in_words(found.refusal, unit.scale, translator(request)) if found.refusal else None,
    )


@router.get("/tiers")
def list_tiers(_who: Reader, session: SessionDep) -> list[TierLadder]:
    """The tiers of every program that has any."""
    return [_ladder(session, program, unit, steps) for program, (unit, steps) in tiers.ladders(session).items()]


@router.put("/tiers/{program}")
def change_tiers(program: Text, body: TierChange, who: Configurer, session: SessionDep) -> TierLadder:
    """Set what has to be earned for each tier; everybody stands on the new steps at once."""
    known = tiers.ladders(session).get(program)
    if known is None:
        raise TiersNotFoundError(program=program[:100])
    unit = catalogue(session).unit(known[0])
    thresholds: dict[str, int] = {}
    faults: list[FieldError] = []
    for code, threshold in body.thresholds.items():
        try:
            thresholds[code] = to_minor(threshold, unit, field=f"thresholds.{code}")
        except FieldError as fault:
            faults.append(fault)
    if faults:
        raise FieldErrors(faults)
    changed = tiers.change(session, program, thresholds, actor_id=who.user_id, reason=body.reason)
    return _ladder(session, program, unit.code, changed)


def _ladder(session: Session, program: str, unit: str, steps: list[Tier]) -> TierLadder:
    scale = catalogue(session).unit(unit).scale
    shown = [
        TierStepOut(code=step.code, name=step.name, threshold=to_text(step.threshold_minor, scale)) for step in steps
    ]
    return TierLadder(program=program, unit=unit, tiers=shown)
