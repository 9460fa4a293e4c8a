"""Restoring a streak that broke: staff forgive the periods that were missed, with a reason, on record."""

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.schemas import Consequences
from guerdon.kernel.engagement.service.rewarding import give
from guerdon.kernel.engagement.streaks.calendar import between
from guerdon.kernel.engagement.streaks.computing import Run, advance, follow, standing
from guerdon.kernel.engagement.streaks.errors import (
    NothingToRestoreError,
    OwnStreakError,
    StreakReasonMissingError,
)
from guerdon.kernel.engagement.streaks.models import StreakPardon
from guerdon.kernel.engagement.streaks.service import bonuses, following
from guerdon.kernel.engagement.streaks.service.definitions import Definition
from guerdon.kernel.engagement.streaks.service.neutrality import Neutrality
from guerdon.kernel.engagement.streaks.service.reading import present_period
from guerdon.kernel.engagement.streaks.service.recomputing import active_periods, differences

REASON_LENGTH_MIN = 3
Mended = Callable[[Session, datetime, UUID, UUID], None]
"""Hears of a streak, by its id, that is longer now than it was for a member, in the transaction in which it is."""
_listeners: dict[str, Mended] = {}


def tell_when_mended(name: str, listener: Mended) -> None:
    """Tell of streaks that were restored; registering a name again replaces it."""
    _listeners[name] = listener


def restore(
    session: Session, now: datetime, streak: Definition, owner_id: UUID, *, actor_id: UUID, reason: str
) -> tuple[date, ...]:
    """Mend the last break of a member's streak: the missed periods neither break nor lengthen it any more.

    Bonuses that the longer run makes due are paid, and whoever looks at the length of runs is told.

    Returns:
        The periods that were forgiven.

    Raises:
        OwnStreakError: nobody restores their own.
        StreakReasonMissingError: there is no reason.
        NothingToRestoreError: it never broke.
    """
    if owner_id == actor_id:
        raise OwnStreakError()
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise StreakReasonMissingError(field="reason")
    _lock_member(session, owner_id)
    present = present_period(session, streak, owner_id, now)
    active = sorted(active_periods(session, streak, [owner_id]).get(owner_id, set()))
    neutrality = Neutrality(session, streak, [owner_id], min([*active, present]), max([*active, present]))
    forgiven = _last_break(active, present, streak, neutrality, owner_id)
    if not forgiven:
        raise NothingToRestoreError()
    before: dict[date, int] = {}
    follow(active, streak.rules, neutrality.of(owner_id), before.__setitem__)
    session.execute(
        insert(StreakPardon).values(
            [
                {
                    "owner_id": owner_id,
                    "streak_id": streak.id,
                    "period_start": start,
                    "actor_id": actor_id,
                    "reason": reason.strip()[:500],
                    "created_at": now,
                }
                for start in forgiven
            ]
        )
    )
    _mend(session, now, streak, owner_id, active=active, before=before, present=present)
    announce(
        session,
        Act(
            "engagement.streak_restored",
            "member",
            owner_id,
            actor_id=actor_id,
            new={"periods": list(forgiven)},
            reason=reason.strip(),
            detail={"program": streak.program, "streak": streak.code},
        ),
    )
    return forgiven


def _last_break(
    active: list[date], present: date, streak: Definition, neutrality: Neutrality, owner_id: UUID
) -> tuple[date, ...]:
    """The periods that would have had to be done for the last run to go on to the one after it, or to the present."""
    neutral = neutrality.of(owner_id)
    run = Run()
    found: tuple[date, ...] = ()
    for arrival in [*active, present]:
        if standing(run, arrival, streak.rules, neutral).broken is not None and run.last is not None:
            missed = between(run.last, arrival, streak.rules.period)
            found = tuple(period for period in missed if not neutral(period))
        if arrival in active:
            run = advance(run, arrival, streak.rules, neutral)
    return found


def _mend(
    session: Session,
    now: datetime,
    streak: Definition,
    owner_id: UUID,
    *,
    active: list[date],
    before: dict[date, int],
    present: date,
) -> None:
    neutrality = Neutrality(session, streak, [owner_id], min([*active, present]), max([*active, present]))
    after: dict[date, int] = {}
    run = follow(active, streak.rules, neutrality.of(owner_id), after.__setitem__)
    following.keep(session, streak.id, {owner_id: run}, now)
    found = Consequences()
    bonuses.pay(session, now, streak, differences(owner_id, before, after), found)
    give(session, now, found.rewards)
    for listener in _listeners.values():
        listener(session, now, streak.id, owner_id)


def _lock_member(session: Session, owner_id: UUID) -> None:
    """Wait for whoever records something about the member, and have them wait."""
    session.execute(
        text("SELECT FROM engagement.members WHERE owner_id = :owner_id FOR UPDATE"), {"owner_id": owner_id}
    )
