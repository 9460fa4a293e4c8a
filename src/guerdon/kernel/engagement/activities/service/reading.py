"""Looking at activities: a member's own, newest first, with what each earned and why it did not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.errors import ActivityNotFoundError
from guerdon.kernel.engagement.activities.models import Activity, ActivityKindRow, ActivityWithdrawal
from guerdon.kernel.engagement.activities.schemas import Fact, Outcome
from guerdon.kernel.engagement.activities.service import outcomes
from guerdon.kernel.ledger.schemas import Reference


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """When, why, and what was taken back: ``{"rule", "unit", "taken_minor", "kept_minor"}`` for each award."""

    at: datetime
    reason: str
    taken_back: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class KeptActivity:
    """An activity as it is on record.

    Attributes:
        title: of its kind, a message id.
    """

    id: UUID
    fact: Fact
    title: str
    recorded_at: datetime
    outcome: Outcome
    withdrawn: Withdrawn | None


def history(session: Session, owner_id: UUID, *, before: UUID | None = None, limit: int) -> list[KeptActivity]:
    """A member's activities, the one recorded last first; one more than ``limit`` if there are more.

    Args:
        before: id of the last one of the page before.
    """
    query = _query().where(Activity.owner_id == owner_id).order_by(Activity.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Activity.id < before)
    return _kept(session, session.execute(query).all())


def get(session: Session, owner_id: UUID, activity_id: UUID) -> KeptActivity:
    """One activity of a member.

    Raises:
        ActivityNotFoundError: the member has none of that id.
    """
    rows = session.execute(_query().where(Activity.owner_id == owner_id, Activity.id == activity_id)).all()
    if not rows:
        raise ActivityNotFoundError
    return _kept(session, rows)[0]


def _query() -> Any:
    withdrawn = and_(ActivityWithdrawal.owner_id == Activity.owner_id, ActivityWithdrawal.activity_id == Activity.id)
    return (
        select(Activity, ActivityKindRow.title, ActivityWithdrawal)
        .join(ActivityKindRow, ActivityKindRow.name == Activity.kind, isouter=True)
        .join(ActivityWithdrawal, withdrawn, isouter=True)
    )


def _kept(session: Session, rows: Sequence[Any]) -> list[KeptActivity]:
    told = outcomes.read(session, [(activity.id, activity.outcome) for activity, _, _ in rows])
    return [_one(outcome, *row) for row, outcome in zip(rows, told, strict=True)]


def _one(outcome: Outcome, row: Activity, title: str | None, withdrawal: ActivityWithdrawal | None) -> KeptActivity:
    reference = None
    if row.reference_type is not None and row.reference_id is not None:
        reference = Reference(row.reference_type, row.reference_id)
    return KeptActivity(
        row.id,
        Fact(
            row.owner_id,
            row.program,
            row.kind,
            row.happened_at,
            row.properties,
            row.key,
            row.actor_id,
            row.source,
            reference,
        ),
        title or row.kind,
        row.recorded_at,
        outcome,
        Withdrawn(withdrawal.withdrawn_at, withdrawal.reason, withdrawal.outcome.get("taken_back", ()))
        if withdrawal is not None
        else None,
    )
