"""Where a member stands: their points, and their weeks in a row."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.streaks.service import reading as streaks
from guerdon.kernel.engagement.streaks.service.reading import MemberStreak
from guerdon.kernel.ledger.schemas import Pocket
from guerdon.kernel.ledger.service import balances
from guerdon.programs.events.seeds import UNIT, WEEKLY


@dataclass(frozen=True, slots=True)
class Points:
    """What a member can spend, and what they have earned in all."""

    available: int
    earned: int


def points(session: Session, user_id: UUID, at: datetime) -> Points:
    """A member's points."""
    own = [each for each in balances(session, user_id, at) if each.unit == UNIT]
    return Points(
        available=sum(each.balance_minor for each in own if each.pocket is Pocket.AVAILABLE),
        earned=sum(each.earned_minor for each in own),
    )


def weeks(session: Session, user_id: UUID, at: datetime) -> MemberStreak | None:
    """A member's weeks in a row; None where staff have put the streak out of force."""
    own = streaks.of_member(session, at, user_id, program="events")
    return next((each for each in own if each.streak.code == WEEKLY), None)
