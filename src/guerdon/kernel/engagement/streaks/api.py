"""``/api/v1/engagement/streaks``: where one stands, time off, and what staff do for somebody's streak."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors, NotFoundError
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.streaks.errors import StreakListError
from guerdon.kernel.engagement.streaks.jobs import change_and_catch_up
from guerdon.kernel.engagement.streaks.models import StreakPause
from guerdon.kernel.engagement.streaks.schemas import (
    PauseBody,
    PauseOut,
    PeriodOut,
    RestoreBody,
    Restored,
    StaffPauseBody,
    StandingOut,
    StreakChange,
    StreakOut,
)
from guerdon.kernel.engagement.streaks.service import changing, pardons, pauses, reading
from guerdon.kernel.engagement.streaks.service.definitions import Definition, definitions, get
from guerdon.kernel.engagement.streaks.service.reading import MemberStreak
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.errors import UnknownUnitError
from guerdon.web.viewer import viewer_of

router = APIRouter(prefix="/api/v1/engagement", tags=["streaks"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Awarder = Annotated[Principal, Depends(requires("engagement:award"))]
Periods = Annotated[int, Query(ge=1, le=400, description="How many periods, the present one included.")]


def _streak(request: Request, session: Session, streak: Definition) -> StreakOut:
    words = viewer_of(request).translator
    numbers = changing.numbers_of(streak)
    scale = catalogue(session).unit(numbers.bonus_unit).scale if numbers.bonus_unit else 0
    return StreakOut(
        id=streak.id,
        program=streak.program,
        code=streak.code,
        name=words.gettext(streak.name),
        description=words.gettext(streak.description) if streak.description else "",
        period=streak.rules.period,
        minimum=streak.minimum,
        freeze_every=numbers.freeze_every,
        freeze_max=numbers.freeze_max,
        pause_periods_max=numbers.pause_periods_max,
        milestones=list(numbers.milestones),
        bonus_unit=numbers.bonus_unit,
        bonus=[to_text(amount, scale) for amount in numbers.bonus_minor],
        active=numbers.active,
    )


def _pause(pause: StreakPause) -> PauseOut:
    return PauseOut(
        id=pause.id, starts_on=pause.starts_on, until=pause.ends_on, by_staff=pause.created_by != pause.owner_id
    )


def _standing(request: Request, session: Session, each: MemberStreak) -> StandingOut:
    stands = each.standing
    return StandingOut(
        streak=_streak(request, session, each.streak),
        current=stands.current,
        longest=stands.longest,
        freezes=stands.freezes,
        done=stands.active,
        at_risk=each.at_risk,
        neutral=each.neutral,
        period_start=each.present,
        period_ends=each.ends_on,
        lost=stands.lost,
        next_milestone=each.next_milestone,
        pauses=[_pause(pause) for pause in each.pauses],
    )


@router.get("/streaks")
def list_streaks(request: Request, who: SignedIn, session: SessionDep, clock: ClockDep) -> list[StandingOut]:
    """Every streak, and where you stand with it now."""
    return [_standing(request, session, each) for each in reading.of_member(session, clock.now(), who.user_id)]


@router.get("/streaks/{streak_id}/calendar", responses=problem_responses(404))
def show_calendar(
    streak_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep, periods: Periods = 26
) -> list[PeriodOut]:
    """What became of your last periods, the earliest first."""
    found = reading.calendar(session, clock.now(), who.user_id, get(session, streak_id), periods)
    return [PeriodOut(start=each.start, state=each.state, value=each.value) for each in found]


@router.post("/streaks/{streak_id}/pauses", status_code=201, responses=problem_responses(404, 409))
def pause(streak_id: UUID, body: PauseBody, who: SignedIn, session: SessionDep, clock: ClockDep) -> PauseOut:
    """Take periods off, from the present one on: they neither break nor lengthen your streak."""
    made = pauses.pause(
        session,
        clock.now(),
        get(session, streak_id),
        who.user_id,
        first=body.first,
        last=body.last,
        actor_id=who.user_id,
    )
    return _pause(made)


@router.delete("/streaks/{streak_id}/pauses/{pause_id}", status_code=204, responses=problem_responses(404))
def end_pause(streak_id: UUID, pause_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> None:
    """End a pause now; the present period counts again."""
    pauses.end(session, clock.now(), get(session, streak_id), who.user_id, pause_id, actor_id=who.user_id)


@router.get("/streak-definitions")
def list_definitions(request: Request, _who: Reader, session: SessionDep) -> list[StreakOut]:
    """Every streak, those that are not active too."""
    return [_streak(request, session, each) for each in definitions(session).all]


@router.put("/streak-definitions/{streak_id}", responses=problem_responses(404))
def change_streak(
    request: Request, streak_id: UUID, body: StreakChange, who: Configurer, session: SessionDep, clock: ClockDep
) -> StreakOut:
    """Change the numbers of a streak from now on; what was paid stays."""
    numbers = changing.Numbers(
        body.freeze_every,
        body.freeze_max,
        body.pause_periods_max,
        tuple(body.milestones),
        body.bonus_unit or None,
        _bonus(session, body),
        body.active,
    )
    changed = change_and_catch_up(session, clock, streak_id, numbers, actor_id=who.user_id, reason=body.reason)
    return _streak(request, session, changed)


def _bonus(session: Session, body: StreakChange) -> tuple[int, ...]:
    if not body.bonus_unit:
        if body.bonus:
            raise FieldErrors([StreakListError(field="bonus_unit", maximum=changing.BONUSES_MAX)])
        return ()
    try:
        unit = catalogue(session).unit(body.bonus_unit)
    except UnknownUnitError as exc:
        raise FieldErrors([StreakListError(field="bonus_unit", maximum=changing.BONUSES_MAX)]) from exc
    faults: list[FieldError] = []
    found: list[int] = []
    for number, amount in enumerate(body.bonus):
        try:
            found.append(to_minor(amount, unit, field=f"bonus.{number}"))
        except FieldError as fault:
            faults.append(fault)
    if faults:
        raise FieldErrors(faults)
    return tuple(found)


def require_member(session: Session, user_id: UUID) -> User:
    """The member of that id.

    Raises:
        NotFoundError: there is none, or the account is closed.
    """
    user = session.get(User, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFoundError(what="account")
    return user


@router.get("/members/{user_id}/streaks", responses=problem_responses(404))
def show_member(
    request: Request, user_id: UUID, _who: Reader, session: SessionDep, clock: ClockDep
) -> list[StandingOut]:
    """Where a member stands with every streak."""
    require_member(session, user_id)
    return [_standing(request, session, each) for each in reading.of_member(session, clock.now(), user_id)]


@router.post("/members/{user_id}/streaks/{streak_id}/restore", status_code=201, responses=problem_responses(404, 409))
def restore(
    user_id: UUID, streak_id: UUID, body: RestoreBody, who: Awarder, session: SessionDep, clock: ClockDep
) -> Restored:
    """Mend the last break of a member's streak; bonuses that it makes due are paid."""
    require_member(session, user_id)
    forgiven = pardons.restore(
        session, clock.now(), get(session, streak_id), user_id, actor_id=who.user_id, reason=body.reason
    )
    return Restored(periods=list(forgiven))


@router.post("/members/{user_id}/streaks/{streak_id}/pauses", status_code=201, responses=problem_responses(404, 409))
def pause_member(
    user_id: UUID, streak_id: UUID, body: StaffPauseBody, who: Awarder, session: SessionDep, clock: ClockDep
) -> PauseOut:
    """Give a member periods off, without the limit that they have themselves."""
    require_member(session, user_id)
    made = pauses.pause(
        session,
        clock.now(),
        get(session, streak_id),
        user_id,
        first=body.first,
        last=body.last,
        actor_id=who.user_id,
        reason=body.reason,
    )
    return _pause(made)
