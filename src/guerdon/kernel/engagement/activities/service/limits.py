"""What rules with caps or cool-down have granted: read before a batch is judged, kept after it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Fact, Period
from guerdon.kernel.engagement.activities.service import wire
from guerdon.kernel.engagement.activities.service.book import Book, CompiledRule
from guerdon.kernel.engagement.activities.service.evaluating import Grant, Granted, GrantKey, Standing
from guerdon.kernel.engagement.activities.service.periods import day_of, zone

_READ = Statement(
    """
    SELECT g.owner_id, g.program, g.rule_code, g.period, g.period_start, g.granted_minor, g.acts, g.last_at
    FROM engagement.rule_grants AS g
    WHERE g.owner_id = ANY(:owners) AND g.program || '.' || g.rule_code = ANY(:rules)
        AND (g.period = 'life' OR g.period_start BETWEEN :since AND :until)
    """
)
_READ_TIMES = Statement(
    """
    SELECT i.place, a.happened_at
    FROM unnest(
        CAST(:owners AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]),
        CAST(:awards AS jsonb[])) WITH ORDINALITY AS i(owner_id, since, until, award, place)
    JOIN engagement.activities AS a ON a.owner_id = i.owner_id AND a.happened_at BETWEEN i.since AND i.until
        AND a.outcome @> i.award
    WHERE NOT EXISTS (
            SELECT FROM engagement.activity_withdrawals AS w WHERE w.owner_id = a.owner_id AND w.activity_id = a.id)
    """
)
_KEEP = Statement(
    """
    INSERT INTO engagement.rule_grants AS g (
        owner_id, program, rule_code, period, period_start, granted_minor, acts, last_at)
    SELECT * FROM unnest(
        CAST(engagement.apart(:owners) AS uuid[]), engagement.apart(:programs), engagement.apart(:codes),
        engagement.apart(:periods), CAST(engagement.apart(:starts) AS date[]),
        CAST(engagement.apart(:amounts) AS bigint[]), CAST(engagement.apart(:acts) AS bigint[]),
        CAST(engagement.apart(:last) AS timestamptz[]))
        AS i(owner_id, program, rule_code, period, period_start, granted_minor, acts, last_at)
    ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT (owner_id, program, rule_code, period, period_start) DO UPDATE
    SET granted_minor = excluded.granted_minor, acts = excluded.acts, last_at = excluded.last_at
    """
)


def read(session: Session, book: Book, facts: Sequence[Fact]) -> dict[GrantKey, Granted]:
    """What rules that look back have granted the members of these facts, in the periods that these fall in."""
    community = zone(book.time_zone)
    owners: set[UUID] = set()
    waits: dict[GrantKey, tuple[CompiledRule, list[datetime]]] = {}
    limited = {
        kind: [rule for rule in book.kinds[kind].rules if rule.limited] for kind in {fact.kind for fact in facts}
    }
    rules = {f"{rule.program}.{rule.code}" for each in limited.values() for rule in each}
    for fact in facts:
        for rule in limited[fact.kind]:
            owners.add(fact.owner_id)
            if rule.cool_down_s:
                key = (fact.owner_id.int, rule.program, rule.code)
                waits.setdefault(key, (rule, []))[1].append(fact.happened_at)
    if not rules:
        return {}
    moments = [fact.happened_at for fact in facts]
    given = {
        "owners": list(owners),
        "rules": list(rules),
        "since": day_of(min(moments), community) - timedelta(days=31),
        "until": day_of(max(moments), community),
    }
    found: dict[GrantKey, Granted] = {}
    for owner_id, program, rule, period, start, granted_minor, acts, last_at in _READ.rows(session, **given):
        granted = found.setdefault((owner_id.int, program, rule), Granted())
        granted.by_period[period, start] = (granted_minor, acts, last_at)
        if period == Period.LIFE:
            granted.times.append(last_at)
    _add_neighbours(session, waits, found)
    return found


def _add_neighbours(
    session: Session,
    waits: dict[GrantKey, tuple[CompiledRule, list[datetime]]],
    found: dict[GrantKey, Granted],
) -> None:
    """A fact older than the last grant may lie close to an earlier one, which only the activities tell."""
    asked: list[tuple[Granted, UUID, datetime, datetime, str]] = []
    for key, (rule, moments) in waits.items():
        granted = found.get(key)
        if granted is None:
            continue
        newest = max(granted.times, default=None)
        late = [moment for moment in moments if newest is None or moment < newest]
        if late:
            wait = timedelta(seconds=rule.cool_down_s)
            award = json.dumps({"awards": [[f"{rule.program}.{rule.code}"]]})
            asked.append((granted, UUID(int=key[0]), min(late) - wait, max(late) + wait, award))
    if asked:
        standing, owners, since, until, awards = zip(*asked, strict=True)
        given = {"owners": list(owners), "since": list(since), "until": list(until), "awards": list(awards)}
        for place, happened_at in _READ_TIMES.rows(session, **given):
            standing[place - 1].times.append(happened_at)


def keep(session: Session, grants: Sequence[Grant], standing: Standing) -> None:
    """Write down what has been granted, for the periods that changed."""
    touched = {(grant.of.owner, grant.rule.program, grant.rule.code) for grant in grants if grant.rule.limited}
    rows = [
        (UUID(int=key[0]), *key[1:], *period, *granted.by_period[period])
        for key in touched
        for granted in (standing.granted[key],)
        for period in granted.touched
    ]
    if rows:
        owners, programs, codes, periods, begins, amounts, acts, last = zip(*rows, strict=True)
        given = {
            "owners": wire.uuids(owners),
            "programs": wire.texts(programs),
            "codes": wire.texts(codes),
            "periods": wire.texts(periods),
            "starts": wire.days(begins),
            "amounts": wire.whole_numbers(amounts),
            "acts": wire.whole_numbers(acts),
            "last": wire.moments(last),
        }
        _KEEP.run(session, **given)
