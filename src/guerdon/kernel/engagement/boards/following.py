"""What the answer to a fact says of ranks; the boards themselves follow the counters in SQL."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Batch, Consequences
from guerdon.kernel.engagement.activities.service.following import BOARDS, follow

MEMBERS_MAX = 20
"""Batches about more members than these are told no ranks: numbers that nobody is waiting for would cost too much."""

_RANKS = text(
    """
    SELECT e.owner_id, b.program, b.code, r.period, r.period_start, e.score,
        engagement.board_rank(r.id, b.ranking, e.score, e.reached_at, e.owner_id) AS rank
    FROM (
        SELECT DISTINCT * FROM unnest(
            CAST(:owners AS uuid[]), CAST(:metrics AS smallint[]), CAST(:periods AS text[]), CAST(:starts AS date[])
        ) AS c (owner_id, metric_id, period, period_start)
    ) AS c
    JOIN engagement.boards AS b ON b.metric_id = c.metric_id AND b.status = 'active' AND NOT b.is_hidden
    JOIN engagement.board_runs AS r
        ON (r.board_id, r.period, r.period_start) = (b.id, c.period, c.period_start) AND r.state = 'open'
    JOIN engagement.board_entries AS e ON (e.owner_id, e.run_id) = (c.owner_id, r.id) AND e.present AND e.score > 0
    ORDER BY e.owner_id, b.program, b.display_order, b.code, r.period
    """
)


def tell_ranks(session: Session, now: datetime, batch: Batch) -> Consequences:
    """The ranks of members on the boards over what advanced, as they are now."""
    del now
    found = Consequences()
    if not batch.facts or not batch.changes or len(batch.members) > MEMBERS_MAX:
        return found
    values = {
        "owners": [change.owner_id for change in batch.changes],
        "metrics": [change.metric_id for change in batch.changes],
        "periods": [change.period for change in batch.changes],
        "starts": [change.period_start for change in batch.changes],
    }
    for row in session.execute(_RANKS, values):
        document = {
            "board": f"{row.program}.{row.code}",
            "period": row.period,
            "period_start": row.period_start.isoformat(),
            "rank": row.rank,
            "score": row.score,
        }
        found.documents.setdefault(row.owner_id, {}).setdefault("ranks", []).append(document)
    return found


def install() -> None:
    """Have ranks told; the composition root calls it."""
    follow("boards", BOARDS, tell_ranks)
