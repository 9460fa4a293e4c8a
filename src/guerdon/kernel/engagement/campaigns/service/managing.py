"""Writing, activating and ending campaigns. The budget is money on the ledger: put aside, given, and returned."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.ids import new_id
from guerdon.core.money import to_text
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.service.paying import lock_budget
from guerdon.kernel.engagement.campaigns.errors import (
    CampaignNotFoundError,
    CampaignOverError,
    CampaignReasonMissingError,
    CampaignStateError,
)
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import LATE, CampaignStatus, Terms
from guerdon.kernel.engagement.campaigns.service.terms import check
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.kernel.ledger.service import open_system_owner, post
from guerdon.kernel.ledger.service.reading import available_minor

FUNDING = "campaign_budget"
RETURN = "campaign_return"
TRANSFER_KINDS = (FUNDING, RETURN)
"""Why value moves into and out of budgets; neither counts as earned or spent."""
REASON_LENGTH_MIN = 3


def write(session: Session, terms: Terms, *, actor_id: UUID | None) -> Campaign:
    """Write a draft. It has no effect until it is activated.

    Raises:
        FieldErrors: every term at fault.
    """
    check(session, terms)
    campaign = Campaign(id=new_id(), created_by=actor_id, status=CampaignStatus.DRAFT)
    _set(campaign, terms)
    session.add(campaign)
    session.flush()
    session.refresh(campaign)
    _announce(session, "engagement.campaign_written", campaign, actor_id, new=_document(terms))
    return campaign


def edit(session: Session, campaign_id: UUID, terms: Terms, *, actor_id: UUID | None) -> Campaign:
    """Give a draft other terms.

    Raises:
        CampaignNotFoundError: there is none of that id.
        CampaignStateError: it has been activated.
        FieldErrors: every term at fault.
    """
    campaign = _locked(session, campaign_id, CampaignStatus.DRAFT)
    check(session, terms, campaign)
    old = _document(terms_of(campaign))
    _set(campaign, terms)
    session.flush()
    _announce(session, "engagement.campaign_edited", campaign, actor_id, old=old, new=_document(terms))
    return campaign


def discard(session: Session, campaign_id: UUID, *, actor_id: UUID | None) -> None:
    """Throw a draft away.

    Raises:
        CampaignNotFoundError: there is none of that id.
        CampaignStateError: it has been activated.
    """
    campaign = _locked(session, campaign_id, CampaignStatus.DRAFT)
    _announce(session, "engagement.campaign_discarded", campaign, actor_id, old=_document(terms_of(campaign)))
    session.delete(campaign)
    session.flush()


def activate(session: Session, campaign_id: UUID, now: datetime, *, actor_id: UUID | None) -> Campaign:
    """Put the budget aside and let the campaign begin at its time.

    Raises:
        CampaignNotFoundError: there is none of that id.
        CampaignStateError: it is no draft any more.
        CampaignOverError: it would be over.
        FieldErrors: its terms have become impossible, such as a rule that no longer exists.
    """
    campaign = _locked(session, campaign_id, CampaignStatus.DRAFT)
    if campaign.ends_at <= now:
        raise CampaignOverError(campaign=campaign.code)
    check(session, terms_of(campaign), campaign)
    budget_id = open_system_owner(session, f"campaign.{campaign.code}", campaign.unit_code)
    issuance, budget = SystemAccount("issuance", campaign.unit_code), Account(budget_id, campaign.unit_code)
    post(session, Posting(issuance, budget, campaign.budget_minor, FUNDING, "budget", actor_id=actor_id), now)
    campaign.budget_id = budget_id
    campaign.status = CampaignStatus.ACTIVE
    campaign.activated_at = now
    session.flush()
    _announce(session, "engagement.campaign_activated", campaign, actor_id, new=_document(terms_of(campaign)))
    return campaign


def stop(session: Session, campaign_id: UUID, now: datetime, *, actor_id: UUID | None, reason: str) -> Campaign:
    """End a campaign before its time. What it has given stays given; what is left goes back.

    Raises:
        CampaignNotFoundError: there is none of that id.
        CampaignStateError: it is not active.
        CampaignReasonMissingError: no reason is given.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise CampaignReasonMissingError(field="reason", problem="")
    campaign = _locked(session, campaign_id, CampaignStatus.ACTIVE)
    _end(session, campaign, now, actor_id=actor_id, reason=reason.strip())
    return campaign


def end_due(session: Session, now: datetime) -> int:
    """End every campaign whose time is over, late reports included, and take back what came back since.

    Returns:
        How many ended now.
    """
    due = session.scalars(
        select(Campaign)
        .where(Campaign.status == CampaignStatus.ACTIVE, Campaign.ends_at <= now - LATE)
        .order_by(Campaign.id)
        .with_for_update(skip_locked=True)
    ).all()
    for campaign in due:
        _end(session, campaign, now, actor_id=None, reason=None)
    # Somebody's award may have been withdrawn after the end: it came back into the budget.
    unreturned = Campaign.budget_minor > Campaign.returned_minor
    ended = select(Campaign).where(Campaign.status == CampaignStatus.ENDED, unreturned)
    for campaign in session.scalars(ended.order_by(Campaign.id).with_for_update(skip_locked=True)).all():
        _return(session, campaign, now)
    return len(due)


def terms_of(campaign: Campaign) -> Terms:
    """What a campaign promises."""
    return Terms(
        code=campaign.code,
        title=campaign.title,
        unit=campaign.unit_code,
        rules=tuple(campaign.rules),
        condition=campaign.condition,
        multiplier_bp=campaign.multiplier_bp,
        budget_minor=campaign.budget_minor,
        starts_at=campaign.starts_at,
        ends_at=campaign.ends_at,
    )


def _set(campaign: Campaign, terms: Terms) -> None:
    values = asdict(terms)
    campaign.unit_code = values.pop("unit")
    campaign.rules = list(values.pop("rules"))
    for name, value in values.items():
        setattr(campaign, name, value)


def _locked(session: Session, campaign_id: UUID, status: CampaignStatus) -> Campaign:
    """The campaign, locked, if it stands where it should."""
    campaign = session.scalars(
        select(Campaign).where(Campaign.id == campaign_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if campaign is None:
        raise CampaignNotFoundError(what="campaign")
    if campaign.status != status:
        raise CampaignStateError(campaign=campaign.code, status=campaign.status)
    return campaign


def _end(session: Session, campaign: Campaign, now: datetime, *, actor_id: UUID | None, reason: str | None) -> None:
    _return(session, campaign, now)
    campaign.status = CampaignStatus.ENDED
    campaign.ended_at = now
    session.flush()
    scale = catalogue(session).unit(campaign.unit_code).scale
    new = {"returned": to_text(campaign.returned_minor, scale), "unit": campaign.unit_code}
    _announce(session, "engagement.campaign_ended", campaign, actor_id, new=new, reason=reason)


def _return(session: Session, campaign: Campaign, now: datetime) -> None:
    """Give back what is left, once the awards that are drawing on it have taken what they take."""
    if campaign.budget_id is None:
        raise AssertionError("a campaign that was active has a budget")
    lock_budget(session, campaign.budget_id)
    left_minor = available_minor(session, campaign.budget_id, campaign.unit_code, now)
    if left_minor:
        budget = Account(campaign.budget_id, campaign.unit_code)
        issuance = SystemAccount("issuance", campaign.unit_code)
        post(session, Posting(budget, issuance, left_minor, RETURN, f"return/{new_id()}"), now)
        campaign.returned_minor += left_minor


def _document(terms: Terms) -> dict[str, Any]:
    return {**asdict(terms), "rules": list(terms.rules)}


def _announce(
    session: Session,
    action: str,
    campaign: Campaign,
    actor_id: UUID | None,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    detail = {"campaign": campaign.code}
    announce(session, Act(action, "campaign", campaign.id, actor_id, old=old, new=new, reason=reason, detail=detail))
