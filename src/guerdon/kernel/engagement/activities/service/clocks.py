"""By which clock each fact of a member was counted: theirs as it was when the fact was recorded."""

from bisect import bisect_left
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.models import FormerZone
from guerdon.kernel.identity.models import User


class Clocks:
    """The zones of some members, present and former.

    Args:
        otherwise: the zone of whom nothing is known.
    """

    def __init__(self, session: Session, owners: Sequence[UUID], otherwise: str) -> None:
        self._otherwise = otherwise
        rows = session.execute(select(User.id, User.time_zone).where(User.id.in_(owners)))
        self._present: dict[UUID, str] = {row.id: row.time_zone for row in rows}
        self._former: dict[UUID, list[tuple[UUID, str]]] = {}
        former = select(FormerZone).where(FormerZone.owner_id.in_(owners))
        for each in session.scalars(former.order_by(FormerZone.owner_id, FormerZone.last_activity_id)):
            self._former.setdefault(each.owner_id, []).append((each.last_activity_id, each.time_zone))

    def zone(self, owner_id: UUID, activity_id: UUID) -> str:
        """By which zone an activity of a member was counted."""
        former = self._former.get(owner_id)
        if former is not None:
            place = bisect_left(former, activity_id, key=lambda each: each[0])
            if place < len(former):
                return former[place][1]
        return self._present.get(owner_id, self._otherwise)
