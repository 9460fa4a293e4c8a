"""Tiers: where members stand by what they have earned. Spending never moves anyone down."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.models import TierStep
from guerdon.kernel.engagement.schemas import Tier, TierSeed, TierStanding
from guerdon.kernel.ledger.catalogue import catalogue


def tiers(session: Session, program: str) -> list[Tier]:
    """The tiers of a program, the lowest first."""
    rows = session.scalars(select(TierStep).where(TierStep.program == program).order_by(TierStep.threshold_minor))
    return [Tier(row.code, row.name, row.threshold_minor) for row in rows]


def standing(session: Session, program: str, earned_minor: int) -> TierStanding:
    """Where somebody stands who has earned that much.

    The same thresholds decide in SQL (``engagement.tier_code``).
    """
    return place(tiers(session, program), earned_minor)


def place(steps: Sequence[Tier], earned_minor: int) -> TierStanding:
    """Where an amount stands on steps that begin at 0, the lowest first."""
    reached = max(
        (number for number, step in enumerate(steps) if step.threshold_minor <= max(earned_minor, 0)), default=0
    )
    tier = steps[reached]
    following = steps[reached + 1] if reached + 1 < len(steps) else None
    if following is None:
        return TierStanding(tier, None, earned_minor, 0, 1.0)
    climbed = max(earned_minor, 0) - tier.threshold_minor
    return TierStanding(
        tier,
        following,
        earned_minor,
        following.threshold_minor - max(earned_minor, 0),
        climbed / (following.threshold_minor - tier.threshold_minor),
    )


def install(session: Session, program: str, seeds: Sequence[TierSeed]) -> None:
    """Put in the tiers of a program that has none yet; what an operator has changed stays."""
    if tiers(session, program):
        return
    codes = catalogue(session, fresh=True)
    for seed in seeds:
        session.execute(
            insert(TierStep).values(
                program=program,
                code=seed.code,
                name=seed.name,
                unit_id=codes.unit_id(seed.unit),
                threshold_minor=seed.threshold_minor,
            )
        )
