"""The part of activities in a copy of personal data, and what goes when a member leaves.

Activities stay, because what they earned stays on the ledger; who they were about is gone with the account's name. Of
withdrawals the words go, which somebody wrote about the member.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.activities.models import Counter, FormerZone, Metric
from guerdon.kernel.engagement.activities.service import outcomes, reading
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file

_PAGE = 500


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    found: list[dict[str, Any]] = []
    before: UUID | None = None
    while True:
        page = reading.history(session, user_id, before=before, limit=_PAGE)
        found += [_document(kept) for kept in page[:_PAGE]]
        if len(page) <= _PAGE:
            break
        before = page[_PAGE - 1].id
    yield json_file("activities.json", found)
    query = (
        select(Metric.program, Metric.code, Counter.period, Counter.period_start, Counter.value, Counter.reached_at)
        .join(Metric, Metric.id == Counter.metric_id)
        .where(Counter.owner_id == user_id)
        .order_by(Metric.program, Metric.code, Counter.period, Counter.period_start)
    )
    yield json_file("counters.json", [dict(row) for row in session.execute(query).mappings()])
    former = (
        select(FormerZone.time_zone, FormerZone.last_activity_id)
        .where(FormerZone.owner_id == user_id)
        .order_by(FormerZone.last_activity_id)
    )
    yield json_file("former_time_zones.json", [dict(row) for row in session.execute(former).mappings()])


def _document(kept: reading.KeptActivity) -> dict[str, Any]:
    fact = kept.fact
    return {
        "id": kept.id,
        "kind": fact.kind,
        "happened_at": fact.happened_at,
        "recorded_at": kept.recorded_at,
        "source": fact.source,
        "key": fact.key,
        "properties": dict(fact.properties),
        "outcome": outcomes.document(kept.outcome),
        "withdrawn": {"at": kept.withdrawn.at, "reason": kept.withdrawn.reason} if kept.withdrawn else None,
    }


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    del clock
    session.execute(text("SELECT engagement.forget(:owner)"), {"owner": user_id})


PART = PersonalData("activities", _export, _erase)
