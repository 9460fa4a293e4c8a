"""Who follows when counters advance: streaks, badges, tiers, boards, and whoever else is registered.

A follower runs in the transaction that records, with the members' rows locked, once for a batch however many facts it
holds. It reads counters from ``Batch.changes`` or, advanced already, from the table; the batch's own activities are
written after it, because their outcomes tell what followers did. It never commits, posts nothing by itself, and locks
its own rows in the order of their keys.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Batch, Consequences

STREAKS, BADGES, TIERS, BOARDS = 10, 20, 30, 40
"""Places in the order; what one gives is posted, and counted, before the next one looks."""


class Follower(Protocol):
    """Something that follows from counters."""

    def __call__(self, session: Session, now: datetime, batch: Batch) -> Consequences:
        """Look at what advanced and say what follows."""
        ...


class Looks(Protocol):
    """The counters that a follower looks at, so that no others are told."""

    def __call__(self, session: Session, revision: UUID) -> Iterable[tuple[int, str]]:
        """Metric and period of each, as of a revision of what is in force."""
        ...


class _Known(NamedTuple):
    place: int
    follower: Follower
    looks_at: Looks | None


_followers: dict[str, _Known] = {}


def follow(name: str, place: int, follower: Follower, looks_at: Looks | None = None) -> None:
    """Have ``follower`` called after every batch; registering a name again replaces it.

    Args:
        place: lower ones are called first.
        looks_at: of which counters it wants to be told the changes; of all, if it does not say.
    """
    _followers[name] = _Known(place, follower, looks_at)


def followers() -> Sequence[Follower]:
    """Everybody who follows, in their order."""
    return [known.follower for _, known in sorted(_followers.items(), key=lambda each: (each[1].place, each[0]))]


def watched(session: Session, revision: UUID) -> set[tuple[int, str]] | None:
    """The counters that anybody looks at, by metric and period; None if somebody wants to be told of all."""
    found: set[tuple[int, str]] = set()
    for known in _followers.values():
        if known.looks_at is None:
            return None
        found.update(known.looks_at(session, revision))
    return found
