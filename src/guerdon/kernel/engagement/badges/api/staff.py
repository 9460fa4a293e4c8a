"""Badges for staff: make and change them, award by hand, revoke."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy.orm import Session

from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.badges.api.shapes import Shaper, draft_of
from guerdon.kernel.engagement.badges.errors import BadgeProgramError
from guerdon.kernel.engagement.badges.jobs import start_backfill
from guerdon.kernel.engagement.badges.schemas import (
    Award,
    AwardedLevels,
    BadgeChange,
    BadgeForStaff,
    Holder,
    NewBadge,
    Revocation,
)
from guerdon.kernel.engagement.badges.service import backfilling, defining, reading, staffing
from guerdon.kernel.engagement.badges.service.definitions import definitions, get

router = APIRouter(prefix="/badge-definitions")
COMMUNITY = "community"
"""The program of badges that belong to none."""

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]
Awarder = Annotated[Principal, Depends(requires("engagement:award"))]
Level = Annotated[int, Path(ge=1, le=5)]


@router.get("")
def list_definitions(request: Request, _who: Reader, session: SessionDep) -> list[BadgeForStaff]:
    """Every badge, hidden and inactive ones too."""
    shaper = Shaper(request, session)
    holders = reading.holders_by_badge(session)
    runs = backfilling.latest(session)
    return [shaper.for_staff(badge, holders.get(badge.id, 0), runs.get(badge.id)) for badge in definitions(session).all]


def _shown(request: Request, session: Session, badge_id: UUID) -> BadgeForStaff:
    badge = get(session, badge_id)
    holders = reading.holders_by_badge(session).get(badge_id, 0)
    return Shaper(request, session).for_staff(badge, holders, backfilling.latest(session).get(badge_id))


@router.get("/{badge_id}")
def show_definition(request: Request, badge_id: UUID, _who: Reader, session: SessionDep) -> BadgeForStaff:
    """One badge."""
    return _shown(request, session, badge_id)


@router.post("", status_code=201)
def create_badge(request: Request, body: NewBadge, who: Configurer, session: SessionDep) -> BadgeForStaff:
    """Make a badge. Nobody gets it before it is activated."""
    check_program(request, body.program)
    badge_id = defining.create(session, body.program, body.code, draft_of(session, body), actor_id=who.user_id)
    return _shown(request, session, badge_id)


def check_program(request: Request, program: str) -> None:
    """Hold the program of a badge against those that are installed.

    Raises:
        BadgeProgramError: it is none of them.
    """
    if program not in {COMMUNITY, *(each.name for each in request.app.state.programs)}:
        raise BadgeProgramError(field="program", program=program[:64])


@router.put("/{badge_id}")
def change_badge(
    request: Request, badge_id: UUID, body: BadgeChange, who: Configurer, session: SessionDep, clock: ClockDep
) -> BadgeForStaff:
    """Change a badge by a new version. Who has a level keeps it; who meets it now gets it, in the background."""
    defining.change(session, badge_id, draft_of(session, body, body.reason), actor_id=who.user_id)
    badge = get(session, badge_id)
    if badge.active:
        start_backfill(session, clock, badge, requested_by=who.user_id)
    return _shown(request, session, badge_id)


@router.post("/{badge_id}/activate")
def activate_badge(
    request: Request, badge_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep
) -> BadgeForStaff:
    """Let it be earned from now on; who meets it already gets it, in the background."""
    if defining.set_active(session, badge_id, active=True, actor_id=who.user_id):
        start_backfill(session, clock, get(session, badge_id), requested_by=who.user_id)
    return _shown(request, session, badge_id)


@router.post("/{badge_id}/deactivate")
def deactivate_badge(request: Request, badge_id: UUID, who: Configurer, session: SessionDep) -> BadgeForStaff:
    """Let it be earned no more; who has it keeps it."""
    defining.set_active(session, badge_id, active=False, actor_id=who.user_id)
    return _shown(request, session, badge_id)


@router.get("/{badge_id}/holders")
def list_holders(
    badge_id: UUID, _who: Reader, session: SessionDep, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None
) -> Page[Holder]:
    """Who holds it, the latest first."""
    get(session, badge_id)
    after = decode_cursor(cursor, datetime, UUID)
    rows = reading.holders(session, badge_id, after=(after[0], after[1]) if after else None, limit=limit)
    return page_of(
        rows,
        limit,
        show=lambda row: Holder(user_id=row[0].owner_id, name=row[1], level=row[0].level, earned_at=row[0].earned_at),
        key=lambda row: (row[0].earned_at, row[0].owner_id),
    )


@router.post("/{badge_id}/awards", status_code=201, responses=problem_responses(404, 409))
def award_badge(badge_id: UUID, body: Award, who: Awarder, session: SessionDep, clock: ClockDep) -> AwardedLevels:
    """Give a member a level by hand, and those below it that are missing, with their rewards."""
    badge = get(session, badge_id)
    found = staffing.award_by_hand(
        session, clock.now(), body.user_id, badge, body.level, actor_id=who.user_id, reason=body.reason
    )
    return AwardedLevels(levels=[each.level for each in found])


@router.post("/{badge_id}/holders/{user_id}/levels/{level}/revoke", responses=problem_responses(404, 409))
def revoke_badge(
    badge_id: UUID,
    user_id: UUID,
    level: Level,
    body: Revocation,
    who: Awarder,
    session: SessionDep,
    clock: ClockDep,
) -> AwardedLevels:
    """Take a level and those above it: rewards as far as they are there, and credentials."""
    gone = staffing.revoke(
        session, clock.now(), user_id, get(session, badge_id), level, actor_id=who.user_id, reason=body.reason
    )
    return AwardedLevels(levels=sorted(gone))
