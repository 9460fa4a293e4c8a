"""What rules that look back have granted, counted anew from the outcomes of activities: with everything else of some
members, or of everybody when a version of a rule looks back over periods that none before it did."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.service import members
from guerdon.kernel.engagement.activities.service.book import load, looked_back, tracked_periods
from guerdon.kernel.engagement.models import Rule

_FORGET = text("DELETE FROM engagement.rule_grants WHERE owner_id = ANY(:owners)")
_COUNT = """
    INSERT INTO engagement.rule_grants (
        owner_id, program, rule_code, period, period_start, granted_minor, acts, last_at)
    SELECT a.owner_id, split_part(award ->> 0, '.', 1), substr(award ->> 0, strpos(award ->> 0, '.') + 1), p.period,
        engagement.period_start(p.period, (a.happened_at AT TIME ZONE :zone)::date),
        sum((award ->> 3)::bigint), count(*), max(a.happened_at)
    FROM engagement.activities AS a, jsonb_array_elements(a.outcome -> 'awards') AS award,
        unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
    WHERE {whose}
        AND (award ->> 0) || '.' || p.period = ANY(:tracked)
        AND NOT EXISTS (
            SELECT FROM engagement.activity_withdrawals AS w WHERE w.owner_id = a.owner_id AND w.activity_id = a.id)
    GROUP BY 1, 2, 3, 4, 5
"""
_COUNT_OF_SOME = text(_COUNT.format(whose="a.owner_id = ANY(:owners)"))
_COUNT_OF_ALL = text(_COUNT.format(whose="a.kind = :kind"))


def count_again(session: Session, owners: Sequence[UUID]) -> None:
    """Rules that look back, in any version, find what they have granted some members in the outcomes."""
    session.execute(_FORGET, {"owners": list(owners)})
    tracked = {
        f"{program}.{code}.{period}"
        for (program, code), periods in tracked_periods(session).items()
        for period in periods
    }
    if tracked:
        zone = load(session).time_zone
        session.execute(_COUNT_OF_SOME, {"owners": list(owners), "tracked": sorted(tracked), "zone": zone})


def count_from_before(session: Session, draft: Rule) -> None:
    """Before a draft is put in force: what was granted counts against its caps and its cool-down from the beginning."""
    former = tracked_periods(session).get((draft.program, draft.code), frozenset())
    tracked = sorted(
        f"{draft.program}.{draft.code}.{period}" for period in looked_back(draft.caps, draft.cool_down_s) - former
    )
    if tracked:
        zone = load(session).time_zone
        with members.reaching_all(session):
            session.execute(_COUNT_OF_ALL, {"kind": draft.activity_kind, "tracked": tracked, "zone": zone})
