"""Rewards outside of the recording of activities, and taking back what turned out not to be due.

What is earned advances the ``earned`` counters here too, so that they agree with the ledger at all times.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Reward
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.models import Transfer
from guerdon.kernel.ledger.schemas import Account
from guerdon.kernel.ledger.service.posting import posted_under
from guerdon.kernel.ledger.service.reading import available_minor

_EARNED = text("SELECT engagement.earned(:owner_id, CAST(:unit_id AS smallint), :amount_minor, :at)")


def give(session: Session, now: datetime, rewards: Sequence[Reward]) -> None:
    """Post rewards; what stands on the ledger already is not posted again.

    Raises:
        LedgerError: the first refusal; nothing has moved.
    """
    if not rewards:
        return
    for reward in rewards:
        account = reward.posting.credit
        if isinstance(account, Account):
            ledger.open_member(session, account.owner_id)
    postings = [reward.posting for reward in rewards]
    for posting, posted in zip(postings, ledger.post_batch(session, postings, now), strict=True):
        if not posted.replayed and isinstance(posting.credit, Account):
            _count(session, posting.credit.owner_id, posting.credit.unit, posting.amount_minor, now)


def take_back(
    session: Session,
    now: datetime,
    owner_id: UUID,
    key: str,
    amount_minor: int,
    *,
    reason: str,
    actor_id: UUID | None = None,
) -> int:
    """Reverse a reward, at most by an amount, and only as far as the member still has it.

    Args:
        key: under which it was posted.

    Returns:
        How much was taken back; 0 where there is nothing left to take.
    """
    original = posted_under(session, owner_id, key)
    if original is None:
        return 0
    unit = catalogue(session).units_by_id[original.unit_id].code
    taken = session.scalars(
        select(Transfer.amount).where(Transfer.owner_id == owner_id, Transfer.reverses_id == original.id)
    )
    left = original.amount - sum(taken)
    amount = min(amount_minor, left, available_minor(session, owner_id, unit, now))
    if amount <= 0:
        return 0
    ledger.reverse(
        session,
        owner_id,
        original.id,
        key=f"{key}:back:{left}",
        at=now,
        amount_minor=amount,
        reason=reason,
        actor_id=actor_id,
    )
    _count(session, owner_id, unit, -amount, now)
    return amount


def _count(session: Session, owner_id: UUID, unit: str, amount_minor: int, at: datetime) -> None:
    unit_id = catalogue(session).unit_id(unit)
    session.execute(_EARNED, {"owner_id": owner_id, "unit_id": unit_id, "amount_minor": amount_minor, "at": at})
