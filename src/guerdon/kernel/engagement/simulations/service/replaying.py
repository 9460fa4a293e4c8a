"""Applying a version of a rule to what some members did, by the code that judged it when it happened.

A member's facts are taken in the order in which they were recorded. Counters that the rule reads are counted along from
the first fact on. What the rule's versions really gave before the period counts against caps and cool-down; within the
period what the simulated version gives. Budgets and campaigns are left out; verification, tiers and the like are as
they are today.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Aggregate, Fact, NotAwarded
from guerdon.kernel.engagement.activities.service import counting, members
from guerdon.kernel.engagement.activities.service.book import Book, CompiledRule
from guerdon.kernel.engagement.activities.service.clocks import Clocks
from guerdon.kernel.engagement.activities.service.counting import Contribution
from guerdon.kernel.engagement.activities.service.evaluating import Grant, Granted, Judge, Standing
from guerdon.kernel.engagement.activities.service.periods import day_of, starts, zone
from guerdon.kernel.engagement.simulations.schemas import Tally

ROWS_AT_ONCE = 2000
_FACTS = text(
    """
    SELECT a.owner_id, a.id, a.kind, a.happened_at, a.properties,
        coalesce((
            SELECT sum((w ->> 3)::bigint)
            FROM jsonb_array_elements(a.outcome -> 'awards') AS w
            WHERE w ->> 0 = :rule), 0)::bigint AS was_minor,
        coalesce((
            SELECT sum((w ->> 3)::bigint)
            FROM jsonb_array_elements(a.outcome -> 'awards') AS w
            WHERE w ->> 2 = :unit), 0)::bigint AS earned_minor
    FROM engagement.activities AS a
    WHERE a.owner_id = ANY(:owners) AND a.kind = ANY(:kinds) AND a.happened_at < :until
        AND (:whole OR a.happened_at >= :since)
        AND NOT EXISTS (
            SELECT FROM engagement.activity_withdrawals AS w WHERE w.owner_id = a.owner_id AND w.activity_id = a.id)
    ORDER BY a.owner_id, a.id
    """
)
_PEOPLE = text(
    """
    SELECT u.id, u.time_zone, u.locale, u.country_code AS country, u.created_at,
        u.email_verified_at IS NOT NULL OR u.phone_verified_at IS NOT NULL AS verified
    FROM identity.users AS u WHERE u.id = ANY(:owners)
    """
)


@dataclass(frozen=True, slots=True)
class Question:
    """Which version, and when.

    Attributes:
        rule: the version, compiled.
        since, until: when the facts happened that count, the second excluded.
        now: the present.
    """

    rule: CompiledRule
    since: datetime
    until: datetime
    now: datetime


@dataclass(slots=True)
class _Member:
    """What is known of one member while their facts pass."""

    judge: Judge
    seen: set[Any] = field(default_factory=set)
    paid_minor: int = 0
    was_minor: int = 0
    facts: int = 0


def replay(session: Session, book: Book, question: Question, owners: Sequence[UUID], tally: Tally) -> None:
    """Apply a version to the facts of some members and add what it finds. Nothing is written."""
    found = _Replay(session, book, question, owners)
    for owner_id, rows in groupby(found.rows(), key=lambda row: row.owner_id):
        found.take(owner_id, rows, tally)


class _Replay:
    def __init__(self, session: Session, book: Book, question: Question, owners: Sequence[UUID]) -> None:
        self._session = session
        self._book = book
        self._question = question
        self._owners = list(owners)
        rule = question.rule
        self._metrics = {read.metric.id for read in rule.counters}
        counted = {kind for read in rule.counters for kind in read.metric.kinds}
        earning = any(read.metric.aggregate == Aggregate.EARNED for read in rule.counters)
        self._kinds = list(book.kinds) if earning else sorted({rule.kind, *counted})
        self._earned = book.earned.get(rule.unit) if earning else None
        # Without counters, caps and waits, only the facts of the period matter.
        self._whole = bool(rule.counters) or rule.limited
        self._community = zone(book.time_zone)
        self._people = self._read_people()
        self._clocks = Clocks(session, self._owners, book.time_zone)
        self._counter = counting.Counter(book)

    def _read_people(self) -> dict[UUID, dict[str, Any]]:
        rows = self._session.execute(_PEOPLE, {"owners": self._owners})
        people = {row.id: dict(row._mapping) for row in rows}
        rule = self._question.rule
        if rule.whole_member or any(read.path[0] == "tiers" for read in rule.member):
            members.add_tiers(self._session, people, self._question.now)
        return people

    def rows(self) -> Iterator[Row[Any]]:
        """The facts of all these members, member by member, a few at a time."""
        rule, question = self._question.rule, self._question
        values = {
            "owners": self._owners,
            "kinds": self._kinds,
            "rule": f"{rule.program}.{rule.code}",
            "unit": rule.unit,
            "since": question.since,
            "until": question.until,
            "whole": self._whole,
        }
        return iter(self._session.execute(_FACTS, values, execution_options={"yield_per": ROWS_AT_ONCE}))

    def take(self, owner_id: UUID, rows: Iterator[Row[Any]], tally: Tally) -> None:
        """Go through one member's facts."""
        rule = self._question.rule
        budgets = {rule.budget: owner_id} if rule.budget is not None else {}
        standing = Standing(
            {}, {(owner_id.int, rule.program, rule.code): Granted()}, {(owner_id, rule.unit): None}, budgets
        )
        member = _Member(Judge(self._question.now, self._people, standing, ((), ())))
        for row in rows:
            self._take_fact(owner_id, row, member, tally)
        if member.facts:
            tally.take(owner_id, member.paid_minor, member.was_minor)

    def _take_fact(self, owner_id: UUID, row: Row[Any], member: _Member, tally: Tally) -> None:
        rule, question = self._question.rule, self._question
        standing = member.judge.standing
        mine = zone(self._clocks.zone(owner_id, row.id))
        day = day_of(row.happened_at, self._community)
        days = {"community": day, "member": day_of(row.happened_at, mine)}
        for each in self._counter.contributions(row.kind, row.properties, days):
            if each.metric.id in self._metrics:
                _advance(standing, owner_id, each, member.seen)
        if row.kind == rule.kind:
            if row.happened_at >= question.since:
                self._judge(owner_id, row, member, days, tally)
            elif row.was_minor and rule.limited:
                _give(standing.granted[owner_id.int, rule.program, rule.code], row.was_minor, row.happened_at, day)
        if self._earned is not None and row.earned_minor:
            for period, start in starts(day):
                key = (owner_id.int, self._earned.id, period, start)
                standing.counters[key] = standing.counters.get(key, 0) + row.earned_minor

    def _judge(self, owner_id: UUID, row: Row[Any], member: _Member, days: Mapping[str, date], tally: Tally) -> None:
        rule = self._question.rule
        fact = Fact(owner_id, rule.program, row.kind, row.happened_at, row.properties, "simulated")
        judged = member.judge.judge(member.judge.candidate(row.id, fact, days), rule)
        member.facts += 1
        member.was_minor += row.was_minor
        tally.facts += 1
        tally.was_granted += row.was_minor > 0
        if isinstance(judged, Grant):
            member.paid_minor += judged.amount_minor
            tally.granted += 1
        elif isinstance(judged, NotAwarded):
            tally.refusals[judged.reason] = tally.refusals.get(judged.reason, 0) + 1


def _advance(standing: Standing, owner_id: UUID, each: Contribution, seen: set[Any]) -> None:
    metric = each.metric
    for period, start in starts(each.day):
        key = (owner_id.int, metric.id, period, start)
        value = standing.counters.get(key, 0)
        if metric.aggregate == Aggregate.DISTINCT:
            new = (*key, each.digest) not in seen
            seen.add((*key, each.digest))
            value += new
        elif metric.aggregate == Aggregate.MAX:
            value = max(value, each.amount)
        else:
            value += each.amount
        standing.counters[key] = value


def _give(granted: Granted, amount_minor: int, at: datetime, day: date) -> None:
    for period in starts(day):
        amount, acts, last = granted.by_period.get(period, (0, 0, at))
        granted.by_period[period] = (amount + amount_minor, acts + 1, max(last, at))
    granted.times.append(at)
