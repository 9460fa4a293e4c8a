"""The terms of a rule: its expressions, bounds, caps, waits and budget, and whether they fit together."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice, product
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, Sentence
from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.engagement.activities.service.book import Book, Kind, counter_read, load
from guerdon.kernel.engagement.binding import Bound, Frame, Read, bound, place_of
from guerdon.kernel.engagement.errors import (
    RuleBoundsError,
    RuleBudgetError,
    RuleCapError,
    RuleExpressionError,
    RuleTermUnusedError,
    RuleWaitError,
)
from guerdon.kernel.engagement.expressions import EXPRESSION_LENGTH_MAX, ExpressionError
from guerdon.kernel.engagement.mistakes import TRUTH, WHOLE_NUMBER, Place, place_at, unknown, wrong_result
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleTerms
from guerdon.kernel.engagement.service.tiers import ladders
from guerdon.kernel.engagement.spelling import masked
from guerdon.web.i18n import msgid

MULTIPLIERS_MAX = 10
BP_MAX = 1_000_000
WAIT_MAX_S = 10 * 366 * 86_400
CAPS = ("act", "day", "week", "month", "life")
_TRIES_MAX = 256
_SAMPLES: Mapping[str, Any] = {"int": 1, "str": "", "bool": True, "list": []}
_MEMBER_SAMPLE: Mapping[str, Any] = {
    **{"account_age_days": 1, "verified": True, "locale": "en", "country": "SN", "time_zone": "UTC"},
    "tiers": {},
}
_PATH = re.compile(r"(?<![\w.])((?:activity|member|params)(?:\.[A-Za-z_]\w*)+)(?P<call>\s*\()?")


def of(rule: Rule) -> RuleTerms:
    """The terms of a version."""
    return RuleTerms(
        condition=rule.condition,
        amount=rule.amount,
        multipliers=tuple(rule.multipliers),
        multiplier_min_bp=rule.multiplier_min_bp,
        multiplier_max_bp=rule.multiplier_max_bp,
        caps=dict(rule.caps),
        cool_down_s=rule.cool_down_s,
        maturity_s=rule.maturity_s,
        budget=rule.budget,
    )


def in_use(session: Session, rule: Rule) -> RuleTerms:
    """The terms of a version that do anything: a version from before the others were refused may have some."""
    found = of(rule)
    return RuleTerms(found.condition, found.amount) if is_applied_by_program(session, rule) else found


def misfits(session: Session, rule: Rule, terms: RuleTerms, params: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with terms for a rule, each fault with its field; empty when nothing is.

    Args:
        rule: a version of the rule, for its program and the kind of facts.
        params: the numbers that go with the terms.
    """
    book = load(session)
    return [
        *(_unused(rule, terms) if _is_applied_by_program(book, rule) else ()),
        *_expression_faults(book, known_of_members(session, rule.program), rule, terms, params),
        *_number_faults(terms),
        *_budget_faults(session, rule, terms),
    ]


def is_applied_by_program(session: Session, rule: Rule) -> bool:
    """Whether the facts of a rule are no activities, and its program works out by itself what they are worth.

    Then it asks for condition and formula (``rules.evaluate``), and for nothing that looks at other facts or at whoever
    brought it.
    """
    return _is_applied_by_program(load(session), rule)


def _is_applied_by_program(book: Book, rule: Rule) -> bool:
    # A kind of another program may be known later; those of its own are put in before its rules.
    return rule.activity_kind not in book.kinds and rule.activity_kind.startswith(f"{rule.program}.")


def _unused(rule: Rule, terms: RuleTerms) -> Iterator[RuleTermUnusedError]:
    """The terms of such a rule that would do nothing, or could not be worked out."""
    plain = asdict(RuleTerms(terms.condition, terms.amount))
    for field, value in asdict(terms).items():
        if value != plain[field]:
            fields = [f"caps.{period}" for period in terms.caps] if field == "caps" else [field]
            for each in fields:
                yield RuleTermUnusedError(field=each[:100], kind=rule.activity_kind)
    for field in ("condition", "amount"):
        with suppress(ExpressionError):  # what is wrong with it otherwise is told where all expressions are looked at
            expression = bound(getattr(terms, field))
            if {"member", "counters"} & {*expression.roots, *(each.root for each in expression.reads)}:
                yield RuleTermUnusedError(field=field, kind=rule.activity_kind)


def _expression_faults(
    book: Book, member: Mapping[str, Any], rule: Rule, terms: RuleTerms, params: Mapping[str, Any]
) -> Iterator[RuleExpressionError]:
    sources = [("condition", terms.condition), ("amount", terms.amount)]
    sources += [(f"multipliers.{number}", source) for number, source in enumerate(terms.multipliers)]
    if len(terms.multipliers) > MULTIPLIERS_MAX:
        yield RuleExpressionError(
            field="multipliers", problem=Sentence(msgid("there are more than {maximum}."), {"maximum": MULTIPLIERS_MAX})
        )
        return
    for field, source in sources:
        try:
            _check_names(book, rule, bound(source), {"member": member, "params": params})
            check_type(book.kinds.get(rule.activity_kind), bound(source), params, truth=field == "condition")
        except ExpressionError as exc:
            yield RuleExpressionError(field=field, **exc.details)


def known_of_members(session: Session, *own: str) -> Mapping[str, Any]:
    """What expressions may read of a member, by name; of ``tiers`` the programs.

    Args:
        own: a program that may not have been installed yet.
    """
    programs = {kind.program for kind in load(session).kinds.values()}
    return {**_MEMBER_SAMPLE, "tiers": dict.fromkeys(sorted({*own, *programs, *ladders(session)}))}


def _check_names(book: Book, rule: Rule, expression: Bound, known: Mapping[str, Any]) -> None:
    """Hold what an expression reads against what there is, as far as that can be known before a fact comes.

    Raises:
        ExpressionError: it reads something that there is not.
    """
    for read in expression.reads:
        if read.root == "counters":
            try:
                counter_read(read, rule.program, book.metrics)
            except ExpressionError as exc:
                exc.place = place_of(".".join((read.root, *read.path)), expression.source)
                raise
    kind = book.kinds.get(rule.activity_kind)
    properties = {"activity": dict.fromkeys(kind.properties)} if kind is not None else {}
    check_paths(expression.source, {**known, **properties})


def check_paths(source: str, known: Mapping[str, Any]) -> None:
    """Hold the paths that an expression reads against what there is.

    Args:
        known: by root what it has, by name; what is no object there may be followed by anything. What is said of a
            root that is missing is not looked at.

    Raises:
        ExpressionError: a path leads nowhere.
    """
    for found in _PATH.finditer(masked(source)):
        root, *names = found[1].split(".")
        if found["call"]:
            names.pop()
        _check_path(known.get(root), root, names, place_at(source, found.start(1)))


def _check_path(known: Any, path: str, names: Sequence[str], place: Place) -> None:
    for name in names:
        if not isinstance(known, Mapping):
            return
        if name not in known:
            raise unknown(f"{path}.{name}", [f"{path}.{each}" for each in known], place)
        known, path = known[name], f"{path}.{name}"


def check_type(kind: Kind | None, expression: Bound, params: Mapping[str, Any], *, truth: bool) -> None:
    """Refuse what could never be a condition, or an amount: it is tried on a made-up fact.

    What fails there for its values, such as a division by zero, may do well with others; what is of the wrong type is
    so with all of them. Of a kind that is not known, each property is tried as each of the types that there are.

    Raises:
        ExpressionError: it gives neither true nor false, or no whole number, or puts together what does not fit.
    """
    open_names = [] if kind else [read.path[0] for read in expression.reads if read.root == "activity"]
    known = {name: _SAMPLES[each.removesuffix("?")] for name, each in kind.properties.items()} if kind else {}
    problem: ExpressionError | None = None
    for values in islice(product(_SAMPLES.values(), repeat=len(open_names)), _TRIES_MAX):
        try:
            _try(expression, params, {**known, **dict(zip(open_names, values, strict=True))}, truth=truth)
        except ExpressionError as exc:
            problem = problem or exc
        else:
            return
    if problem is not None:
        raise problem


def _try(expression: Bound, params: Mapping[str, Any], activity: Mapping[str, Any], *, truth: bool) -> None:
    samples: dict[str, Mapping[str, Any]] = {"activity": activity, "member": _MEMBER_SAMPLE}
    frame = Frame(params)
    for root, sample in samples.items():
        if root in expression.roots:
            frame.bind([root], [dict(sample)])
    for read in expression.reads:
        frame.bind([read.name], [_sample(read, samples)])
    try:
        value = frame.value(expression)
    except ExpressionError as exc:
        if exc.misfit:
            raise
        return
    if type(value) is not (bool if truth else int):
        raise wrong_result(value, TRUTH if truth else WHOLE_NUMBER)


def _sample(read: Read, samples: Mapping[str, Mapping[str, Any]]) -> Any:
    if read.root == "counters":
        return 1
    # A longer path is that of a tier, by its program.
    return samples[read.root].get(read.path[0], "") if len(read.path) == 1 else ""


def _number_faults(terms: RuleTerms) -> Iterator[FieldError]:
    if not 0 <= terms.multiplier_min_bp <= BP_MAX:
        yield RuleBoundsError(field="multiplier_min_bp", maximum=BP_MAX)
    if not max(terms.multiplier_min_bp, 0) <= terms.multiplier_max_bp <= BP_MAX:
        yield RuleBoundsError(field="multiplier_max_bp", maximum=BP_MAX)
    for period, cap in terms.caps.items():
        if period not in CAPS or type(cap) is not int or not 0 < cap <= AMOUNT_MINOR_MAX:
            yield RuleCapError(field=f"caps.{period}"[:100], periods=", ".join(CAPS))
    for field, seconds in (("cool_down_s", terms.cool_down_s), ("maturity_s", terms.maturity_s)):
        if not 0 <= seconds <= WAIT_MAX_S:
            yield RuleWaitError(field=field, maximum_s=WAIT_MAX_S)


def _budget_faults(session: Session, rule: Rule, terms: RuleTerms) -> Iterator[FieldError]:
    if terms.budget is None or terms.budget == rule.budget:
        return
    if not is_budget(session, rule.unit_code, terms.budget):
        yield RuleBudgetError(field="budget", budget=terms.budget[:100], unit=rule.unit_code)


def is_budget(session: Session, unit: str, code: str, *, ever: bool = False) -> bool:
    """Whether a rule can pay from a part of the system: one with a floor in the rule's unit, that is open.

    Args:
        ever: whether it could at one time.
    """
    query = text(
        """
        SELECT EXISTS (
            SELECT FROM ledger.owners AS o
            JOIN ledger.accounts AS a ON a.owner_id = o.id AND a.pocket = 1
            JOIN ledger.units AS u ON u.id = a.unit_id AND u.code = :unit
            WHERE o.code = :budget AND (:ever OR (o.closed_at IS NULL AND a.floor IS NOT NULL)))
        """
    )
    found: bool = session.execute(query, {"unit": unit, "budget": code, "ever": ever}).scalar_one()
    return found


def read_lines(sent: str) -> Sequence[str]:
    """Expressions that a form sent, one on a line."""
    return tuple(line.strip() for line in sent[: EXPRESSION_LENGTH_MAX * 2].splitlines() if line.strip())
