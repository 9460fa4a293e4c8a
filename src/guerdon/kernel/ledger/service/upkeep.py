"""What a job does for the ledger every minute: settle what is due, fold what was posted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

SETTLE_BATCH = 1000
"""How many holds one transaction settles: their accounts stay locked until it ends."""


def settle_due(session: Session, at: datetime, *, limit: int = SETTLE_BATCH) -> int:
    """Move value whose hold is past its due time to where it belongs, oldest first.

    Balances and statements count it as available already; this only writes it down.

    Returns:
        How many holds were settled; ``limit`` of them means that there may be more.
    """
    settled: int = session.execute(
        text("SELECT ledger.settle_due(:at, :limit)"), {"at": at, "limit": limit}
    ).scalar_one()
    return settled


def settle_owner(session: Session, owner_id: UUID, at: datetime) -> None:
    """The same for one owner, before something is shown that ends where the balance stands."""
    session.execute(text("SELECT ledger.settle_owner(:owner, :at)"), {"owner": owner_id, "at": at})


def fold_system_balances(session: Session) -> int:
    """Take up what was posted on unbounded system accounts since the last time.

    Returns:
        How many deltas were folded.
    """
    folded: int = session.execute(text("SELECT ledger.fold_system_balances()")).scalar_one()
    return folded
