"""Judging a batch: what its facts earn, each looked at after those before it, and the awards that become of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import (
    NOTHING,
    Aggregate,
    Award,
    Outcome,
)
from guerdon.kernel.engagement.activities.service import counting, limits, members, paying
from guerdon.kernel.engagement.activities.service.book import Book, CounterRead
from guerdon.kernel.engagement.activities.service.boosting import Boosts, boosts_of
from guerdon.kernel.engagement.activities.service.counting import Contribution, Key, Value
from guerdon.kernel.engagement.activities.service.evaluating import Candidate, Grant, Judge, Standing
from guerdon.kernel.engagement.activities.service.periods import period_start, starts
from guerdon.kernel.ledger.schemas import Posted

_TRIES_MAX = 5
_LIFE = ("life",)
_DISTINCT, _MAX = Aggregate.DISTINCT.value, Aggregate.MAX.value


@dataclass(slots=True)
class Accepted:
    """A fact that is new, and what becomes of it.

    Attributes:
        key: what it is stored under, as a whole number.
        properties: as JSON.
        contributions: what it gives to counters.
        counted: the keys of the counters among them that are looked at, for each contribution, a life's last.
        outcome: made anew whenever it is judged.
    """

    candidate: Candidate
    key: int
    properties: str
    contributions: Sequence[Contribution]
    counted: list[list[Key]] = field(default_factory=list)
    outcome: Outcome = field(init=False)


class Judging:
    """Judges accepted facts, before counters advance.

    Args:
        people: the members, as ``members.lock`` tells of them.
        accepted: in the order of recording; their outcomes are filled in.
    """

    def __init__(
        self,
        session: Session,
        now: datetime,
        book: Book,
        people: dict[UUID, dict[str, Any]],
        accepted: Sequence[Accepted],
    ) -> None:
        self._session = session
        self._now = now
        self._book = book
        self._people = people
        self._accepted = accepted
        self._facts = [each.candidate.fact for each in accepted]
        self._kinds = {fact.kind: book.kinds[fact.kind] for fact in self._facts}
        self._boosts: list[Boosts] = boosts_of(session, now, self._facts)
        self._boost_reads = book.boost_reads(each for boosts in self._boosts for each in boosts.conditions)
        self._watched = self._find_watched()
        self._earned_watched = any(metric.id in self._watched for metric in book.earned.values())

    def _find_watched(self) -> dict[int, tuple[str, ...]]:
        """The periods of counters that rules and campaigns look at, by metric; a life is looked at by everybody."""
        reads = [read for kind in self._kinds.values() for rule in kind.rules for read in rule.counters]
        found: dict[int, set[str]] = {}
        for read in (*reads, *self._boost_reads):
            found.setdefault(read.metric.id, set()).add(read.period)
        return {metric_id: (*sorted(periods - {"life"}), "life") for metric_id, periods in found.items()}

    def run(self, new_values: set[Value]) -> list[Grant]:
        """Judge all facts and post what rules grant.

        Args:
            new_values: distinct values that had not been counted before.
        """
        standing = self._standing()
        grants = self._granted(standing, new_values)
        limits.keep(self._session, grants, standing)
        return grants

    def _standing(self) -> Standing:
        """Everything that the rules of these facts look at, as it was before them."""
        counters = counting.read(self._session, self._wanted())
        rules = [rule for kind in self._kinds.values() for rule in kind.rules]
        if self._boosts or any(rule.reads_tiers for rule in rules):
            members.add_tiers(self._session, self._people, self._now)
        return Standing(counters, limits.read(self._session, self._book, self._facts), {}, {})

    def _wanted(self) -> set[Key]:
        """The counters that are looked at, whether they advance or not."""
        wanted: set[Key] = set()
        reads: dict[str, list[CounterRead]] = {
            name: [*self._boost_reads, *(read for rule in kind.rules for read in rule.counters)]
            for name, kind in self._kinds.items()
        }
        for each in self._accepted:
            candidate = each.candidate
            for read in reads[candidate.fact.kind]:
                start = period_start(read.period, candidate.days[read.metric.zone])
                wanted.add((candidate.owner, read.metric.id, read.period, start))
            for metric, day, _, _ in each.contributions:
                periods = self._watched.get(metric.id, _LIFE)
                keys = [(candidate.owner, metric.id, period, period_start(period, day)) for period in periods]
                each.counted.append(keys)
                wanted.update(keys)
        return wanted

    def _granted(self, standing: Standing, new_values: set[Value]) -> list[Grant]:
        """Judge and post; again without those awards that the ledger refuses, if it does."""
        budgets = paying.lock_budgets(self._session, self._book, self._facts, self._boosts)
        barred: dict[tuple[UUID, str, str], str] = {}
        for _ in range(_TRIES_MAX):
            attempt = standing.copy()
            attempt.budgets, attempt.budget_ids = paying.read_budgets(self._session, budgets)
            judge = Judge(self._now, self._people, attempt, (self._boosts, self._boost_reads), barred)
            grants, outcomes = self._judge_each(judge, set(new_values))
            posted, refused = paying.post(self._session, grants, attempt.budget_ids, self._now)
            if not refused:
                standing.granted = attempt.granted
                for grant, outcome, transfers in zip(grants, outcomes, posted, strict=True):
                    outcome.awards.append(_award(grant, transfers))
                return grants
            barred |= refused
        raise RuntimeError("the ledger kept refusing awards")

    def _judge_each(self, judge: Judge, new_values: set[Value]) -> tuple[list[Grant], list[Outcome]]:
        """What rules grant, and beside each grant the outcome that it belongs to."""
        grants: list[Grant] = []
        outcomes: list[Outcome] = []
        counters = judge.standing.counters
        for each in self._accepted:
            candidate = each.candidate
            kind = candidate.fact.kind
            outcome = each.outcome = Outcome(candidate.activity_id)
            for contribution, keys in zip(each.contributions, each.counted, strict=True):
                outcome.counters[contribution.metric.name] = _advance(counters, contribution, keys, new_values)
            before = len(grants)
            for rule in self._kinds[kind].rules:
                judged = judge.judge(candidate, rule)
                if isinstance(judged, Grant):
                    grants.append(judged)
                    outcomes.append(outcome)
                else:
                    outcome.not_awarded.append(judged)
            outcome.not_awarded.extend(self._book.broken.get(kind, ()))
            if self._earned_watched:
                for grant in grants[before:]:
                    self._advance_earned(counters, grant)
        return grants, outcomes

    def _advance_earned(self, counters: dict[Key, int], grant: Grant) -> None:
        metric = self._book.earned.get(grant.rule.unit)
        if metric is not None:
            for period, start in starts(grant.of.day):
                key = (grant.of.owner, metric.id, period, start)
                if key in counters:
                    counters[key] += grant.amount_minor


def _advance(counters: dict[Key, int], contribution: Contribution, keys: Sequence[Key], new_values: set[Value]) -> int:
    """Bring what judging looks at up to date; returns the value of a life, which is the last. SQL sees to the rest."""
    aggregate, value = contribution.metric.aggregate, 0
    for key in keys:
        value = counters.get(key, 0)
        if aggregate == _DISTINCT:
            new = (*key, contribution.digest)
            if new in new_values:
                new_values.remove(new)
                value += 1
        elif aggregate == _MAX:
            value = max(value, contribution.amount)
        else:
            value += contribution.amount
        counters[key] = value
    return value


def _award(grant: Grant, transfers: Sequence[Posted]) -> Award:
    rule = grant.rule
    return Award(
        rule.program,
        rule.code,
        rule.version,
        rule.id,
        rule.unit,
        grant.amount_minor,
        grant.multiplier_bp,
        grant.capped,
        tuple([each.transfer_id for each in transfers if each.transfer_id is not None]),
        grant.due_at,
        {boost.code: share for boost, share in grant.boosts} if grant.boosts else NOTHING,
        grant.inputs or NOTHING,
    )
