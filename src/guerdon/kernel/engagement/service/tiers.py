"""Tiers: where members stand by what they have earned. Spending never moves anyone down."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import AMOUNT_MINOR_MAX, AmountOutOfRangeError
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.errors import (
    TierFirstError,
    TierOrderError,
    TiersNotFoundError,
    TierUnknownError,
)
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


def ladders(session: Session) -> dict[str, tuple[str, list[Tier]]]:
    """Every program's unit and tiers, by program."""
    codes = catalogue(session)
    found: dict[str, tuple[str, list[Tier]]] = {}
    for row in session.scalars(select(TierStep).order_by(TierStep.program, TierStep.threshold_minor)):
        unit = codes.units_by_id[row.unit_id].code
        found.setdefault(row.program, (unit, []))[1].append(Tier(row.code, row.name, row.threshold_minor))
    return found


def change(
    session: Session, program: str, thresholds: Mapping[str, int], *, actor_id: UUID | None, reason: str
) -> list[Tier]:
    """Set what has to be earned for each tier; members stand on the new steps at once.

    Args:
        thresholds: in the unit's smallest part, by tier; one for each.
        reason: for the audit log.

    Raises:
        TiersNotFoundError: the program has none.
        FieldErrors: names each threshold that does not fit; nothing is changed.
    """
    query = select(TierStep).where(TierStep.program == program).order_by(TierStep.threshold_minor)
    # Stale rows in the session would hide what another transaction has changed while this one waited for the lock.
    steps = session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
    if not steps:
        raise TiersNotFoundError(program=program)
    order = [Tier(step.code, step.name, step.threshold_minor) for step in steps]
    faults = misfits(order, thresholds)
    if faults:
        raise FieldErrors(faults)
    before = {step.code: step.threshold_minor for step in order}
    rising = [code for code in before if thresholds[code] > before[code]]
    falling = [code for code in before if thresholds[code] < before[code]]
    # No two tiers may begin at the same amount even for a moment: who climbs makes room from the top down.
    for code in [*reversed(rising), *falling]:
        session.execute(
            update(TierStep)
            .where(TierStep.program == program, TierStep.code == code)
            .values(threshold_minor=thresholds[code])
        )
    if rising or falling:
        after = {code: thresholds[code] for code in before}
        detail = {"program": program}
        announce(
            session,
            Act("engagement.tiers_changed", "tiers", None, actor_id, before, after, reason=reason, detail=detail),
        )
    return [Tier(step.code, step.name, thresholds[step.code]) for step in order]


def misfits(order: Sequence[Tier], thresholds: Mapping[str, int]) -> list[FieldError]:
    """What is wrong with new thresholds of tiers in their order; empty when nothing is."""
    known = [step.code for step in order]
    faults: list[FieldError] = [
        TierUnknownError(field=f"thresholds.{code}"[:200], tier=code[:100])
        for code in [*known, *thresholds]
        if (code in known) != (code in thresholds)
    ]
    if faults:
        return faults
    names = {step.code: step.name for step in order}
    below = -1
    for place, code in enumerate(known):
        field, threshold = f"thresholds.{code}", thresholds[code]
        if place == 0 and threshold != 0:
            faults.append(TierFirstError(field=field))
        elif threshold > AMOUNT_MINOR_MAX:
            faults.append(AmountOutOfRangeError(field=field, value=str(threshold)))
        elif threshold <= below:
            faults.append(TierOrderError(field=field, tier=names[code]))
        below = max(below, threshold)
    return faults


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
