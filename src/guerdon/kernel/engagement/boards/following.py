"""What the answer to a fact says of ranks; the boards themselves follow the counters in SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Batch, Consequences
from guerdon.kernel.engagement.activities.service import wire
from guerdon.kernel.engagement.activities.service.following import BOARDS, follow

MEMBERS_MAX = 20
"""Batches about more members than these are told no ranks: numbers that nobody is waiting for would cost too much."""

_RANKS = Statement(
    """
    SELECT e.owner_id, b.program, b.code, r.period, r.period_start, e.score,
        engagement.board_rank(r.id, b.ranking, e.score, e.reached_at, e.owner_id) AS rank
    FROM (
        SELECT DISTINCT * FROM unnest(
            CAST(engagement.apart(:owners) AS uuid[]), CAST(engagement.apart(:metrics) AS smallint[]),
            engagement.apart(:periods), CAST(engagement.apart(:starts) AS date[])
        ) AS c (owner_id, metric_id, period, period_start)
    ) AS c
    JOIN engagement.boards AS b ON b.metric_id = c.metric_id AND b.status = 'active' AND NOT b.is_hidden
    JOIN engagement.board_runs AS r
        ON (r.board_id, r.period, r.period_start) = (b.id, c.period, c.period_start) AND r.state = 'open'
    JOIN engagement.board_entries AS e ON (e.owner_id, e.run_id) = (c.owner_id, r.id) AND e.present AND e.score > 0
    ORDER BY e.owner_id, b.program, b.display_order, b.code, r.period
    """
)


_WATCHED = Statement(
    """
    SELECT DISTINCT b.metric_id, period
    FROM engagement.boards AS b, unnest(b.periods) AS period
    WHERE b.status = 'active' AND NOT b.is_hidden
    """
)
_kept: dict[UUID, frozenset[tuple[int, str]]] = {}
"""What boards rank, as of the last revision of what is in force."""


def looks_at(session: Session, revision: UUID) -> frozenset[tuple[int, str]]:
    """The counters that boards which members can see rank."""
    known = _kept.get(revision)
    if known is None:
        known = frozenset((metric_id, period) for metric_id, period in _WATCHED.rows(session))
        _kept.clear()
        _kept[revision] = known
    return known


def tell_ranks(session: Session, now: datetime, batch: Batch) -> Consequences:
    """The ranks of members on the boards over what advanced, as they are now."""
    del now
    found = Consequences()
    if not batch.facts or not batch.changes or len(batch.members) > MEMBERS_MAX:
        return found
    changes = batch.changes
    if batch.revision is not None:
        ranked = looks_at(session, batch.revision)
        changes = [change for change in changes if (change.metric_id, change.period) in ranked]
        if not changes:
            return found
    rows = _RANKS.rows(
        session,
        owners=wire.uuids(change.owner_id for change in changes),
        metrics=wire.whole_numbers(change.metric_id for change in changes),
        periods=wire.texts(change.period for change in changes),
        starts=wire.days(change.period_start for change in changes),
    )
    for owner_id, program, code, period, start, score, rank in rows:
        document = {
            "board": f"{program}.{code}",
            "period": period,
            "period_start": start.isoformat(),
            "rank": rank,
            "score": score,
        }
        found.documents.setdefault(owner_id, {}).setdefault("ranks", []).append(document)
    return found


def install() -> None:
    """Have ranks told; the composition root calls it."""
    follow("boards", BOARDS, tell_ranks, looks_at)
