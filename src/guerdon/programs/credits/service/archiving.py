"""Moving contributions that were rejected long ago out of the way."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from guerdon.programs.credits.models import Contribution, ContributionStatus

KEEP = timedelta(days=365)
BATCH = 1000


def count_archivable(session: Session, before: datetime) -> int:
    """How many rejected contributions were submitted before a moment."""
    return session.scalars(
        select(func.count()).where(Contribution.status == ContributionStatus.REJECTED, Contribution.created_at < before)
    ).one()


def archive(session: Session, before: datetime, progress: Callable[[int], None] = lambda _: None) -> int:
    """Move rejected contributions submitted before a moment to the archive, with their keys; their photos go.

    All in the caller's transaction; running it again finds nothing left to do.

    Args:
        progress: told after each batch how many have been moved so far.

    Returns:
        How many were moved.
    """
    moved = 0
    while True:
        batch: int = session.execute(
            text("SELECT credits.archive_rejected(:before, :limit)"), {"before": before, "limit": BATCH}
        ).scalar_one()
        if batch == 0:
            return moved
        moved += batch
        progress(moved)
