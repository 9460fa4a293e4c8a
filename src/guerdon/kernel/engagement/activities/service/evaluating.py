"""What rules find facts worth: condition, amount, multipliers, caps, cool-down, budget, in that order.

Everything happens in memory, on what has been read before under the members' locks, so that a batch is judged fact by
fact, each after those before it, without asking the database again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from guerdon.core.money import AMOUNT_MINOR_MAX, round_half_up
from guerdon.kernel.engagement.activities.schemas import Fact, NotAwarded
from guerdon.kernel.engagement.activities.service import members
from guerdon.kernel.engagement.activities.service.book import CompiledRule, CounterRead
from guerdon.kernel.engagement.activities.service.boosting import Boost, Boosts
from guerdon.kernel.engagement.activities.service.counting import Key
from guerdon.kernel.engagement.activities.service.periods import period_start, starts
from guerdon.kernel.engagement.binding import Frame
from guerdon.kernel.engagement.expressions import ExpressionError
from guerdon.kernel.engagement.mistakes import ABSENT, TOO_MUCH

BP = 10_000
_KNOWN_MAX = 16_384
"""Of how many values it is remembered for each rule what it gives on them: a few megabytes."""
GrantKey = tuple[int, str, str]
"""Owner, and program and code of a rule."""


class Worth(NamedTuple):
    """What a rule gives on certain values, before boosts, caps and budgets.

    Attributes:
        base_minor: what its amount comes to, before its multipliers.
        amount_minor, multiplier_bp: after them, within the rule's bounds.
    """

    applies: bool
    base_minor: int = 0
    multipliers_bp: tuple[int, ...] = ()
    amount_minor: int = 0
    multiplier_bp: int = BP
    problem: Mapping[str, Any] | None = None


_NO_WORTH = Worth(False)
Known = dict[tuple[Any, ...], Worth]
_known: WeakKeyDictionary[CompiledRule, Known] = WeakKeyDictionary()
"""What rules gave on which values, as long as the version is in force; all threads share it."""


@dataclass(slots=True)
class Granted:
    """What a rule has granted a member.

    Attributes:
        by_period: amount, number of grants and moment of the latest, by period and its start.
        times: when it last granted, and what lies close to the facts of a batch.
        touched: periods in which something has been added.
    """

    by_period: dict[tuple[str, date], tuple[int, int, datetime]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    touched: set[tuple[str, date]] = field(default_factory=set)

    def copy(self) -> "Granted":
        """One that can be added to without changing this."""
        return Granted(dict(self.by_period), list(self.times))


@dataclass(slots=True)
class Candidate:
    """A fact that rules are to be applied to, with what all of them look at.

    Attributes:
        owner: the member as the whole number that keys have.
        member: what ``members.lock`` tells of them.
        day: the community's day of the fact.
        days: the day of the fact by zone, for the counters that rules read.
    """

    activity_id: UUID
    fact: Fact
    owner: int
    member: Mapping[str, Any]
    day: date
    days: Mapping[str, date]


@dataclass(slots=True)
class Grant:
    """An award that is to be posted.

    Attributes:
        of: the fact that it is for.
        amount_minor: in all.
        base_minor: what the rule itself, or its budget, pays.
        boosts: what each campaign's budget pays.
    """

    of: Candidate
    rule: CompiledRule
    amount_minor: int
    base_minor: int
    boosts: Sequence[tuple[Boost, int]]
    multiplier_bp: int
    due_at: datetime | None
    capped: str | None = None
    inputs: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Standing:
    """What is known before the batch; judging works on a copy.

    Attributes:
        counters: what rules read.
        granted: of rules with caps or cool-down.
        budgets: what is left, by owner and unit; None is without bound.
        budget_ids: owner of each budget that a rule names, by its name.
    """

    counters: dict[Key, int]
    granted: dict[GrantKey, Granted]
    budgets: dict[tuple[UUID, str], int | None]
    budget_ids: dict[str, UUID]

    def copy(self) -> "Standing":
        """One that can be judged on without changing this."""
        return Standing(
            dict(self.counters),
            {key: granted.copy() for key, granted in self.granted.items()},
            dict(self.budgets),
            self.budget_ids,
        )


@dataclass(slots=True)
class _Seat:
    """What is kept of a rule while a batch is judged: where it is evaluated, and what it gave on which values.

    Expressions have no effects, so the same values need no second look, neither now nor in later batches; not so where
    they are told as objects.
    """

    frame: Frame
    whole: bool
    known: Known


class Judge:
    """Applies rules to facts, one after the other.

    Args:
        now: for what is pending until when.
        people: the members, as ``members.lock`` tells of them.
        standing: changed as facts are judged.
        boosts: of campaigns, and the counters that their conditions read.
        barred: why an award is not to be given again that the ledger has refused, by activity, program and rule.
    """

    def __init__(
        self,
        now: datetime,
        people: Mapping[UUID, Mapping[str, Any]],
        standing: Standing,
        boosts: tuple[Sequence[Boosts], Sequence[CounterRead]],
        barred: Mapping[tuple[UUID, str, str], str] | None = None,
    ) -> None:
        self._now = now
        self._members = people
        self._boosts, self._boost_reads = boosts
        self._barred = barred or {}
        self._seats: dict[CompiledRule, _Seat] = {}
        self.standing = standing

    def candidate(self, activity_id: UUID, fact: Fact, days: Mapping[str, date]) -> Candidate:
        """A fact as ``judge`` takes it; the community's day is among its days."""
        member = self._members[fact.owner_id]
        return Candidate(activity_id, fact, fact.owner_id.int, member, days["community"], days)

    def judge(self, candidate: Candidate, rule: CompiledRule) -> Grant | NotAwarded:
        """Apply one rule to one fact; what it grants counts against caps and budgets from then on."""
        if self._barred:
            reason = self._barred.get((candidate.activity_id, rule.program, rule.code))
            if reason is not None:
                return _refuse(rule, "ledger", problem=reason)
        values = self._values(candidate, rule)
        worth = self._worth(candidate, rule, values)
        if not worth.applies:
            return rule.unfulfilled if worth.problem is None else _refuse(rule, "failed", **worth.problem)
        grant = self._boosted(candidate, rule, worth) if self._boosts else self._plain(candidate, rule, worth)
        if grant.amount_minor == 0:
            return _refuse(rule, "nothing")
        refused = self._limited(grant) or self._paid(grant)
        if refused is not None:
            return refused
        if rule.inputs:
            grant.inputs = dict(zip(rule.inputs, values[len(rule.activity) :], strict=True))
        if rule.limited:
            self._take_up(grant)
        return grant

    def _values(self, candidate: Candidate, rule: CompiledRule) -> tuple[Any, ...]:
        fact = candidate.fact
        found = tuple(map(fact.properties.get, rule.properties))
        if not rule.inputs:
            return found
        values = [members.read(candidate.member, read.path, fact.happened_at) for read in rule.member]
        for each in rule.counters:
            start = period_start(each.period, candidate.days[each.metric.zone])
            values.append(self.standing.counters.get((candidate.owner, each.metric.id, each.period, start), 0))
        return (*found, *values)

    def _worth(self, candidate: Candidate, rule: CompiledRule, values: tuple[Any, ...]) -> Worth:
        seat = self._seats.get(rule)
        if seat is None:
            whole = rule.whole_activity or rule.whole_member
            seat = self._seats[rule] = _Seat(rule.frame(), whole, _known.setdefault(rule, {}))
        if seat.whole:
            return _evaluated(seat.frame, candidate, rule, values)
        try:
            known = seat.known.get(values)
        except TypeError:  # a list is no key
            return _evaluated(seat.frame, candidate, rule, values)
        if known is None:
            if len(seat.known) >= _KNOWN_MAX:
                seat.known.clear()
            known = seat.known[values] = _evaluated(seat.frame, candidate, rule, values)
        return known

    def _plain(self, candidate: Candidate, rule: CompiledRule, worth: Worth) -> Grant:
        """A grant without campaigns."""
        amount = worth.amount_minor
        return Grant(candidate, rule, amount, amount, (), worth.multiplier_bp, self._due_at(candidate, rule))

    def _boosted(self, candidate: Candidate, rule: CompiledRule, worth: Worth) -> Grant:
        """A grant with what campaigns add, one after the other, each compounding what those before it made."""
        grant = self._plain(candidate, rule, worth)
        if not worth.base_minor:
            return grant
        shares: list[tuple[Boost, int]] = []
        product = _product(worth.multipliers_bp)
        variables = self._variables(candidate)
        for boosts in self._boosts:
            for boost in boosts(rule.unit, f"{rule.program}.{rule.code}", candidate.fact, variables):
                step = product * Fraction(boost.multiplier_bp, BP)
                factor = _bounded(rule, step)
                boosted = round_half_up(worth.base_minor * factor)
                if not self._covered(boost, rule.unit, boosted - grant.amount_minor):
                    shares.append((boost, 0))
                    continue
                product, grant.multiplier_bp = step, round_half_up(factor * BP)
                if boosted > grant.amount_minor:
                    shares.append((boost, boosted - grant.amount_minor))
                    grant.amount_minor = boosted
        grant.boosts = shares
        return grant

    def _due_at(self, candidate: Candidate, rule: CompiledRule) -> datetime | None:
        """When an award matures; None if it has, or need not."""
        if not rule.maturity_s:
            return None
        due_at = candidate.fact.happened_at + timedelta(seconds=rule.maturity_s)
        return due_at if due_at > self._now else None

    def _covered(self, boost: Boost, unit: str, share: int) -> bool:
        """Whether a boost's budget pays its share. One that does not is nothing for others to compound with."""
        left = self.standing.budgets.get((boost.budget_id, unit), 0)
        return left is None or left >= share

    def _variables(self, candidate: Candidate) -> dict[str, Any]:
        """What conditions of boosts read, as objects."""
        counters: dict[str, Any] = {}
        for read in self._boost_reads:
            place = counters
            *names, period = read.path
            for name in names:
                place = place.setdefault(name, {})
            start = period_start(period, candidate.days[read.metric.zone])
            place[period] = self.standing.counters.get((candidate.owner, read.metric.id, period, start), 0)
        return {
            "activity": dict(candidate.fact.properties),
            "member": members.whole(candidate.member, candidate.fact.happened_at),
            "counters": counters,
        }

    def _limited(self, grant: Grant) -> NotAwarded | None:
        """Hold a grant against the rule's caps and cool-down; at a period's cap it shrinks to what is left."""
        rule = grant.rule
        if grant.amount_minor > AMOUNT_MINOR_MAX:
            return _refuse(rule, "failed", **ExpressionError(TOO_MUCH).kept)
        if not rule.caps and not rule.cool_down_s:
            return None
        cap = rule.caps.get("act")
        if cap is not None and grant.base_minor > cap:
            return _refuse(rule, "act_cap", amount_minor=grant.base_minor, cap_minor=cap, unit=rule.unit)
        if cap is not None and grant.amount_minor > cap:
            # A campaign makes an award larger, never one that is refused for it.
            _shrink(grant, cap)
            grant.capped = "act"
        granted = self.standing.granted.get((grant.of.owner, rule.program, rule.code))
        if granted is None:
            granted = Granted()
        wait = timedelta(seconds=rule.cool_down_s)
        if wait and any(abs(grant.of.fact.happened_at - each) < wait for each in granted.times):
            return _refuse(rule, "cool_down")
        for period, start in starts(grant.of.day):
            cap = rule.caps.get(period)
            if cap is None:
                continue
            known = granted.by_period.get((period, start))
            left = cap if known is None else cap - known[0]
            if left <= 0:
                return _refuse(rule, f"{period}_cap")
            if left < grant.amount_minor:
                _shrink(grant, left)
                grant.capped = period
        return None

    def _paid(self, grant: Grant) -> NotAwarded | None:
        """Take what a grant costs from the budgets. The rule's own pays whole or not at all; boosts are covered."""
        budgets, unit = self.standing.budgets, grant.rule.unit
        if grant.rule.budget is not None:
            owner_id = self.standing.budget_ids.get(grant.rule.budget)
            left = budgets.get((owner_id, unit), 0) if owner_id is not None else 0
            if owner_id is None or (left is not None and left < grant.base_minor):
                return _refuse(grant.rule, "budget")
            if left is not None:
                budgets[owner_id, unit] = left - grant.base_minor
        for boost, share in grant.boosts:
            left = budgets.get((boost.budget_id, unit))
            if left is not None:
                budgets[boost.budget_id, unit] = left - share
        return None

    def _take_up(self, grant: Grant) -> None:
        key = (grant.of.owner, grant.rule.program, grant.rule.code)
        granted = self.standing.granted.get(key)
        if granted is None:
            granted = self.standing.granted[key] = Granted()
        at = grant.of.fact.happened_at
        for period in starts(grant.of.day):
            if period[0] in grant.rule.tracked:
                amount, acts, last = granted.by_period.get(period, (0, 0, at))
                granted.by_period[period] = (amount + grant.amount_minor, acts + 1, max(last, at))
                granted.touched.add(period)
        granted.times.append(at)


def _evaluated(frame: Frame, candidate: Candidate, rule: CompiledRule, values: tuple[Any, ...]) -> Worth:
    try:
        frame.bind(rule.names, values)
        if rule.whole_activity:
            frame.bind(("activity",), (dict(candidate.fact.properties),))
        if rule.whole_member:
            frame.bind(("member",), (members.whole(candidate.member, candidate.fact.happened_at),))
        if rule.condition is not None and not frame.truth(rule.condition):
            return _NO_WORTH
        base = frame.whole_number(rule.amount)
        multipliers_bp = tuple(frame.whole_number(each) for each in rule.multipliers)
    except ExpressionError as exc:
        return Worth(False, problem=_named(exc, rule, values).kept)
    if not multipliers_bp:
        return Worth(True, base, (), base)
    factor = _bounded(rule, _product(multipliers_bp))
    return Worth(True, base, multipliers_bp, round_half_up(base * factor), round_half_up(factor * BP))


def _named(mistake: ExpressionError, rule: CompiledRule, values: tuple[Any, ...]) -> ExpressionError:
    """A mistake, told by the name of what was left out where that may be why."""
    absent = next((name for name, value in zip(rule.names, values, strict=True) if value is None), None)
    if absent is None or not mistake.misfit:
        return mistake
    return ExpressionError(ABSENT, technical=mistake.technical, name=absent.replace("__", "."))


def _product(multipliers_bp: Sequence[int]) -> Fraction:
    product = Fraction(1)
    for each in multipliers_bp:
        product *= Fraction(each, BP)
    return product


def _bounded(rule: CompiledRule, factor: Fraction) -> Fraction:
    return min(max(factor, Fraction(rule.multiplier_min_bp, BP)), Fraction(rule.multiplier_max_bp, BP))


def _shrink(grant: Grant, left: int) -> None:
    """Bring a grant down to what is left: the last boost gives way first, the rule's own part last."""
    excess = grant.amount_minor - left
    grant.amount_minor = left
    kept: list[tuple[Boost, int]] = []
    for boost, share in reversed(grant.boosts):
        cut = min(share, excess)
        excess -= cut
        if share > cut or not share:
            kept.insert(0, (boost, share - cut))
    grant.boosts = kept
    grant.base_minor -= excess


def _refuse(rule: CompiledRule, reason: str, **params: Any) -> NotAwarded:
    return NotAwarded(rule.program, rule.code, reason, params)
