"""Who follows when counters advance: streaks, badges, tiers, boards, and whoever else is registered.

A follower runs in the transaction that records, with the members' rows locked, once for a batch however many facts it
holds. It reads counters from ``Batch.changes`` or, advanced already, from the table; the batch's own activities are
written after it, because their outcomes tell what followers did. It never commits, posts nothing by itself, and locks
its own rows in the order of their keys.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Batch, Consequences

STREAKS, BADGES, TIERS, BOARDS = 10, 20, 30, 40
"""Places in the order; what one gives is posted, and counted, before the next one looks."""


class Follower(Protocol):
    """Something that follows from counters."""

    def __call__(self, session: Session, now: datetime, batch: Batch) -> Consequences:
        """Look at what advanced and say what follows."""
        ...


_followers: dict[str, tuple[int, Follower]] = {}


def follow(name: str, place: int, follower: Follower) -> None:
    """Have ``follower`` called after every batch; registering a name again replaces it.

    Args:
        place: lower ones are called first.
    """
    _followers[name] = (place, follower)


def unfollow(name: str) -> None:
    """Call it no more; for tests."""
    _followers.pop(name, None)


def followers() -> Sequence[Follower]:
    """Everybody who follows, in their order."""
    return [_followers[name][1] for name in sorted(_followers, key=lambda name: (_followers[name][0], name))]
