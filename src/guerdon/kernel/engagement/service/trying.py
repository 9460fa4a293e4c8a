"""Trying a version of a rule on a made-up fact, by the code that judges real ones. Nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Fact, NotAwarded, Period
from guerdon.kernel.engagement.activities.service.book import CompiledRule, compile_rule, load
from guerdon.kernel.engagement.activities.service.evaluating import Grant, Granted, Judge, Standing
from guerdon.kernel.engagement.activities.service.periods import period_start
from guerdon.kernel.engagement.errors import RuleEvaluationError
from guerdon.kernel.engagement.expressions import ExpressionError
from guerdon.kernel.engagement.mistakes import read_back
from guerdon.kernel.engagement.models import Rule

ALL_TIME = 10_000
SOMEBODY = UUID(int=0)
_DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A made-up fact happens on some day; all that counts is in its day, week, month and life."""


@dataclass(frozen=True, slots=True)
class Case:
    """A made-up fact and what surrounds it.

    Attributes:
        inputs: the fact's properties.
        member: what the rule reads of the member, by dotted path: ``account_age_days``, ``tiers.events``.
        counters: what it reads of counters, by dotted path with the period last: ``visits.week``.
        granted: what it has given the member already, by period, in minor units.
    """

    inputs: Mapping[str, Any]
    member: Mapping[str, Any] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    granted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a version makes of a case.

    Attributes:
        amount_minor: after multipliers and caps.
        multiplier_bp: what multipliers came to together.
        capped: the period whose cap left less.
        refusal: why it gives nothing; None if it gives something.
    """

    amount_minor: int
    multiplier_bp: int = 10_000
    capped: str | None = None
    refusal: NotAwarded | None = None

    @property
    def applies(self) -> bool:
        """Whether the condition holds."""
        return self.refusal is None or self.refusal.reason != "condition"


def surroundings(session: Session, rule: Rule) -> tuple[list[str], list[str]]:
    """The dotted paths that a version reads of members and of counters; none of what cannot be compiled."""
    try:
        compiled = compile_rule(rule, load(session).metrics)
    except ExpressionError:
        return [], []
    return [".".join(read.path) for read in compiled.member], [_path(each.name) for each in compiled.counters]


def try_out(session: Session, rule: Rule, case: Case) -> Trial:
    """What a version would give for a case.

    Raises:
        RuleEvaluationError: it fails on it.
    """
    try:
        compiled = compile_rule(rule, load(session).metrics)
    except ExpressionError as exc:
        raise RuleEvaluationError(rule=_name(rule), version=rule.version, **exc.details) from exc
    fact = Fact(SOMEBODY, rule.program, rule.activity_kind, _DAY, dict(case.inputs), "trial")
    day = _DAY.date()
    judge = Judge(_DAY, {SOMEBODY: _member(case)}, _standing(compiled, case), ((), ()))
    judged = judge.judge(judge.candidate(SOMEBODY, fact, {"community": day, "member": day}), compiled)
    if isinstance(judged, Grant):
        return Trial(judged.amount_minor, judged.multiplier_bp, judged.capped)
    if judged.reason == "failed":
        raise RuleEvaluationError(rule=_name(rule), version=rule.version, **_failure(judged.params))
    return Trial(0, refusal=judged)


def _name(rule: Rule) -> str:
    return f"{rule.program}.{rule.code}"


def _failure(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"problem": read_back(kept), "technical": kept.get("technical") or None}


def _path(name: str) -> str:
    return name.removeprefix("counters__").replace("__", ".")


def _member(case: Case) -> dict[str, Any]:
    member: dict[str, Any] = {}
    for path, value in case.member.items():
        *objects, name = path.split(".")
        place = member
        for each in objects:
            inner = place.setdefault(each, {})
            place = inner if isinstance(inner, dict) else {}
        place[name] = value
    age = member.pop("account_age_days", 0)
    days = age if type(age) is int and 0 <= age <= ALL_TIME else 0
    return {"verified": False, "tiers": {}, **member, "created_at": _DAY - timedelta(days=days)}


def _standing(rule: CompiledRule, case: Case) -> Standing:
    day = _DAY.date()
    counters = {
        (SOMEBODY.int, each.metric.id, each.period, period_start(each.period, day)): case.counters.get(
            _path(each.name), 0
        )
        for each in rule.counters
    }
    given = {(each.value, period_start(each, day)): (case.granted.get(each.value, 0), 0, _DAY) for each in Period}
    granted = {(SOMEBODY.int, rule.program, rule.code): Granted(by_period=given)}
    budgets = {rule.budget: SOMEBODY} if rule.budget is not None else {}
    return Standing(counters, granted, {(SOMEBODY, rule.unit): None}, budgets)
