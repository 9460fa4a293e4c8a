"""The book: all that recording has to know of kinds, metrics and rules, compiled once and kept until it changes."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import SmallInteger, cast, func, select
from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.models import ActivityKindRow, Metric
from guerdon.kernel.engagement.activities.schemas import NotAwarded
from guerdon.kernel.engagement.binding import Bound, Frame, Read, bound
from guerdon.kernel.engagement.expressions import ExpressionError
from guerdon.kernel.engagement.mistakes import unknown
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleStatus
from guerdon.kernel.ledger.catalogue import catalogue, refresh

KEPT_MAX = 8
"""Books kept in a process: one, as long as it works on one database."""


@dataclass(frozen=True, slots=True)
class CountedMetric:
    """A metric ready to count.

    Attributes:
        name: program and code, as outcomes name it.
        of_property: which it sums, and so on.
        condition: None if every fact of the kinds counts.
    """

    id: int
    program: str
    code: str
    kinds: tuple[str, ...]
    aggregate: str
    of_property: str | None
    condition: Bound | None
    zone: str
    name: str


@dataclass(frozen=True, slots=True)
class CounterRead:
    """A counter that a rule reads: of which metric, over which period, bound under which name."""

    name: str
    path: tuple[str, ...]
    metric: CountedMetric
    period: str


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class CompiledRule:
    """A version of a rule ready to be applied; equal to nothing but itself, and so a quick key.

    Attributes:
        condition: None if it always applies.
        activity, member: what it reads of them.
        whole_activity, whole_member: it reads them as objects.
        names: of the variables that take the values of ``activity``, ``member`` and ``counters``, in this order.
        properties: those of the fact that it reads, in the order of ``activity``.
        inputs: what it reads besides the fact's properties, as people write it: ``member.verified``.
        unfulfilled: what it answers where its condition does not hold.
        tracked: the periods for which it is kept what it has granted, for caps and cool-down of any of its versions.
        limited: whether there are any.
    """

    id: UUID
    program: str
    code: str
    version: int
    kind: str
    unit: str
    params: Mapping[str, Any]
    condition: Bound | None
    amount: Bound
    multipliers: tuple[Bound, ...]
    multiplier_min_bp: int
    multiplier_max_bp: int
    caps: Mapping[str, int]
    cool_down_s: int
    maturity_s: int
    budget: str | None
    transfer_kind: str
    activity: tuple[Read, ...]
    member: tuple[Read, ...]
    counters: tuple[CounterRead, ...]
    whole_activity: bool
    whole_member: bool
    names: tuple[str, ...]
    properties: tuple[str, ...]
    inputs: tuple[str, ...]
    unfulfilled: NotAwarded
    tracked: frozenset[str]
    limited: bool

    @property
    def reads_tiers(self) -> bool:
        """Whether it matters where the member stands."""
        return self.whole_member or any(read.path[0] == "tiers" for read in self.member)

    def frame(self) -> Frame:
        """Where it is evaluated."""
        return Frame(self.params)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact, with what counts it and what rules it falls under, in the order of their codes.

    Attributes:
        expected: each property with its type, and whether it may be left out.
    """

    name: str
    program: str
    title: str
    properties: Mapping[str, str]
    expected: tuple[tuple[str, str, bool], ...]
    outside: bool
    by_member: bool
    metrics: tuple[CountedMetric, ...]
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """What was in force under one mark of the community's row.

    Attributes:
        metrics: by program and code.
        earned: metric of each unit, by the unit's code.
        by_member: whether any metric counts by the members' clocks.
        broken: what rules in force that cannot be compiled answer, by kind; they grant nothing.
    """

    revision: UUID
    time_zone: str
    kinds: Mapping[str, Kind]
    metrics: Mapping[tuple[str, str], CountedMetric]
    earned: Mapping[str, CountedMetric]
    by_member: bool
    broken: Mapping[str, Sequence[NotAwarded]]

    def boost_reads(self, conditions: Iterable[str]) -> list[CounterRead]:
        """The counters that conditions of boosts read; what cannot be compiled reads none, and holds for nobody."""
        found: dict[str, CounterRead] = {}
        for condition in conditions:
            with suppress(ExpressionError):
                for read in bound(condition).reads:
                    if read.root == "counters":
                        found[read.name] = counter_read(read, "", self.metrics)
        return list(found.values())

    def earned_id(self, session: Session, unit: str) -> int:
        """The metric of what is earned of a unit, which is made for a unit that is newer than the book."""
        known = self.earned.get(unit)
        if known is not None:
            return known.id
        made: int = session.execute(
            select(func.engagement.earned_metric(cast(catalogue(session).unit_id(unit), SmallInteger)))
        ).scalar_one()
        return made


_COMMUNITY = Statement("SELECT revision, time_zone FROM engagement.community")
_books: OrderedDict[tuple[UUID, str], Book] = OrderedDict()


def load(session: Session) -> Book:
    """The book that is in force; read anew only when something in it has changed."""
    revision, time_zone = _COMMUNITY.row(session)
    known = _books.get((revision, time_zone))
    if known is None:
        known = _books[revision, time_zone] = _read(session, revision, time_zone)
        while len(_books) > KEPT_MAX:
            _books.popitem(last=False)
    return known


def _read(session: Session, revision: UUID, time_zone: str) -> Book:
    codes = catalogue(session)
    metrics: dict[tuple[str, str], CountedMetric] = {}
    earned: dict[str, CountedMetric] = {}
    for row in session.scalars(select(Metric).order_by(Metric.id)):
        metric = CountedMetric(
            row.id,
            row.program,
            row.code,
            tuple(row.activity_kinds),
            row.aggregate,
            row.property,
            None if row.condition.strip() == "true" else bound(row.condition),
            row.zone,
            f"{row.program}.{row.code}",
        )
        metrics[row.program, row.code] = metric
        if row.unit_id is not None:
            if row.unit_id not in codes.units_by_id:
                refresh(session)
                codes = catalogue(session)
            earned[codes.units_by_id[row.unit_id].code] = metric
    rules, broken = _rules(session, metrics)
    kinds = {
        row.name: Kind(
            row.name,
            row.program,
            row.title,
            row.properties,
            tuple((name, each.removesuffix("?"), each.endswith("?")) for name, each in row.properties.items()),
            row.outside,
            row.by_member,
            tuple(metric for metric in metrics.values() if row.name in metric.kinds),
            tuple(rules.get(row.name, ())),
        )
        for row in session.scalars(select(ActivityKindRow))
    }
    by_member = any(metric.zone == "member" for metric in metrics.values())
    return Book(revision, time_zone, kinds, metrics, earned, by_member, broken)


def _rules(
    session: Session, metrics: Mapping[tuple[str, str], CountedMetric]
) -> tuple[dict[str, list[CompiledRule]], dict[str, list[NotAwarded]]]:
    rules: dict[str, list[CompiledRule]] = {}
    broken: dict[str, list[NotAwarded]] = {}
    tracked = tracked_periods(session)
    query = select(Rule).where(Rule.status == RuleStatus.ACTIVE).order_by(Rule.program, Rule.code)
    for row in session.scalars(query):
        try:
            compiled = compile_rule(row, metrics, tracked.get((row.program, row.code), frozenset()))
            rules.setdefault(row.activity_kind, []).append(compiled)
        except ExpressionError as exc:
            refusal = NotAwarded(row.program, row.code, "failed", exc.kept)
            broken.setdefault(row.activity_kind, []).append(refusal)
    return rules, broken


def tracked_periods(session: Session) -> dict[tuple[str, str], frozenset[str]]:
    """For which periods it is kept what rules have granted, by program and code; every version counts that was ever in
    force, so that a cap that comes back finds what was granted in between."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    query = select(Rule.program, Rule.code, Rule.caps, Rule.cool_down_s).where(Rule.activated_at.is_not(None))
    for program, code, caps, cool_down_s in session.execute(query):
        found[program, code] = found.get((program, code), frozenset()) | looked_back(caps, cool_down_s)
    return found


def looked_back(caps: Iterable[str], cool_down_s: int) -> frozenset[str]:
    """The periods over which a version's caps and cool-down look back."""
    return frozenset(caps) - {"act"} | (frozenset({"life"}) if cool_down_s else frozenset())


def compile_rule(
    rule: Rule, metrics: Mapping[tuple[str, str], CountedMetric], tracked: frozenset[str] | None = None
) -> CompiledRule:
    """Make a version of a rule ready.

    Args:
        tracked: periods for which it is kept what it grants; if None, those that this version needs.

    Raises:
        ExpressionError: an expression is not CEL, or reads what there is not.
    """
    if tracked is None:
        tracked = looked_back(rule.caps, rule.cool_down_s)
    condition = None if rule.condition.strip() == "true" else bound(rule.condition)
    amount = bound(rule.amount)
    multipliers = tuple(bound(source) for source in rule.multipliers)
    every = [each for each in (condition, amount, *multipliers) if each is not None]
    reads = {read.name: read for each in every for read in each.reads}
    roots = {root for each in every for root in each.roots}
    activity = tuple(read for read in reads.values() if read.root == "activity")
    member = tuple(read for read in reads.values() if read.root == "member")
    counted = tuple(read for read in reads.values() if read.root == "counters")
    return CompiledRule(
        id=rule.id,
        program=rule.program,
        code=rule.code,
        version=rule.version,
        kind=rule.activity_kind,
        unit=rule.unit_code,
        params=rule.params,
        condition=condition,
        amount=amount,
        multipliers=multipliers,
        multiplier_min_bp=rule.multiplier_min_bp,
        multiplier_max_bp=rule.multiplier_max_bp,
        caps=rule.caps,
        cool_down_s=rule.cool_down_s,
        maturity_s=rule.maturity_s,
        budget=rule.budget,
        transfer_kind=rule.transfer_kind,
        activity=activity,
        member=member,
        counters=tuple(counter_read(read, rule.program, metrics) for read in counted),
        whole_activity="activity" in roots,
        whole_member="member" in roots,
        names=tuple(read.name for read in (*activity, *member, *counted)),
        properties=tuple(read.path[0] for read in activity),
        unfulfilled=NotAwarded(rule.program, rule.code, "condition"),
        tracked=tracked,
        limited=bool(tracked),
        inputs=tuple(".".join((read.root, *read.path)) for read in (*member, *counted)),
    )


def counter_read(read: Read, program: str, metrics: Mapping[tuple[str, str], CountedMetric]) -> CounterRead:
    """Which counter ``counters.attended.week`` is for a program's rule: its own metric, or that of another it names.

    Raises:
        ExpressionError: there is no such metric.
    """
    *names, period = read.path
    code = ".".join(names)
    own = metrics.get((program, code)) or metrics.get(("ledger", code))
    found = own or metrics.get((names[0], ".".join(names[1:])))
    if found is None:
        known = [name for owner, name in metrics if owner in (program, "ledger")]
        known += [f"{owner}.{name}" for owner, name in metrics if owner != "ledger"]
        raise unknown(f"counters.{code}", [f"counters.{each}" for each in known])
    return CounterRead(read.name, read.path, found, period)
