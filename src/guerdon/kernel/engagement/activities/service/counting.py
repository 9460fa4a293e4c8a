"""Counting: what facts add to the counters of members, worked out in memory and written in sets.

Recording and rebuilding count by the same code, so that what is rebuilt is what would have been recorded.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
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
_COUNT, _SUM, _DISTINCT, _MAX = (
    each.value for each in (Aggregate.COUNT, Aggregate.SUM, Aggregate.DISTINCT, Aggregate.MAX)
)
Watched = Collection[tuple[int, str]] | None
"""Counters that somebody looks at, by metric and period; all of them, if None."""


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
        if metric.aggregate == _DISTINCT:
            self.owners[owner] = owner_id
            for period, start in starts(contribution.day):
                self.values.setdefault((owner, metric.id, period, start, contribution.digest), at)
        elif metric.aggregate == _MAX:
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
            if metric.aggregate == _COUNT:
                found.append(Contribution(metric, day, 1))
                continue
            value = properties.get(metric.of_property or "")
            if metric.aggregate == _DISTINCT:
                if value is not None:
                    found.append(Contribution(metric, day, digest=_digest(value)))
            elif type(value) is int and (value > 0 or (value < 0 and metric.aggregate == _SUM)):
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


def _advancing(sql: str) -> Callable[..., list[CounterChange]]:
    """A statement that advances counters, as a function: given a session, who looks, and its parameters, it says what
    changed of that which somebody looks at."""
    mute = Statement(sql)
    telling = Statement(
        f"WITH advanced AS ({sql} RETURNING owner_id, metric_id, period, period_start,"  # noqa: S608
        " coalesce(old.value, 0) AS before, new.value AS after, new.reached_at) SELECT * FROM advanced"
        " WHERE CAST(:watched AS text[]) IS NULL OR metric_id || period = ANY(CAST(:watched AS text[]))"
    )

    def advance(session: Session, watched: Watched, **given: Any) -> list[CounterChange]:
        if watched is not None and not watched:
            mute.run(session, **given)
            return []
        names = None if watched is None else [f"{metric_id}{period}" for metric_id, period in watched]
        return changes(telling.rows(session, **given, watched=names))

    return advance


_ADVANCE_SUMS = _advancing(
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
    """
)
_ADVANCE_MAXIMA = _advancing(
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
_ADVANCE_DISTINCT = _advancing(
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
    """
)


def advance(
    session: Session, tally: Tally, new_values: Collection[Value] = (), *, watched: Watched = None
) -> list[CounterChange]:
    """Write a tally into the counters, in the order of their keys, one statement for each way of counting.

    Args:
        new_values: distinct values that had not been counted before, from ``keep_values``.
        watched: by metric and period, of which counters the changes are to be told; of all, if None.

    Returns:
        What changed of the counters that are watched.
    """
    found: list[CounterChange] = []
    owners = tally.owners
    if tally.sums:
        found += _ADVANCE_SUMS(
            session,
            watched,
            owners=wire.numbered([owner for owner, _, _ in tally.sums]),
            metrics=wire.whole_numbers([metric_id for _, metric_id, _ in tally.sums]),
            days=wire.days([day for _, _, day in tally.sums]),
            amounts=wire.whole_numbers([amount for amount, _ in tally.sums.values()]),
            ats=wire.moments([at for _, at in tally.sums.values()]),
        )
    if tally.maxima:
        rows = sorted(tally.maxima.items(), key=lambda each: each[1][2])
        found += _ADVANCE_MAXIMA(
            session,
            watched,
            owners=[owners[key[0]] for key, _ in rows],
            metrics=[key[1] for key, _ in rows],
            days=[key[2] for key, _ in rows],
            amounts=[value for _, (value, _, _) in rows],
            ats=[at for _, (_, at, _) in rows],
        )
    if new_values:
        found += _ADVANCE_DISTINCT(
            session,
            watched,
            owners=[owners[each[0]] for each in new_values],
            metrics=[each[1] for each in new_values],
            periods=[each[2] for each in new_values],
            starts=[each[3] for each in new_values],
            ats=[tally.values[each] for each in new_values],
        )
    return found


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


def read(session: Session, keys: Collection[Key]) -> dict[Key, int]:
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
