"""Rules: data, by version. One version of a rule is in force at a time; what was in force is kept for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.service import granted
from guerdon.kernel.engagement.errors import (
    RuleBudgetError,
    RuleEvaluationError,
    RuleLockedError,
    RuleNoteMissingError,
    RuleNotFoundError,
    RuleSeedError,
)
from guerdon.kernel.engagement.expressions import ExpressionError, truth, whole_number
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import Evaluation, RuleSeed, RuleStatus
from guerdon.kernel.engagement.service import terms
from guerdon.kernel.engagement.service.params import misfits
from guerdon.kernel.ledger.catalogue import catalogue, unit_of
from guerdon.kernel.ledger.errors import UnknownKindError, UnknownUnitError

NOTE_LENGTH_MIN = 3


def in_force(session: Session, program: str, code: str) -> Rule:
    """The version of a rule that is in force.

    Raises:
        RuleNotFoundError: there is none.
    """
    rule = session.scalars(
        select(Rule).where(Rule.program == program, Rule.code == code, Rule.status == RuleStatus.ACTIVE)
    ).one_or_none()
    if rule is None:
        raise RuleNotFoundError(rule=f"{program}.{code}")
    return rule


def versions(
    session: Session,
    program: str | None = None,
    code: str | None = None,
    *,
    status: RuleStatus | None = None,
    after: tuple[str, str, int] | None = None,
    limit: int | None = None,
) -> Sequence[Rule]:
    """Rules by program and code, the newest version first.

    Args:
        program, code, status: only these.
        after: program, code and version of the last one of the page before.
        limit: one more than so many are given when there are more; None for all.
    """
    query = select(Rule).order_by(Rule.program, Rule.code, Rule.version.desc())
    for column, wanted in ((Rule.program, program), (Rule.code, code), (Rule.status, status)):
        if wanted is not None:
            query = query.where(column == wanted)
    if after is not None:
        query = query.where(
            or_(
                tuple_(Rule.program, Rule.code) > after[:2],
                and_(Rule.program == after[0], Rule.code == after[1], Rule.version < after[2]),
            )
        )
    return session.scalars(query.limit(None if limit is None else limit + 1)).all()


def get(session: Session, rule_id: UUID) -> Rule:
    """One version of a rule.

    Raises:
        RuleNotFoundError: there is none of that id.
    """
    rule = session.get(Rule, rule_id)
    if rule is None:
        raise RuleNotFoundError(rule=str(rule_id))
    return rule


def write_version(
    session: Session,
    program: str,
    code: str,
    *,
    params: Mapping[str, Any],
    note: str,
    actor_id: UUID | None,
    changes: Mapping[str, Any] | None = None,
) -> Rule:
    """Write a draft that says what the version in force says, with other numbers and, if given, other terms.

    Args:
        params: the numbers; names and shapes as the version in force has them, unless the amount or the condition is
            another.
        changes: fields of ``RuleTerms`` that are to be other than in force.
        note: why they change, for those who read it later.

    Raises:
        RuleNotFoundError: nothing is in force under that code.
        FieldErrors: some numbers do not fit the rule, or the note is missing; each is named.
    """
    # Two people may write a version at the same moment; the lock gives each a number of their own.
    _lock(session, program, code)
    base = in_force(session, program, code)
    former = terms.in_use(session, base)
    written = replace(former, **(changes or {}))
    same_words = (written.condition, written.amount, written.multipliers) == (
        former.condition,
        former.amount,
        former.multipliers,
    )
    faults: list[FieldError] = [*misfits(base.params if same_words else params, params)]
    if written != former:
        faults += terms.misfits(session, base, written, params)
    if len(note.strip()) < NOTE_LENGTH_MIN:
        faults.append(RuleNoteMissingError(field="note"))
    if faults:
        raise FieldErrors(faults)
    latest = session.scalars(select(func.max(Rule.version)).where(Rule.program == program, Rule.code == code)).one()
    draft = Rule(
        id=new_id(),
        program=program,
        code=code,
        version=(latest or 0) + 1,
        status=RuleStatus.DRAFT,
        activity_kind=base.activity_kind,
        unit_code=base.unit_code,
        condition=written.condition,
        amount=written.amount,
        params=dict(params),
        multipliers=list(written.multipliers),
        multiplier_min_bp=written.multiplier_min_bp,
        multiplier_max_bp=written.multiplier_max_bp,
        caps=dict(written.caps),
        cool_down_s=written.cool_down_s,
        maturity_s=written.maturity_s,
        budget=written.budget,
        transfer_kind=base.transfer_kind,
        note=note.strip(),
        created_by=actor_id,
    )
    session.add(draft)
    session.flush()
    session.refresh(draft)
    before, after = {"params": base.params, **asdict(former)}, {"params": draft.params, **asdict(written)}
    old = {name: value for name, value in before.items() if name == "params" or value != after[name]}
    new = {name: after[name] for name in old}
    _announce(session, "engagement.rule_written", draft, actor_id, old=old, new=new, reason=draft.note)
    return draft


def activate(session: Session, rule_id: UUID, at: datetime, *, actor_id: UUID | None = None) -> Rule:
    """Put a draft in force and retire what was in force before.

    Raises:
        RuleNotFoundError: there is no such version.
        RuleLockedError: it is not a draft any more.
        FieldError: it says what cannot be any more, such as an expression that is now refused.
    """
    rule = _locked_draft(session, rule_id)
    for fault in terms.misfits(session, rule, terms.of(rule), rule.params):
        raise fault
    granted.count_from_before(session, rule)
    former = session.scalars(
        select(Rule).where(Rule.program == rule.program, Rule.code == rule.code, Rule.status == RuleStatus.ACTIVE)
    ).one_or_none()
    if former is not None:
        former.status = RuleStatus.RETIRED
        former.retired_at = at
        session.flush()
    rule.status = RuleStatus.ACTIVE
    rule.activated_at = at
    session.flush()
    before = {"version": former.version, "params": former.params} if former else None
    now = {"version": rule.version, "params": rule.params}
    _announce(session, "engagement.rule_activated", rule, actor_id, old=before, new=now, reason=rule.note)
    return rule


def discard(session: Session, rule_id: UUID, *, actor_id: UUID | None = None) -> None:
    """Throw a draft away.

    Raises:
        RuleNotFoundError: there is no such version.
        RuleLockedError: it is or was in force.
    """
    rule = _locked_draft(session, rule_id)
    _announce(session, "engagement.rule_discarded", rule, actor_id, old=rule.params)
    session.delete(rule)
    session.flush()


def _lock(session: Session, program: str, code: str) -> None:
    """Let one transaction at a time change the versions of a rule."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:rule, 1))"), {"rule": f"{program}.{code}"})


def _locked_draft(session: Session, rule_id: UUID) -> Rule:
    found = get(session, rule_id)
    _lock(session, found.program, found.code)
    rule = session.scalars(
        select(Rule).where(Rule.id == rule_id).execution_options(populate_existing=True)
    ).one_or_none()
    if rule is None:
        raise RuleNotFoundError(rule=str(rule_id))
    if rule.status != RuleStatus.DRAFT:
        raise RuleLockedError(rule=f"{rule.program}.{rule.code}", version=rule.version, status=rule.status)
    return rule


def _announce(
    session: Session,
    action: str,
    rule: Rule,
    actor_id: UUID | None,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    detail = {"program": rule.program, "rule": rule.code, "version": rule.version}
    announce(session, Act(action, "rule", rule.id, actor_id, old=old, new=new, reason=reason, detail=detail))


def evaluate(rule: Rule, inputs: Mapping[str, Any]) -> Evaluation:
    """What a version of a rule finds a fact worth. Nothing is written.

    Args:
        inputs: the fact's properties as the rule reads them under ``activity``: whole numbers and texts.

    Raises:
        RuleEvaluationError: the rule fails on these inputs.
    """
    variables = {"activity": dict(inputs), "params": dict(rule.params)}
    try:
        applies = truth(rule.condition, variables)
        amount_minor = whole_number(rule.amount, variables) if applies else 0
    except ExpressionError as exc:
        raise RuleEvaluationError(rule=f"{rule.program}.{rule.code}", version=rule.version, **exc.details) from exc
    return Evaluation(
        rule_id=rule.id,
        code=rule.code,
        version=rule.version,
        unit=rule.unit_code,
        amount_minor=amount_minor,
        applies=applies,
        inputs=dict(inputs),
        params=dict(rule.params),
        formula=rule.amount,
    )


def install(session: Session, program: str, seeds: Sequence[RuleSeed]) -> None:
    """Put in the first version of rules that a program has none of yet, in force at once.

    Raises:
        RuleSeedError: a rule says something that staff could not write either.
    """
    for seed in seeds:
        first: dict[str, Any] = {
            "program": program,
            "code": seed.code,
            "activity_kind": seed.activity_kind,
            "unit_code": seed.unit,
            "condition": seed.condition,
            "amount": seed.amount,
            "params": dict(seed.params),
            "multipliers": list(seed.multipliers),
            "multiplier_min_bp": seed.multiplier_min_bp,
            "multiplier_max_bp": seed.multiplier_max_bp,
            "caps": dict(seed.caps),
            "cool_down_s": seed.cool_down_s,
            "maturity_s": seed.maturity_s,
            "budget": seed.budget,
        }
        rule = Rule(**first)
        faults = [*misfits(seed.params, seed.params), *terms.misfits(session, rule, terms.of(rule), seed.params)]
        try:
            unit_of(session, seed.unit)
            catalogue(session, fresh=True).kind_id(seed.transfer_kind)
        except UnknownUnitError as exc:
            raise RuleSeedError(rule=f"{program}.{seed.code}", problems=f"unit: {exc}") from exc
        except UnknownKindError as exc:
            raise RuleSeedError(rule=f"{program}.{seed.code}", problems=f"transfer_kind: {exc}") from exc
        if faults:
            problems = " ".join(f"{fault.field}: {fault}" for fault in faults)
            raise RuleSeedError(rule=f"{program}.{seed.code}", problems=problems)
        session.execute(
            insert(Rule)
            .values(
                **first,
                version=1,
                status=RuleStatus.ACTIVE,
                note=seed.note,
                transfer_kind=seed.transfer_kind,
                activated_at=func.now(),
            )
            .on_conflict_do_nothing(index_elements=["program", "code", "version"])
        )


def check_budgets(session: Session, program: str, seeds: Sequence[RuleSeed]) -> None:
    """Hold the budgets that a program's rules name against those that there are, once it has opened its own.

    Whether one is closed or empty by now is its operator's affair.

    Raises:
        RuleSeedError: nobody has opened one; the rule would give nothing.
    """
    for seed in seeds:
        if seed.budget is not None and not terms.is_budget(session, seed.unit, seed.budget, ever=True):
            fault = RuleBudgetError(field="budget", budget=seed.budget[:100], unit=seed.unit)
            raise RuleSeedError(rule=f"{program}.{seed.code}", problems=f"budget: {fault}")
