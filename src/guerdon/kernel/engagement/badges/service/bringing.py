"""Levels that members had in another system: they stand here as they stood there, and earn nothing again."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.badges.service.awarding import Candidate, award, unpaid
from guerdon.kernel.engagement.badges.service.definitions import Definition


def bring_in(
    session: Session, held: Iterable[tuple[UUID, Definition, int, datetime]], *, reason: str
) -> list[tuple[UUID, UUID, int]]:
    """Write down levels with those below them, without their rewards, as far as members have not got them yet.

    Nothing that is withdrawn takes them away again; staff can.

    Args:
        held: member, badge, level, and when it was earned.

    Returns:
        Member, badge and level of what was written.
    """
    candidates = [unpaid(Candidate(owner_id, badge, level, None, at)) for owner_id, badge, level, at in held]
    written = award(session, candidates, how="elsewhere", reason=reason)
    return [(each.owner_id, each.badge.id, each.level) for each in written]
