"""What members earn of each unit, counted wherever value is earned or taken back.

Recording counts its own awards. Everything else that goes through the ledger's door is watched (``watching``):
adjustments and reversals by staff, postings by machines. Whoever moves value in SQL calls ``engagement.earned``. What
takes an award back is placed when the award was, so that it leaves the period that the award was in.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import CounterChange
from guerdon.kernel.engagement.activities.service.counting import changes

_COUNT = Statement(
    """
    INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
    SELECT e.owner_id, engagement.earned_metric(e.unit_id), p.period, engagement.period_start(p.period, e.day),
        engagement.whole(sum(e.amount)), max(e.happened_at)
    FROM unnest(CAST(:owners AS uuid[]), CAST(:transfers AS uuid[])) AS i(owner_id, transfer_id),
        LATERAL engagement.earnings(i.owner_id, i.transfer_id) AS e,
        unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)
    GROUP BY e.owner_id, e.unit_id, 2, 3, 4
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
    SET value = engagement.whole(c.value::numeric + excluded.value),
        reached_at = greatest(c.reached_at, excluded.reached_at)
    RETURNING owner_id, metric_id, period, period_start, coalesce(old.value, 0), new.value, new.reached_at
    """
)


def count(session: Session, transfers: Sequence[tuple[UUID, UUID]]) -> list[CounterChange]:
    """Count transfers that have just been posted.

    Args:
        transfers: owner and id of each; those that earn nothing, or are the system's own, are passed over.
    """
    if not transfers:
        return []
    given = {"owners": [owner for owner, _ in transfers], "transfers": [transfer for _, transfer in transfers]}
    return changes(_COUNT.rows(session, **given))
