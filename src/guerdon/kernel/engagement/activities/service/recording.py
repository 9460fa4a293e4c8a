"""Recording facts: once each, with everything that follows, whole or not at all.

The order, which every other writer keeps to: members' rows by id, counters of facts, budgets, accounts on the ledger,
counters of what was earned, followers, activities.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.core.ids import idempotency_int, new_id
from guerdon.db.statement import savepoint
from guerdon.kernel.engagement.activities.errors import ActivityConflictError, MemberUnknownError
from guerdon.kernel.engagement.activities.schemas import (
    LIFE_START,
    Aggregate,
    Award,
    Batch,
    CounterChange,
    Fact,
    NotAwarded,
    Outcome,
    Recorded,
)
from guerdon.kernel.engagement.activities.service import counting, limits, members, paying, stored
from guerdon.kernel.engagement.activities.service.book import Book, CounterRead, load
from guerdon.kernel.engagement.activities.service.boosting import Boosts, boosts_of
from guerdon.kernel.engagement.activities.service.checking import SKEW_S, checked
from guerdon.kernel.engagement.activities.service.concluding import Documents, conclude
from guerdon.kernel.engagement.activities.service.counting import Contribution, Key, Tally, Value
from guerdon.kernel.engagement.activities.service.evaluating import Grant, Judge, Standing
from guerdon.kernel.engagement.activities.service.periods import day_of, period_start, starts, zone
from guerdon.kernel.ledger.schemas import Posted

BATCH_MAX = 10_000
_TRIES_MAX = 5


_LIFE = frozenset({"life"})
_MANY = 500


@dataclass(slots=True)
class _Entry:
    """One fact on its way: what it was given as, and what has become of it so far."""

    fact: Fact
    properties: str = ""
    key: int = 0
    activity_id: UUID | None = None
    outcome: Outcome | None = None
    same_as: int | None = None
    contributions: Sequence[Contribution] = ()
    days: dict[str, date] = field(default_factory=dict)


def record(session: Session, clock: Clock, facts: Sequence[Fact]) -> list[Outcome]:
    """Record facts in their order, each judged after those before it, with everything that follows from them.

    A fact that was recorded before under its key answers with what was answered then. A fact that cannot be recorded is
    refused by itself and does not hold up the others.

    Args:
        facts: at most ``BATCH_MAX``.

    Returns:
        One outcome for each fact, in order.

    Raises:
        ValueError: too many facts.
    """
    if len(facts) > BATCH_MAX:
        raise ValueError(f"at most {BATCH_MAX} facts are recorded at once")
    if not facts:
        return []
    with members.reaching_all(session), _undisturbed(len(facts)):
        return _Recording(session, clock.now(), facts).run()


@contextmanager
def _undisturbed(facts: int) -> Iterator[None]:
    """Hold the collection of garbage while many facts are recorded.

    A batch makes hundreds of thousands of objects that all live until its end; looking through them again and again
    for some that do not would take a third of the time.
    """
    if facts < _MANY or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Recording:
    def __init__(self, session: Session, now: datetime, facts: Sequence[Fact]) -> None:
        self.session = session
        self.now = now
        self.entries = [_Entry(fact) for fact in facts]
        self.book: Book = load(session)
        self.members: dict[UUID, dict[str, Any]] = {}
        self.last_activity_id: UUID | None = None
        self.boosts: list[Boosts] = []
        self.boost_reads: list[CounterRead] = []
        self.watched: dict[int, frozenset[str]] = {}
        self.earned_watched = False
        self.community = zone(self.book.time_zone)
        self.latest = now + timedelta(seconds=SKEW_S)

    def run(self) -> list[Outcome]:
        self._check()
        self._lock()
        accepted = self._accept()
        if accepted:
            tally = self._count(accepted)
            advanced = counting.advance(self.session, tally)
            self.boosts = boosts_of(self.session, self.now, [entry.fact for entry in accepted])
            self.boost_reads = self.book.boost_reads(each for boosts in self.boosts for each in boosts.conditions)
            self._watch(accepted)
            standing = self._standing(accepted, advanced.changes)
            grants, posted = self._judge(accepted, standing, advanced.new_values)
            earned = paying.count_earned(self.session, self.book, grants)
            recorded = [Recorded(entry.activity_id, entry.fact) for entry in accepted if entry.activity_id]
            limits.keep(self.session, grants, standing)
            self._take_awards(accepted, grants, posted)
            changes = [*advanced.changes, *earned]
            batch = Batch(recorded, changes, sorted(self.members), self.book.time_zone, revision=self.book.revision)
            self._take_conclusion(accepted, conclude(self.session, self.now, batch))
            self._store(accepted)
        return [self._outcome(entry) for entry in self.entries]

    def _check(self) -> None:
        for entry in self.entries:
            try:
                entry.properties = checked(self.book, entry.fact, self.latest)
                entry.key = idempotency_int(entry.fact.key)
            except GuerdonError as refused:
                entry.outcome = Outcome(None, refused=refused)

    def _lock(self) -> None:
        possible = [entry for entry in self.entries if entry.outcome is None]
        locked = members.lock(self.session, [entry.fact.owner_id for entry in possible])
        self.members, self.last_activity_id = locked.read, locked.last_activity_id
        for entry in possible:
            if entry.fact.owner_id not in self.members:
                unknown = MemberUnknownError(field="owner_id", member=str(entry.fact.owner_id))
                entry.outcome = Outcome(None, refused=unknown)

    def _accept(self) -> list[_Entry]:
        """Give an id to every fact that is new; the rest are replays, or collide with what has their key."""
        possible = [(number, entry) for number, entry in enumerate(self.entries) if entry.outcome is None]
        known = stored.find(self.session, [(entry.fact.owner_id.int, entry.key) for _, entry in possible])
        firsts: dict[tuple[int, int], int] = {}
        accepted: list[_Entry] = []
        for number, entry in possible:
            key = (entry.fact.owner_id.int, entry.key)
            before = known.get(key)
            first = firsts.setdefault(key, number)
            if before is not None:
                entry.outcome = (
                    stored.answered(self.session, before)
                    if stored.is_same(before, entry.fact, entry.properties)
                    else _conflict(before["id"])
                )
            elif first == number:
                accepted.append(entry)
            elif stored.are_same(self.entries[first].fact, entry.fact):
                entry.same_as = first
            else:
                entry.same_as, entry.outcome = first, _conflict(None)
        ids = _ids_after(self.last_activity_id, len(accepted))
        for entry, activity_id in zip(accepted, ids, strict=True):
            entry.activity_id = activity_id
        return accepted

    def _count(self, accepted: Sequence[_Entry]) -> Tally:
        counter = counting.Counter(self.book)
        tally = Tally()
        for entry in accepted:
            fact = entry.fact
            entry.days = self._days(fact)
            entry.contributions = counter.contributions(fact.kind, fact.properties, entry.days)
            for contribution in entry.contributions:
                tally.add(fact.owner_id, contribution, fact.happened_at)
        return tally

    def _days(self, fact: Fact) -> dict[str, date]:
        """The day of a fact by the community's clock, and by the member's where somebody asks for it."""
        days = {"community": day_of(fact.happened_at, self.community)}
        if self.book.by_member:
            days["member"] = day_of(fact.happened_at, zone(self.members[fact.owner_id]["time_zone"]))
        return days

    def _watch(self, accepted: Sequence[_Entry]) -> None:
        """Find out which counters rules and campaigns look at."""
        kinds = {entry.fact.kind for entry in accepted}
        reads = [read for kind in kinds for rule in self.book.kinds[kind].rules for read in rule.counters]
        for read in (*reads, *self.boost_reads):
            self.watched[read.metric.id] = self.watched.get(read.metric.id, _LIFE) | {read.period}
        self.earned_watched = any(metric.id in self.watched for metric in self.book.earned.values())

    def _standing(self, accepted: Sequence[_Entry], changes: Sequence[CounterChange]) -> Standing:
        """Everything that the rules of these facts look at, as it was before them."""
        rules = {
            rule.id: rule for kind in {entry.fact.kind for entry in accepted} for rule in self.book.kinds[kind].rules
        }
        counters: dict[Key, int] = {
            (each.owner_id.int, each.metric_id, each.period, each.period_start): each.before
            for each in changes
            if each.period == "life" or each.metric_id in self.watched
        }
        # A value that was counted before changes nothing, and so is not among the changes.
        wanted: set[Key] = {
            (entry.fact.owner_id.int, each.metric.id, "life", LIFE_START)
            for entry in accepted
            for each in entry.contributions
            if each.metric.aggregate == Aggregate.DISTINCT
        }
        reads = {
            kind: [*self.boost_reads, *(read for rule in self.book.kinds[kind].rules for read in rule.counters)]
            for kind in {entry.fact.kind for entry in accepted}
        }
        for entry in accepted:
            for read in reads[entry.fact.kind]:
                start = period_start(read.period, entry.days[read.metric.zone])
                wanted.add((entry.fact.owner_id.int, read.metric.id, read.period, start))
        counters |= counting.read(self.session, [key for key in wanted if key not in counters])
        if self.boosts or any(rule.reads_tiers for rule in rules.values()):
            members.add_tiers(self.session, self.members, self.now)
        facts = [entry.fact for entry in accepted]
        granted = limits.read(self.session, self.book, facts)
        return Standing(counters, granted, {}, {})

    def _judge(
        self,
        accepted: Sequence[_Entry],
        standing: Standing,
        new_values: set[Value],
    ) -> tuple[list[Grant], list[list[Posted]]]:
        """Judge all facts and post what rules grant; again without those that the ledger refuses, if it does."""
        facts = [entry.fact for entry in accepted]
        budgets = paying.lock_budgets(self.session, self.book, facts, self.boosts)
        barred: dict[tuple[UUID, str, str], str] = {}
        for _ in range(_TRIES_MAX):
            attempt = standing.copy()
            attempt.budgets, attempt.budget_ids = paying.read_budgets(self.session, budgets)
            judge = Judge(self.now, self.members, attempt, (self.boosts, self.boost_reads), barred)
            grants = self._judge_each(accepted, judge, set(new_values))
            with savepoint(self.session) as undo:
                posted, refused = paying.post(self.session, grants, attempt.budget_ids, self.now)
                if refused:
                    undo()
            if not refused:
                standing.granted = attempt.granted
                return grants, posted
            barred |= refused
        raise RuntimeError("the ledger kept refusing awards")

    def _judge_each(self, accepted: Sequence[_Entry], judge: Judge, new_values: set[Value]) -> list[Grant]:
        grants: list[Grant] = []
        counters = judge.standing.counters
        for entry in accepted:
            fact, activity_id = entry.fact, entry.activity_id
            outcome = entry.outcome = Outcome(activity_id)
            if activity_id is None:
                continue
            candidate = judge.candidate(activity_id, fact, entry.days)
            for contribution in entry.contributions:
                value = self._advance(counters, candidate.owner, contribution, new_values)
                outcome.counters[contribution.metric.name] = value
            earned: list[Grant] = []
            for rule in self.book.kinds[fact.kind].rules:
                judged = judge.judge(candidate, rule)
                if isinstance(judged, NotAwarded):
                    outcome.not_awarded.append(judged)
                else:
                    earned.append(judged)
            for program, code, problem in self.book.broken.get(fact.kind, ()):
                outcome.not_awarded.append(NotAwarded(program, code, "failed", {"problem": problem}))
            if self.earned_watched:
                for grant in earned:
                    self._advance_earned(counters, grant)
            grants += earned
        return grants

    def _advance(self, counters: dict[Key, int], owner: int, contribution: Contribution, new_values: set[Value]) -> int:
        """Bring what judging looks at up to date; returns the lifetime value. Other periods are left to SQL."""
        metric = contribution.metric
        watched = self.watched.get(metric.id, _LIFE)
        value = 0
        for period, start in starts(contribution.day):
            if period not in watched:
                continue
            key = (owner, metric.id, period, start)
            value = counters.get(key, 0)
            if metric.aggregate == Aggregate.DISTINCT:
                new = (*key, contribution.digest)
                if new in new_values:
                    new_values.remove(new)
                    value += 1
            elif metric.aggregate == Aggregate.MAX:
                value = max(value, contribution.amount)
            else:
                value += contribution.amount
            counters[key] = value
        return value  # of the last period, which is life

    def _advance_earned(self, counters: dict[Key, int], grant: Grant) -> None:
        metric = self.book.earned.get(grant.rule.unit)
        if metric is not None:
            for period, start in starts(grant.of.day):
                key = (grant.of.owner, metric.id, period, start)
                if key in counters:
                    counters[key] += grant.amount_minor

    def _take_awards(
        self, accepted: Sequence[_Entry], grants: Sequence[Grant], posted: Sequence[Sequence[Posted]]
    ) -> None:
        outcomes = {entry.activity_id.int: entry.outcome for entry in accepted if entry.activity_id}
        for grant, transfers in zip(grants, posted, strict=True):
            outcome = outcomes[grant.of.activity_id.int]
            if outcome is not None:
                rule = grant.rule
                outcome.awards.append(
                    Award(
                        rule.program,
                        rule.code,
                        rule.version,
                        rule.id,
                        rule.unit,
                        grant.amount_minor,
                        grant.multiplier_bp,
                        grant.capped,
                        tuple(each.transfer_id for each in transfers if each.transfer_id is not None),
                        grant.due_at,
                        {boost.code: share for boost, share in grant.boosts},
                        grant.inputs,
                    )
                )

    @staticmethod
    def _take_conclusion(accepted: Sequence[_Entry], conclusion: Documents) -> None:
        """What followed from a batch is told with the last fact of each member."""
        last = {entry.fact.owner_id: entry for entry in accepted} if conclusion else {}
        for owner_id, documents in conclusion.items():
            outcome = last[owner_id].outcome if owner_id in last else None
            if outcome is not None:
                for name, found in documents.items():
                    getattr(outcome, name).extend(found)

    def _store(self, accepted: Sequence[_Entry]) -> None:
        stored.write(
            self.session,
            self.now,
            [
                (entry.activity_id, entry.key, entry.fact, entry.properties, entry.outcome)
                for entry in accepted
                if entry.activity_id and entry.outcome
            ],
        )

    def _outcome(self, entry: _Entry) -> Outcome:
        if entry.outcome is None and entry.same_as is not None:
            first = self.entries[entry.same_as].outcome
            if first is not None:
                return stored.replayed(first)
        if entry.outcome is None:
            raise AssertionError("every fact has an outcome")
        return entry.outcome


def _conflict(activity_id: UUID | None) -> Outcome:
    return Outcome(None, refused=ActivityConflictError(field="key", activity_id=activity_id))


def _ids_after(last: UUID | None, count: int) -> list[UUID]:
    """New ids that sort after ``last`` and among themselves, whatever the machine's clock says."""
    start = new_id().int
    if last is not None and last.int >= start:
        start = last.int + 1
    return [UUID(int=start + number) for number in range(count)]
