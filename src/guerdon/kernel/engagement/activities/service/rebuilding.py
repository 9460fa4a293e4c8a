"""Counting anew: every counter from the activities and the ledger, by the code that counted in the first place.

Counters of facts are compared under the members' locks. What was earned is compared with the ledger in one snapshot,
in which a transfer and what it counted are both there or both not, and put right by the difference; so nobody who posts
meanwhile has to wait or loses anything.

A counter stops at what 63 bits hold, and what is taken back then leaves it lower than the sum: by how much depends on
the order in which it was counted, which nobody keeps. Where more was earned and taken back than a counter holds, it may
therefore stand anywhere between the sum and the furthest from it that a stop can have left it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.engagement.activities.schemas import CounterChange
from guerdon.kernel.engagement.activities.service import counting, granted, members
from guerdon.kernel.engagement.activities.service.book import Book, load
from guerdon.kernel.engagement.activities.service.clocks import Clocks
from guerdon.kernel.engagement.activities.service.counting import Key, Tally
from guerdon.kernel.engagement.activities.service.periods import day_of, starts, zone

MEMBERS_AT_ONCE = 200
_ROWS_AT_ONCE = 5000
Value = tuple[int, datetime]
"""A counter's value and when it was reached."""

_ACTIVITIES = text(
    """
    SELECT a.owner_id, a.id, a.kind, a.happened_at, a.properties
    FROM engagement.activities AS a
    WHERE a.owner_id = ANY(:owners) AND NOT EXISTS (
        SELECT FROM engagement.activity_withdrawals AS w WHERE w.owner_id = a.owner_id AND w.activity_id = a.id)
    ORDER BY a.owner_id, a.id
    """
)
_COUNTERS = text(
    """
    SELECT c.owner_id, c.metric_id, c.period, c.period_start, c.value, c.reached_at
    FROM engagement.counters AS c
    JOIN engagement.metrics AS m ON m.id = c.metric_id AND m.aggregate <> 'earned'
    WHERE c.owner_id = ANY(:owners)
    """
)
_EARNED = text(
    """
    SELECT owner_id, metric_id, period, period_start, c.value AS before, coalesce(e.value, 0) AS after,
        c.reached_at AS reached_before, e.reached_at
    FROM (
        SELECT e.owner_id, engagement.earned_metric(e.unit_id) AS metric_id, p.period,
            engagement.period_start(p.period, e.day) AS period_start, engagement.whole(sum(e.amount)) AS value,
            max(e.happened_at) AS reached_at,
            engagement.whole(least(sum(e.amount), :most - sum(greatest(-e.amount, 0)))) AS lowest,
            engagement.whole(greatest(sum(e.amount), sum(greatest(e.amount, 0)) - :most)) AS highest
        FROM unnest(CAST(:owners AS uuid[])) AS i(owner_id), engagement.earnings(i.owner_id, NULL) AS e,
            unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
        GROUP BY e.owner_id, e.unit_id, 3, 4
    ) AS e
    FULL JOIN (
        SELECT c.owner_id, c.metric_id, c.period, c.period_start, c.value, c.reached_at
        FROM engagement.counters AS c
        JOIN engagement.metrics AS m ON m.id = c.metric_id AND m.aggregate = 'earned'
        WHERE c.owner_id = ANY(:owners)
    ) AS c USING (owner_id, metric_id, period, period_start)
    WHERE c.reached_at IS DISTINCT FROM e.reached_at OR c.value NOT BETWEEN e.lowest AND e.highest
    """
)
_CORRECT_EARNED = text(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT * FROM unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[]),
        CAST(:differences AS bigint[]), CAST(:ats AS timestamptz[])) AS i(owner, metric, period, start, value, at)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = c.value + excluded.value, reached_at = excluded.reached_at
    """
)
_REMOVE = text(
    """
    DELETE FROM engagement.counters AS c
    USING unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[]))
        AS i(owner_id, metric_id, period, period_start)
    WHERE (c.owner_id, c.metric_id, c.period, c.period_start) = (i.owner_id, i.metric_id, i.period, i.period_start)
    """
)
_REMOVE_EMPTIED = text(f"{_REMOVE.text} AND c.value = 0")  # not if somebody has earned in the period meanwhile
_SET = text(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT * FROM unnest(
        CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[]),
        CAST(:values AS bigint[]), CAST(:ats AS timestamptz[])) AS i(owner, metric, period, start, value, at)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = excluded.value, reached_at = excluded.reached_at
    """
)
_FORGET_VALUES = text("DELETE FROM engagement.distinct_values WHERE owner_id = ANY(:owners)")


@dataclass(slots=True)
class Differences:
    """Where counters are not what activities and ledger say.

    Attributes:
        facts: of metrics over activities.
        earned: of what was earned.
        unearned: those of them in whose period nothing was earned.
        expected: every counter of facts as it should be.
        tally: from which that comes.
    """

    facts: list[CounterChange] = field(default_factory=list)
    earned: list[CounterChange] = field(default_factory=list)
    unearned: list[CounterChange] = field(default_factory=list)
    expected: dict[Key, Value] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    @property
    def changes(self) -> list[CounterChange]:
        """All of them."""
        return [*self.facts, *self.earned]


def differences(session: Session, owners: Sequence[UUID]) -> Differences:
    """Compare the counters of members with what their activities and transfers give. Nothing is changed."""
    book = load(session)
    tally = _tally(session, book, owners)
    found = Differences(expected=_expected(tally), tally=tally)
    actual: dict[Key, Value] = {
        (row.owner_id.int, row.metric_id, row.period, row.period_start): (row.value, row.reached_at)
        for row in session.execute(_COUNTERS, {"owners": list(owners)})
    }
    for key in sorted(actual.keys() | found.expected.keys()):
        before, after = actual.get(key), found.expected.get(key)
        known = after or before
        if before != after and known is not None:
            values = (before[0] if before else 0, after[0] if after else 0)
            found.facts.append(CounterChange(UUID(int=key[0]), *key[1:], *values, known[1]))
    for row in session.execute(_EARNED, {"owners": list(owners), "most": AMOUNT_MINOR_MAX}):
        of = (row.owner_id, row.metric_id, row.period, row.period_start)
        change = CounterChange(*of, row.before or 0, row.after, row.reached_at or row.reached_before)
        found.earned.append(change)
        if row.reached_at is None:
            found.unearned.append(change)
    return found


def rebuild(session: Session, owners: Sequence[UUID]) -> list[CounterChange]:
    """Put right whatever differs for some members, their distinct values and what rules have granted them included.

    Returns:
        What was not as it should have been; empty if everything was.
    """
    with members.reaching_all(session):
        members.lock(session, owners)
        found = differences(session, owners)
        gone = [each for each in found.facts if _key(each) not in found.expected]
        set_to = [each for each in found.facts if _key(each) in found.expected]
        if gone:
            session.execute(_REMOVE, _columns(gone))
        if set_to:
            values = [found.expected[_key(each)] for each in set_to]
            given = {"values": [value for value, _ in values], "ats": [at for _, at in values]}
            session.execute(_SET, {**_columns(set_to), **given})
        if found.earned:
            given_earned = {
                "differences": [each.after - each.before for each in found.earned],
                "ats": [each.at for each in found.earned],
            }
            session.execute(_CORRECT_EARNED, {**_columns(found.earned), **given_earned})
        if found.unearned:
            session.execute(_REMOVE_EMPTIED, _columns(found.unearned))
        session.execute(_FORGET_VALUES, {"owners": list(owners)})
        counting.keep_values(session, found.tally)
        granted.count_again(session, owners)
        return found.changes


def everybody(session: Session) -> Iterator[list[UUID]]:
    """All members who have anything to count, some at a time, in the order of their ids."""
    after = UUID(int=0)
    query = text(
        """
        SELECT id FROM (
            SELECT owner_id AS id FROM engagement.members
            UNION SELECT id FROM ledger.owners WHERE kind = 'member'
            UNION SELECT owner_id FROM engagement.counters
        ) AS every
        WHERE id > :after ORDER BY id LIMIT :limit
        """
    )
    while owners := list(session.scalars(query, {"after": after, "limit": MEMBERS_AT_ONCE})):
        yield owners
        after = owners[-1]


def _tally(session: Session, book: Book, owners: Sequence[UUID]) -> Tally:
    counter, tally = counting.Counter(book), Tally()
    clocks = Clocks(session, owners, book.time_zone) if book.by_member else None
    community = zone(book.time_zone)
    rows = session.execute(_ACTIVITIES, {"owners": list(owners)}, execution_options={"yield_per": _ROWS_AT_ONCE})
    for row in rows:
        days = {"community": day_of(row.happened_at, community)}
        if clocks is not None:
            days["member"] = day_of(row.happened_at, zone(clocks.zone(row.owner_id, row.id)))
        for contribution in counter.contributions(row.kind, row.properties, days):
            tally.add(row.owner_id, contribution, row.happened_at)
    return tally


def _expected(tally: Tally) -> dict[Key, Value]:
    """The counters that a tally makes of nothing; the SQL of ``counting.advance`` does the same."""
    found: dict[Key, Value] = {}
    for (owner, metric_id, day), (amount, at) in tally.sums.items():
        for period, start in starts(day):
            key = (owner, metric_id, period, start)
            before = found.get(key)
            found[key] = (amount, at) if before is None else (before[0] + amount, max(before[1], at))
    for (owner, metric_id, day), (value, at, _) in sorted(tally.maxima.items(), key=lambda each: each[1][2]):
        for period, start in starts(day):
            key = (owner, metric_id, period, start)
            before = found.get(key)
            if before is None or value > before[0]:
                found[key] = (value, at)
    for (owner, metric_id, period, start, _), at in tally.values.items():
        key = (owner, metric_id, period, start)
        before = found.get(key)
        found[key] = (1, at) if before is None else (before[0] + 1, max(before[1], at))
    return found


def _key(change: CounterChange) -> Key:
    return change.owner_id.int, change.metric_id, change.period, change.period_start


def _columns(changes: Sequence[CounterChange]) -> dict[str, list[object]]:
    return {
        "owners": [each.owner_id for each in changes],
        "metrics": [each.metric_id for each in changes],
        "periods": [each.period for each in changes],
        "starts": [each.period_start for each in changes],
    }
