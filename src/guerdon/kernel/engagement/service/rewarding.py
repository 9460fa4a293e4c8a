"""Rewards outside of the recording of activities, and taking back what turned out not to be due.

Both go through the ledger's door, where what they add to or take from ``earned`` counters is counted.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Reward
from guerdon.kernel.ledger import service as ledger
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.models import Transfer
from guerdon.kernel.ledger.schemas import Account
from guerdon.kernel.ledger.service.posting import posted_under
from guerdon.kernel.ledger.service.reading import available_minor


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
    ledger.post_batch(session, [reward.posting for reward in rewards], now)


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
    return amount
