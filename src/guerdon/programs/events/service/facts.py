"""The program's facts: how what happens at events reaches the engagement kernel, and how it is taken back.

Nothing here decides what anything is worth. Each source has one key, so it earns once however often it is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import idempotency_uuid
from guerdon.kernel.engagement.activities.models import Activity
from guerdon.kernel.engagement.activities.schemas import Fact, Outcome, Property
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.activities.service.withdrawing import withdraw
from guerdon.kernel.ledger.schemas import Reference

PROGRAM = "events"


@dataclass(frozen=True, slots=True)
class Told:
    """An activity that was recorded of a member; None if there was none to record."""

    owner_id: UUID
    activity_id: UUID | None


def fact(
    kind: str,
    owner_id: UUID,
    source_id: UUID,
    happened_at: datetime,
    *,
    event_id: UUID | None,
    properties: Mapping[str, Property] | None = None,
    actor_id: UUID | None = None,
) -> Fact:
    """A fact of this program.

    Args:
        source_id: the row that it comes from; one row is one fact for ever.
    """
    return Fact(
        owner_id=owner_id,
        program=PROGRAM,
        kind=kind,
        happened_at=happened_at,
        properties=properties or {},
        key=_key(kind, source_id),
        actor_id=actor_id,
        reference=Reference("events.event", event_id) if event_id else None,
    )


def tell(session: Session, clock: Clock, facts: Sequence[Fact], *, unrewarded: bool = False) -> list[Outcome]:
    """Record facts all together, so that members are locked in one order.

    Raises:
        GuerdonError: the kernel refused one; the caller's transaction has to be undone.
    """
    outcomes = record(session, clock, facts, unrewarded=unrewarded)
    for outcome in outcomes:
        if outcome.refused is not None:
            raise outcome.refused
    return outcomes


def told_under(session: Session, owner_id: UUID, kind: str, source_id: UUID) -> Told:
    """What was recorded of a member from a source."""
    found = session.scalars(
        select(Activity.id).where(
            Activity.owner_id == owner_id, Activity.idempotency_key == idempotency_uuid(_key(kind, source_id))
        )
    ).one_or_none()
    return Told(owner_id, found)


def take_back(session: Session, clock: Clock, told: Iterable[Told], *, actor_id: UUID, reason: str) -> None:
    """Withdraw activities; what they earned is reversed as far as it remains. Members are taken in one order."""
    for each in sorted(told, key=lambda one: one.owner_id):
        if each.activity_id is not None:
            withdraw(session, clock, each.owner_id, each.activity_id, actor_id=actor_id, reason=reason)


def _key(kind: str, source_id: UUID) -> str:
    return f"{kind}:{source_id}"
