"""Counting: what facts add to the counters of members, worked out in memory and written in sets.

Recording and rebuilding count by the same code, so that what is rebuilt is what would have been recorded.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Row, Statement
from guerdon.kernel.engagement.activities.schemas import Aggregate, CounterChange, Property
from guerdon.kernel.engagement.activities.service import wire
from guerdon.kernel.engagement.activities.service.book import Book, CountedMetric
from guerdon.kernel.engagement.activities.service.periods import starts
from guerdon.kernel.engagement.binding import Frame
from guerdon.kernel.engagement.expressions import ExpressionError

Key = tuple[int, int, str, date]
"""Owner, metric, period and its start. Owners stand in keys as whole numbers, which hash ten times as fast as UUIDs."""
Value = tuple[int, int, str, date, bytes]
"""The same with the digest of a distinct value."""


class Contribution(NamedTuple):
    """What one fact gives to one metric: an amount, a value that may be the largest, or a value that may be new."""

    metric: CountedMetric
    day: date
    amount: int = 0
    digest: bytes = b""


@dataclass(slots=True)
class Tally:
    """What many facts give, by owner, metric and day; of distinct values, by period.

    Attributes:
        owners: whom the whole numbers stand for.
    """

    owners: dict[int, UUID] = field(default_factory=dict)
    sums: dict[tuple[int, int, date], list[Any]] = field(default_factory=dict)
    maxima: dict[tuple[int, int, date], list[Any]] = field(default_factory=dict)
    values: dict[Value, datetime] = field(default_factory=dict)
    _places: int = 0

    def add(self, owner_id: UUID, contribution: Contribution, at: datetime) -> None:
        """Take up what a fact that happened at a moment gives; facts come in the order of recording."""
        metric = contribution.metric
        owner = owner_id.int
        if metric.aggregate == Aggregate.DISTINCT:
            self.owners[owner] = owner_id
            for period, start in starts(contribution.day):
                self.values.setdefault((owner, metric.id, period, start, contribution.digest), at)
        elif metric.aggregate == Aggregate.MAX:
            self.owners[owner] = owner_id
            key = (owner, metric.id, contribution.day)
            known = self.maxima.get(key)
            if known is None or contribution.amount > known[0]:
                self._places += 1
                self.maxima[key] = [contribution.amount, at, self._places]
        else:
            self.sum_up(owner_id, metric.id, contribution.day, contribution.amount, at)

    def sum_up(self, owner_id: UUID, metric_id: int, day: date, amount: int, at: datetime) -> None:
        """Add to a sum."""
        owner = owner_id.int
        known = self.sums.get((owner, metric_id, day))
        if known is None:
            self.owners[owner] = owner_id
            self.sums[owner, metric_id, day] = [amount, at]
        else:
            known[0] += amount
            known[1] = max(known[1], at)


class Counter:
    """Works out what facts give."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._frame = Frame({})
        self._conditions: dict[Any, bool] = {}

    def contributions(
        self, kind: str, properties: Mapping[str, Property], days: Mapping[str, date]
    ) -> list[Contribution]:
        """What a fact gives to each metric that counts it; a metric that it gives nothing to is left out.

        Args:
            days: its day by each zone that metrics count in.
        """
        found: list[Contribution] = []
        known = self._book.kinds.get(kind)
        if known is None or not known.metrics:
            return found
        for metric in known.metrics:
            if metric.condition is not None and not self._holds(metric, properties):
                continue
            day = days[metric.zone]
            if metric.aggregate == Aggregate.COUNT:
                found.append(Contribution(metric, day, 1))
                continue
            value = properties.get(metric.of_property or "")
            if metric.aggregate == Aggregate.DISTINCT:
                if value is not None:
                    found.append(Contribution(metric, day, digest=_digest(value)))
            elif type(value) is int and (value > 0 or (value < 0 and metric.aggregate == Aggregate.SUM)):
                found.append(Contribution(metric, day, value))
        return found

    def _holds(self, metric: CountedMetric, properties: Mapping[str, Property]) -> bool:
        condition = metric.condition
        if condition is None:
            return True
        values = [properties.get(read.path[0]) for read in condition.reads]
        key = (metric.id, *values) if not condition.roots else None
        try:
            known = self._conditions.get(key) if key is not None else None
        except TypeError:  # a list is no key
            key, known = None, None
        if known is None:
            try:
                self._frame.bind([read.name for read in condition.reads], values)
                if "activity" in condition.roots:
                    self._frame.bind(["activity"], [dict(properties)])
                known = self._frame.truth(condition)
            except ExpressionError:
                known = False
            if key is not None:
                self._conditions[key] = known
        return known


def _digest(value: Property) -> bytes:
    return hashlib.blake2b(repr(value).encode(), digest_size=16).digest()


_ADVANCE_SUMS = Statement(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT i.owner_id, i.metric_id, p.period, engagement.period_start(p.period, i.day),
        engagement.whole(sum(i.amount)), max(i.at)
    FROM unnest(
        CAST(engagement.apart(:owners) AS uuid[]), CAST(engagement.apart(:metrics) AS smallint[]),
        CAST(engagement.apart(:days) AS date[]), CAST(engagement.apart(:amounts) AS bigint[]),
        CAST(engagement.apart(:ats) AS timestamptz[])) AS i(owner_id, metric_id, day, amount, at),
        unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = engagement.whole(c.value::numeric + excluded.value),
        reached_at = greatest(c.reached_at, excluded.reached_at)
    RETURNING owner_id, metric_id, period, period_start, coalesce(old.value, 0), new.value, new.reached_at
    """
)
_ADVANCE_MAXIMA = Statement(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT DISTINCT ON (1, 2, 3, 4) i.owner_id, i.metric_id, p.period, engagement.period_start(p.period, i.day),
        i.value, i.at
    FROM unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:days AS date[]), CAST(:amounts AS bigint[]),
        CAST(:ats AS timestamptz[])) WITH ORDINALITY AS i(owner_id, metric_id, day, value, at, place),
        unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
    ORDER BY 1, 2, 3, 4, i.value DESC, i.place
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = greatest(c.value, excluded.value),
        reached_at = CASE WHEN excluded.value > c.value THEN excluded.reached_at ELSE c.reached_at END
    RETURNING owner_id, metric_id, period, period_start, coalesce(old.value, 0), new.value, new.reached_at
    """
)
_KEEP_VALUES = Statement(
    """
    INSERT INTO engagement.distinct_values (owner_id, metric_id, period, period_start, value_hash)
    SELECT * FROM unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[]),
        CAST(:digests AS bytea[])) AS i(owner_id, metric_id, period, period_start, value_hash)
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT DO NOTHING
    RETURNING owner_id, metric_id, period, period_start, value_hash
    """
)
_ADVANCE_DISTINCT = Statement(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT i.owner_id, i.metric_id, i.period, i.period_start, count(*), max(i.at)
    FROM unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[]),
        CAST(:ats AS timestamptz[])) AS i(owner_id, metric_id, period, period_start, at)
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = c.value + excluded.value, reached_at = greatest(c.reached_at, excluded.reached_at)
    RETURNING owner_id, metric_id, period, period_start, coalesce(old.value, 0), new.value, new.reached_at
    """
)


@dataclass(slots=True)
class Advanced:
    """What advancing did.

    Attributes:
        changes: every counter that was touched.
        new_values: distinct values that had not been counted before.
    """

    changes: list[CounterChange] = field(default_factory=list)
    new_values: set[Value] = field(default_factory=set)


def advance(session: Session, tally: Tally) -> Advanced:
    """Write a tally into the counters, in the order of their keys, one statement for each way of counting."""
    advanced = Advanced()
    owners = tally.owners
    if tally.sums:
        given = {
            "owners": wire.uuids(owners[owner] for owner, _, _ in tally.sums),
            "metrics": wire.whole_numbers(metric_id for _, metric_id, _ in tally.sums),
            "days": wire.days(day for _, _, day in tally.sums),
            "amounts": wire.whole_numbers(amount for amount, _ in tally.sums.values()),
            "ats": wire.moments(at for _, at in tally.sums.values()),
        }
        advanced.changes += changes(_ADVANCE_SUMS.rows(session, **given))
    if tally.maxima:
        rows = sorted(tally.maxima.items(), key=lambda each: each[1][2])
        given_maxima = {
            "owners": [owners[key[0]] for key, _ in rows],
            "metrics": [key[1] for key, _ in rows],
            "days": [key[2] for key, _ in rows],
            "amounts": [value for _, (value, _, _) in rows],
            "ats": [at for _, (_, at, _) in rows],
        }
        advanced.changes += changes(_ADVANCE_MAXIMA.rows(session, **given_maxima))
    if tally.values:
        _advance_distinct(session, tally, advanced)
    return advanced


def _advance_distinct(session: Session, tally: Tally, advanced: Advanced) -> None:
    advanced.new_values = keep_values(session, tally)
    if advanced.new_values:
        new = list(advanced.new_values)
        given = {
            "owners": [tally.owners[each[0]] for each in new],
            "metrics": [each[1] for each in new],
            "periods": [each[2] for each in new],
            "starts": [each[3] for each in new],
            "ats": [tally.values[each] for each in new],
        }
        advanced.changes += changes(_ADVANCE_DISTINCT.rows(session, **given))


def keep_values(session: Session, tally: Tally) -> set[Value]:
    """Keep the distinct values of a tally; returns those that were not kept before."""
    if not tally.values:
        return set()
    owners, metrics, periods, begins, digests = zip(*tally.values, strict=True)
    given = {
        "owners": [tally.owners[owner] for owner in owners],
        "metrics": list(metrics),
        "periods": list(periods),
        "starts": list(begins),
        "digests": list(digests),
    }
    kept = _KEEP_VALUES.rows(session, **given)
    return {(row[0].int, row[1], row[2], row[3], bytes(row[4])) for row in kept}


def changes(rows: Sequence[Row]) -> list[CounterChange]:
    """The changes that a statement returns."""
    return list(map(CounterChange._make, rows))


_READ = Statement(
    """
    SELECT c.owner_id, c.metric_id, c.period, c.period_start, c.value
    FROM unnest(
        CAST(engagement.apart(:owners) AS uuid[]), CAST(engagement.apart(:metrics) AS smallint[]),
        engagement.apart(:periods), CAST(engagement.apart(:starts) AS date[]))
        AS i(owner_id, metric_id, period, period_start)
    JOIN engagement.counters AS c ON c.owner_id = i.owner_id AND c.metric_id = i.metric_id AND c.period = i.period
        AND c.period_start = i.period_start
    """
)


def read(session: Session, keys: Sequence[Key]) -> dict[Key, int]:
    """The values of counters; those that have never been advanced are left out."""
    if not keys:
        return {}
    numbers, metrics, periods, begins = zip(*keys, strict=True)
    rows = _READ.rows(
        session,
        owners=wire.numbered(numbers),
        metrics=wire.whole_numbers(metrics),
        periods=wire.texts(periods),
        starts=wire.days(begins),
    )
    return {(row[0].int, row[1], row[2], row[3]): row[4] for row in rows}


def merged(first: Sequence[CounterChange], later: Sequence[CounterChange]) -> list[CounterChange]:
    """Two lists of changes as one: each counter once, from before the first to after the last."""
    found = {(each.owner_id, each.metric_id, each.period, each.period_start): each for each in first}
    for each in later:
        key = (each.owner_id, each.metric_id, each.period, each.period_start)
        known = found.get(key)
        found[key] = each if known is None else CounterChange(*key, known.before, each.after, each.at)
    return list(found.values())
