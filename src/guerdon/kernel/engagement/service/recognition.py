"""What streaks and badges need on the ledger: why they move value, and what it refers to."""

from sqlalchemy.orm import Session

from guerdon.kernel.ledger.catalogue import register_codes
from guerdon.kernel.ledger.schemas import Effect

BONUS_KIND, REWARD_KIND = "streak.bonus", "badge.reward"
STREAK_REFERENCE, BADGE_REFERENCE = "streak", "badge"


def install(session: Session) -> None:
    """Make sure that the kinds and reference types exist."""
    register_codes(
        session,
        kinds={BONUS_KIND: Effect.EARN, REWARD_KIND: Effect.EARN},
        reference_types=(STREAK_REFERENCE, BADGE_REFERENCE),
    )
