"""Staff change the numbers of a streak. What was paid stays; what it counts and how long its periods are stays too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.streaks.errors import StreakListError, StreakNumbersError, StreakReasonMissingError
from guerdon.kernel.engagement.streaks.models import Streak
from guerdon.kernel.engagement.streaks.service.definitions import Definition, get
from guerdon.kernel.ledger.catalogue import catalogue

FREEZES_MAX, PAUSES_MAX, BONUSES_MAX, MILESTONES_MAX, LENGTH_MAX = 100, 366, 400, 50, 100_000


@dataclass(frozen=True, slots=True)
class Numbers:
    """What staff may change; amounts by length, the last one for every longer streak."""

    freeze_every: int
    freeze_max: int
    pause_periods_max: int
    milestones: tuple[int, ...]
    bonus_unit: str | None
    bonus_minor: tuple[int, ...]
    active: bool


def numbers_of(streak: Definition) -> Numbers:
    """The numbers that hold now."""
    return Numbers(
        streak.rules.freeze_every,
        streak.rules.freeze_max,
        streak.pause_periods_max,
        streak.milestones,
        streak.bonus.unit if streak.bonus else None,
        streak.bonus.amounts_minor if streak.bonus else (),
        streak.active,
    )


def change(
    session: Session, now: datetime, streak_id: UUID, numbers: Numbers, *, actor_id: UUID, reason: str
) -> Definition:
    """Set the numbers of a streak.

    Raises:
        StreakNotFoundError: there is none of that id.
        FieldErrors: every number that is out of range, and a missing reason.
    """
    before = get(session, streak_id)
    faults = list(_faults(numbers))
    if len(reason.strip()) < 3:
        faults.append(StreakReasonMissingError(field="reason"))
    if faults:
        raise FieldErrors(faults)
    pays = bool(numbers.bonus_unit and numbers.bonus_minor)
    session.execute(
        update(Streak)
        .where(Streak.id == streak_id)
        .values(
            freeze_every=numbers.freeze_every,
            freeze_max=numbers.freeze_max,
            pause_periods_max=numbers.pause_periods_max,
            milestones=sorted(set(numbers.milestones)),
            bonus_unit_id=catalogue(session).unit_id(numbers.bonus_unit) if pays and numbers.bonus_unit else None,
            bonus_minor=list(numbers.bonus_minor) if pays else [],
            active=numbers.active,
            changed_at=now,
        )
    )
    announce(
        session,
        Act(
            "engagement.streak_changed",
            "streak",
            streak_id,
            actor_id=actor_id,
            old=_document(numbers_of(before)),
            new=_document(numbers),
            reason=reason.strip()[:500],
            detail={"program": before.program, "streak": before.code},
        ),
    )
    return get(session, streak_id)


def _document(numbers: Numbers) -> dict[str, object]:
    return {name: getattr(numbers, name) for name in Numbers.__dataclass_fields__}


def _faults(numbers: Numbers) -> Sequence[FieldError]:
    faults: list[FieldError] = []
    for field, maximum in (
        ("freeze_every", FREEZES_MAX),
        ("freeze_max", FREEZES_MAX),
        ("pause_periods_max", PAUSES_MAX),
    ):
        if not 0 <= getattr(numbers, field) <= maximum:
            faults.append(StreakNumbersError(field=field, minimum=0, maximum=maximum))
    if len(numbers.milestones) > MILESTONES_MAX or not all(0 < each <= LENGTH_MAX for each in numbers.milestones):
        faults.append(StreakListError(field="milestones", maximum=MILESTONES_MAX))
    fits = all(0 <= each <= AMOUNT_MINOR_MAX for each in numbers.bonus_minor)
    if len(numbers.bonus_minor) > BONUSES_MAX or not fits or (numbers.bonus_minor and not numbers.bonus_unit):
        faults.append(StreakListError(field="bonus", maximum=BONUSES_MAX))
    return faults
