"""Rules: data, by version. One version of a rule is in force at a time; what was in force is kept for ever."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.ids import new_id
from guerdon.kernel.engagement.errors import (
    RuleEvaluationError,
    RuleExpressionError,
    RuleLockedError,
    RuleNotFoundError,
    RuleParamsError,
)
from guerdon.kernel.engagement.expressions import ExpressionError, compiled, truth, whole_number
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import Evaluation, RuleSeed, RuleStatus

PARAM_MAX = 10**12
"""The largest number in a rule's parameters: products of three such stay far from what an amount can hold."""


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


def versions(session: Session, program: str | None = None, code: str | None = None) -> Sequence[Rule]:
    """Rules by program and code, the newest version first."""
    query = select(Rule).order_by(Rule.program, Rule.code, Rule.version.desc())
    if program is not None:
        query = query.where(Rule.program == program)
    if code is not None:
        query = query.where(Rule.code == code)
    return session.scalars(query).all()


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
    session: Session, program: str, code: str, *, params: Mapping[str, Any], note: str, actor_id: UUID | None
) -> Rule:
    """Write a draft that says what the version in force says, with other numbers.

    Args:
        params: the numbers; names and shapes as the version in force has them.
        note: why they change, for those who read it later.

    Raises:
        RuleNotFoundError: nothing is in force under that code.
        RuleParamsError: the numbers do not fit the rule.
    """
    base = in_force(session, program, code)
    check_params(base.params, params)
    # Two people may write a version at the same moment; the lock gives each a number of their own.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:rule, 1))"), {"rule": f"{program}.{code}"})
    latest = session.scalars(select(func.max(Rule.version)).where(Rule.program == program, Rule.code == code)).one()
    draft = Rule(
        id=new_id(),
        program=program,
        code=code,
        version=latest + 1,
        status=RuleStatus.DRAFT,
        activity_kind=base.activity_kind,
        unit_code=base.unit_code,
        condition=base.condition,
        amount=base.amount,
        params=dict(params),
        note=note,
        created_by=actor_id,
    )
    session.add(draft)
    session.flush()
    return draft


def activate(session: Session, rule_id: UUID, at: datetime) -> Rule:
    """Put a draft in force and retire what was in force before.

    Raises:
        RuleNotFoundError: there is no such version.
        RuleLockedError: it is not a draft any more.
    """
    rule = session.scalars(select(Rule).where(Rule.id == rule_id).with_for_update()).one_or_none()
    if rule is None:
        raise RuleNotFoundError(rule=str(rule_id))
    if rule.status != RuleStatus.DRAFT:
        raise RuleLockedError(rule=f"{rule.program}.{rule.code}", version=rule.version, status=rule.status)
    former = session.scalars(
        select(Rule)
        .where(Rule.program == rule.program, Rule.code == rule.code, Rule.status == RuleStatus.ACTIVE)
        .with_for_update()
    ).one_or_none()
    if former is not None:
        former.status = RuleStatus.RETIRED
        former.retired_at = at
        session.flush()
    rule.status = RuleStatus.ACTIVE
    rule.activated_at = at
    session.flush()
    return rule


def discard(session: Session, rule_id: UUID) -> None:
    """Throw a draft away.

    Raises:
        RuleNotFoundError: there is no such version.
        RuleLockedError: it is or was in force.
    """
    rule = get(session, rule_id)
    if rule.status != RuleStatus.DRAFT:
        raise RuleLockedError(rule=f"{rule.program}.{rule.code}", version=rule.version, status=rule.status)
    session.delete(rule)
    session.flush()


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
        raise RuleEvaluationError(rule=f"{rule.program}.{rule.code}", version=rule.version, problem=str(exc)) from exc
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
        RuleExpressionError: an expression is not CEL.
    """
    for seed in seeds:
        for field, source in (("condition", seed.condition), ("amount", seed.amount)):
            try:
                compiled(source)
            except ExpressionError as exc:
                raise RuleExpressionError(field=field, problem=f"{seed.code}: {exc}") from exc
        session.execute(
            insert(Rule)
            .values(
                program=program,
                code=seed.code,
                version=1,
                status=RuleStatus.ACTIVE,
                activity_kind=seed.activity_kind,
                unit_code=seed.unit,
                condition=seed.condition,
                amount=seed.amount,
                params=dict(seed.params),
                note=seed.note,
                activated_at=func.now(),
            )
            .on_conflict_do_nothing(index_elements=["program", "code", "version"])
        )


def check_params(known: Mapping[str, Any], params: Mapping[str, Any], path: str = "params") -> None:
    """Check that parameters have the names and shapes that a rule knows, and that its numbers are whole.

    Raises:
        RuleParamsError: names the first that does not fit.
    """
    for name in known.keys() | params.keys():
        here = f"{path}.{name}"
        if name not in params:
            raise RuleParamsError(field=here, problem=f"{name} is missing")
        if name not in known:
            raise RuleParamsError(field=here, problem=f"{name} is not a parameter of this rule")
        expected, given = known[name], params[name]
        if isinstance(expected, Mapping):
            if not isinstance(given, Mapping):
                raise RuleParamsError(field=here, problem=f"{name} must be an object")
            check_params(expected, given, here)
        elif isinstance(expected, int) and (type(given) is not int or not 0 <= given <= PARAM_MAX):
            raise RuleParamsError(field=here, problem=f"{name} must be a whole number from 0 to {PARAM_MAX}")
        elif isinstance(expected, str) and not isinstance(given, str):
            raise RuleParamsError(field=here, problem=f"{name} must be a text")
