"""``/api/v1/engagement/tiers/{program}/…``: where one stands, how tiers are kept, and what other rules would move."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.ladders.schemas import (
    ChangeOut,
    FallOut,
    KeepingBody,
    KeepingChange,
    KeepingPreview,
    MoveOut,
    StandingOut,
)
from guerdon.kernel.engagement.ladders.service import configuring, keeping
from guerdon.kernel.engagement.ladders.service.deciding import Keeping, Ladder
from guerdon.kernel.engagement.service import tiers
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.kernel.ledger.catalogue import catalogue

router = APIRouter(prefix="/api/v1/engagement/tiers", tags=["engagement"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Program = Annotated[Text, Path(max_length=100, examples=["credits"])]


@router.get("/{program}/standing", responses=problem_responses(404))
def get_standing(program: Program, who: SignedIn, session: SessionDep, clock: ClockDep) -> StandingOut:
    """Where you stand on a program's tiers, how far the next one is, and until when you keep this one."""
    return show(keeping.kept(session, configuring.ladder(session, program), who.user_id, clock.now()))


@router.get("/{program}/standing/{user_id}", responses=problem_responses(404))
def get_standing_of(program: Program, user_id: UUID, _who: Reader, session: SessionDep, clock: ClockDep) -> StandingOut:
    """Where a member stands."""
    get_account(session, user_id)
    return show(keeping.kept(session, configuring.ladder(session, program), user_id, clock.now()))


@router.get("/{program}/changes", responses=problem_responses(404))
def list_changes(program: Program, who: SignedIn, session: SessionDep) -> list[ChangeOut]:
    """Your last 50 rises and falls, the latest first."""
    ladder = configuring.ladder(session, program)
    return [
        ChangeOut(
            from_tier=row.from_code,
            to_tier=row.to_code,
            reason=row.reason,
            amount=to_text(row.amount_minor, ladder.scale),
            changed_at=row.changed_at,
        )
        for row in keeping.history(session, who.user_id, program)
    ]


@router.get("/{program}/keeping", responses=problem_responses(404))
def get_keeping(program: Program, _who: Reader, session: SessionDep) -> KeepingBody:
    """How a program's tiers are reached and kept."""
    return KeepingBody(**asdict(configuring.ladder(session, program).keeping))


@router.put("/{program}/keeping", responses=problem_responses(404))
def change_keeping(
    program: Program, body: KeepingChange, who: Configurer, session: SessionDep, clock: ClockDep
) -> KeepingBody:
    """Keep tiers by other rules from now on. Nobody falls by that alone: whoever has too little has their grace."""
    wanted = Keeping(**body.model_dump(exclude={"reason"}))
    changed = configuring.change(session, clock.now(), program, wanted, actor_id=who.user_id, reason=body.reason)
    return KeepingBody(**asdict(changed.keeping))


@router.post("/{program}/preview", responses=problem_responses(404))
def preview_keeping(
    program: Program, body: KeepingPreview, _who: Reader, session: SessionDep, clock: ClockDep
) -> list[MoveOut]:
    """How many members other rules or thresholds would move. Nothing is changed."""
    ladder = configuring.ladder(session, program)
    thresholds = _thresholds(session, ladder, body)
    wanted = Keeping(**body.model_dump(exclude={"thresholds"}))
    moves = configuring.preview(session, clock.now(), program, wanted, thresholds)
    return [MoveOut(code=move.code, now=move.now, then=move.then, rise=move.rise, fall=move.fall) for move in moves]


def _thresholds(session: Session, ladder: Ladder, body: KeepingPreview) -> list[int] | None:
    if body.thresholds is None:
        return None
    unit = catalogue(session).unit(ladder.unit)
    found: dict[str, int] = {}
    faults: list[FieldError] = []
    for code, threshold in body.thresholds.items():
        try:
            found[code] = to_minor(threshold, unit, field=f"thresholds.{code}")
        except FieldError as fault:
            faults.append(fault)
    faults = faults or tiers.misfits(ladder.steps, found)
    if faults:
        raise FieldErrors(faults)
    return [found[step.code] for step in ladder.steps]


def show(kept: keeping.Kept) -> StandingOut:
    """A standing as it goes out."""
    standing, scale = kept.standing, kept.ladder.scale
    fall = kept.fall
    return StandingOut(
        program=kept.ladder.program,
        unit=kept.ladder.unit,
        tier=standing.tier.code,
        since=kept.since,
        amount=to_text(standing.earned_minor, scale),
        next=standing.next.code if standing.next else None,
        missing=to_text(standing.missing_minor, scale),
        progress=f"{standing.progress:.4f}",
        falls=FallOut(on=fall.on, to=kept.ladder.steps[fall.to].code, missing=to_text(fall.missing_minor, scale))
        if fall
        else None,
    )
