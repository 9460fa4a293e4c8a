"""Campaigns as they are shown, with what they have spent."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.campaigns.errors import CampaignNotFoundError
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import CampaignStatus, Spending
from guerdon.kernel.ledger.models import Account
from guerdon.kernel.ledger.service.posting import AVAILABLE


def campaigns(
    session: Session, *, status: CampaignStatus | None = None, after: UUID | None = None, limit: int | None = None
) -> Sequence[Campaign]:
    """Campaigns, the newest first.

    Args:
        status: only these.
        after: the last one of the page before.
        limit: one more than so many are given when there are more; None for all.
    """
    query = select(Campaign).order_by(Campaign.id.desc())
    if status is not None:
        query = query.where(Campaign.status == status)
    if after is not None:
        query = query.where(Campaign.id < after)
    return session.scalars(query.limit(None if limit is None else limit + 1)).all()


def get(session: Session, campaign_id: UUID) -> Campaign:
    """One campaign.

    Raises:
        CampaignNotFoundError: there is none of that id.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise CampaignNotFoundError(what="campaign")
    return campaign


def spending(session: Session, found: Sequence[Campaign]) -> dict[UUID, Spending]:
    """What became of the budgets of campaigns, by campaign, from the ledger."""
    budgets = [campaign.budget_id for campaign in found if campaign.budget_id is not None]
    rows = session.execute(
        select(Account.owner_id, Account.balance).where(Account.owner_id.in_(budgets), Account.pocket == AVAILABLE)
    )
    left = {row.owner_id: row.balance for row in rows}
    return {campaign.id: _spending(campaign, left) for campaign in found}


def _spending(campaign: Campaign, left: dict[UUID, int]) -> Spending:
    if campaign.budget_id is None:
        return Spending(0, campaign.budget_minor)
    left_minor = left.get(campaign.budget_id, 0)
    return Spending(campaign.budget_minor - campaign.returned_minor - left_minor, left_minor)
