"""Moving contributions that were rejected long ago out of the way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.programs.credits.errors import ArchiveTooSoonError
from guerdon.programs.credits.models import Contribution, ContributionStatus

KEEP = timedelta(days=365)
BATCH = 1000


def count_archivable(session: Session, before: datetime) -> int:
    """How many rejected contributions were submitted before a moment."""
    return session.scalars(
        select(func.count()).where(Contribution.status == ContributionStatus.REJECTED, Contribution.created_at < before)
    ).one()


def archive_by(
    session: Session,
    clock: Clock,
    before: datetime,
    *,
    actor_id: UUID | None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """``archive`` on somebody's behalf: on record, and of nothing that is younger than a year.

    Args:
        actor_id: None for the operator at the command line.

    Raises:
        ArchiveTooSoonError: ``before`` is less than a year ago; nothing is moved.
    """
    if before > clock.now() - KEEP:
        raise ArchiveTooSoonError(field="before", days=KEEP.days)
    moved = archive(session, before, progress)
    announce(
        session,
        Act(
            "credits.contributions_archived", "contribution", actor_id=actor_id, new={"moved": moved, "before": before}
        ),
    )
    return moved


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
