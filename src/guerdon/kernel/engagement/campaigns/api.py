"""``/api/v1/engagement/campaigns``: writing, activating and stopping campaigns, and what they have spent."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import to_minor, to_text
from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.engagement.campaigns.errors import CampaignMultiplierError
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import (
    CampaignIn,
    CampaignOut,
    CampaignStatus,
    CampaignStop,
    Spending,
    Terms,
    phase_of,
)
from guerdon.kernel.engagement.campaigns.service import managing, reading
from guerdon.kernel.ledger.catalogue import unit_of
from guerdon.kernel.ledger.errors import UnknownUnitError

router = APIRouter(prefix="/api/v1/engagement/campaigns", tags=["engagement"])

Reader = Annotated[Principal, Depends(requires("engagement:read"))]
Configurer = Annotated[Principal, Depends(requires("engagement:configure"))]

MULTIPLIER_SCALE = 4


@router.get("")
def list_campaigns(
    _who: Reader,
    session: SessionDep,
    clock: ClockDep,
    status: Annotated[CampaignStatus | None, Query()] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[CampaignOut]:
    """Campaigns, the newest first."""
    after = decode_cursor(cursor, UUID)
    found = reading.campaigns(session, status=status, after=after[0] if after else None, limit=limit)
    spent = reading.spending(session, found)
    now = clock.now()
    return page_of(
        found, limit, show=lambda each: show(session, each, spent[each.id], now), key=lambda each: (each.id,)
    )


@router.get("/{campaign_id}")
def show_campaign(campaign_id: UUID, _who: Reader, session: SessionDep, clock: ClockDep) -> CampaignOut:
    """One campaign."""
    return _shown(session, reading.get(session, campaign_id), clock)


@router.post("", status_code=201)
def write_campaign(body: CampaignIn, who: Configurer, session: SessionDep, clock: ClockDep) -> CampaignOut:
    """Write a draft. It has no effect until it is activated."""
    return _shown(session, managing.write(session, terms(session, body), actor_id=who.user_id), clock)


@router.put("/{campaign_id}", responses=problem_responses(404, 409))
def edit_campaign(
    campaign_id: UUID, body: CampaignIn, who: Configurer, session: SessionDep, clock: ClockDep
) -> CampaignOut:
    """Give a draft other terms."""
    return _shown(session, managing.edit(session, campaign_id, terms(session, body), actor_id=who.user_id), clock)


@router.delete("/{campaign_id}", status_code=204, responses=problem_responses(404, 409))
def discard_campaign(campaign_id: UUID, who: Configurer, session: SessionDep) -> None:
    """Throw a draft away."""
    managing.discard(session, campaign_id, actor_id=who.user_id)


@router.post("/{campaign_id}/activate", responses=problem_responses(404, 409))
def activate_campaign(campaign_id: UUID, who: Configurer, session: SessionDep, clock: ClockDep) -> CampaignOut:
    """Put the budget aside and let the campaign begin at its time. Its terms never change from then on."""
    return _shown(session, managing.activate(session, campaign_id, clock.now(), actor_id=who.user_id), clock)


@router.post("/{campaign_id}/stop", responses=problem_responses(404, 409))
def stop_campaign(
    campaign_id: UUID, body: CampaignStop, who: Configurer, session: SessionDep, clock: ClockDep
) -> CampaignOut:
    """End a campaign before its time. What it has given stays given; what is left of the budget goes back."""
    stopped = managing.stop(session, campaign_id, clock.now(), actor_id=who.user_id, reason=body.reason)
    return _shown(session, stopped, clock)


def terms(session: Session, body: CampaignIn) -> Terms:
    """The terms that a body or a form asks for.

    Raises:
        FieldErrors: the unit is unknown, or a number does not fit it.
    """
    faults: list[FieldError] = []
    budget_minor, multiplier_bp = 0, 0
    try:
        budget_minor = to_minor(body.budget, unit_of(session, body.unit), field="budget")
    except UnknownUnitError:
        faults.append(FieldError(field="unit", problem=body.unit))
    except FieldError as fault:
        faults.append(fault)
    try:
        multiplier_bp = _basis_points(body.multiplier)
    except FieldError as fault:
        faults.append(fault)
    if faults:
        raise FieldErrors(faults)
    return Terms(
        code=body.code.strip(),
        title=body.title.strip(),
        unit=body.unit,
        rules=tuple(dict.fromkeys(rule.strip() for rule in body.rules)),
        condition=body.condition.strip() or "true",
        multiplier_bp=multiplier_bp,
        budget_minor=budget_minor,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
    )


def _basis_points(multiplier: Decimal) -> int:
    scaled = multiplier.scaleb(MULTIPLIER_SCALE)
    if scaled != scaled.to_integral_value() or abs(scaled) >= 10**9:
        raise CampaignMultiplierError(field="multiplier", problem="")
    return int(scaled)


def _shown(session: Session, campaign: Campaign, clock: Clock) -> CampaignOut:
    found: Sequence[Campaign] = [campaign]
    return show(session, campaign, reading.spending(session, found)[campaign.id], clock.now())


def show(session: Session, campaign: Campaign, spent: Spending, now: datetime) -> CampaignOut:
    """A campaign as it is answered."""
    scale = unit_of(session, campaign.unit_code).scale
    return CampaignOut(
        id=campaign.id,
        code=campaign.code,
        title=campaign.title,
        phase=phase_of(campaign.status, campaign.starts_at, campaign.ends_at, now),
        unit=campaign.unit_code,
        rules=list(campaign.rules),
        condition=campaign.condition,
        multiplier=to_text(campaign.multiplier_bp, MULTIPLIER_SCALE),
        budget=to_text(campaign.budget_minor, scale),
        spent=to_text(spent.spent_minor, scale),
        left=to_text(spent.left_minor, scale),
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
        created_by=campaign.created_by,
        created_at=campaign.created_at,
        activated_at=campaign.activated_at,
        ended_at=campaign.ended_at,
    )
