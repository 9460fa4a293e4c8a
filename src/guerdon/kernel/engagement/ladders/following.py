"""Tiers follow what members earn: who crosses a threshold in a batch rises (or falls) in the same transaction."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import Community, Metric
from guerdon.kernel.engagement.activities.schemas import Batch, Consequences
from guerdon.kernel.engagement.activities.service.following import TIERS, follow
from guerdon.kernel.engagement.ladders.service import keeping
from guerdon.kernel.engagement.ladders.service.deciding import Ladder
from guerdon.kernel.ledger.catalogue import catalogue


class _Known:
    """Ladders by the metric that counts what they are climbed by, as of one revision of the community's rules."""

    revision: UUID | None = None
    by_metric: dict[int, list[Ladder]] = {}  # noqa: RUF012 - replaced whole, never changed


def _ladders(session: Session, revision: UUID | None) -> dict[int, list[Ladder]]:
    revision = revision or session.scalars(select(Community.revision)).one_or_none()
    if revision is None or revision != _Known.revision:
        rows = session.execute(select(Metric.unit_id, Metric.id).where(Metric.unit_id.is_not(None)))
        metrics = {row.unit_id: row.id for row in rows}
        found: dict[int, list[Ladder]] = {}
        for ladder in keeping.ladders(session).values():
            metric = metrics.get(catalogue(session).unit_id(ladder.unit))
            if metric is not None:
                found.setdefault(metric, []).append(ladder)
        _Known.by_metric, _Known.revision = found, revision
    return _Known.by_metric


def follow_tiers(session: Session, now: datetime, batch: Batch) -> Consequences:
    """Who has come to another tier by what the batch earned."""
    found = Consequences()
    if not batch.changes:
        return found
    known = _ladders(session, batch.revision)
    touched: dict[str, set[UUID]] = {}
    for change in batch.changes:
        if change.period != "life":
            continue
        for ladder in known.get(change.metric_id, ()):
            crosses = ladder.reached(max(change.before, 0)) != ladder.reached(max(change.after, 0))
            if crosses or ladder.keeping.remembers:
                touched.setdefault(ladder.program, set()).add(change.owner_id)
    for ladder in {each.program: each for several in known.values() for each in several}.values():
        for moved in keeping.settle(session, ladder, touched.get(ladder.program, ()), now):
            document = {"program": ladder.program, "from": moved.before, "to": moved.after, "rose": moved.rose}
            found.documents.setdefault(moved.owner_id, {}).setdefault("tiers", []).append(document)
    return found


def looks_at(session: Session, revision: UUID) -> Iterable[tuple[int, str]]:
    """The counters by which tiers are climbed."""
    return [(metric_id, "life") for metric_id in _ladders(session, revision)]


def install() -> None:
    """Have tiers follow; the composition root calls it."""
    follow("tiers", TIERS, follow_tiers, looks_at)
