"""What running campaigns add to awards; asked by the evaluation of rules, once for a batch and once for each award."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.boosting import Boost, Boosts, boost_with
from guerdon.kernel.engagement.campaigns.models import Campaign
from guerdon.kernel.engagement.campaigns.schemas import LATE, CampaignStatus
from guerdon.kernel.engagement.expressions import ExpressionError, truth

NAME = "campaigns"


def install() -> None:
    """Have campaigns asked whenever rules are evaluated."""
    boost_with(NAME, prepare)


def prepare(session: Session, now: datetime, facts: Sequence[Fact]) -> Boosts:
    """The campaigns that may boost awards for some facts, read by one query."""
    if not facts:
        return _Running(())
    moments = [fact.happened_at for fact in facts]
    running = session.scalars(
        select(Campaign)
        .where(
            Campaign.status == CampaignStatus.ACTIVE,
            Campaign.ends_at > max(now - LATE, min(moments)),
            Campaign.starts_at <= max(moments),
        )
        .order_by(Campaign.activated_at, Campaign.id)
    ).all()
    return _Running(running)


class _Running:
    """Asked for each award; answers quickly where there is no campaign.

    Args:
        campaigns: those that could apply, in the order in which they were activated; so they compound.
    """

    def __init__(self, campaigns: Sequence[Campaign]) -> None:
        self._campaigns = [(each, each.budget_id) for each in campaigns if each.budget_id is not None]
        self.budget_ids: Sequence[UUID] = [budget_id for _, budget_id in self._campaigns]
        self.conditions: Sequence[str] = [campaign.condition for campaign, _ in self._campaigns]

    def __call__(self, unit: str, rule: str, fact: Fact, variables: Mapping[str, Any]) -> Sequence[Boost]:
        """The boosts of an award."""
        return [
            Boost(campaign.code, campaign.multiplier_bp, budget_id)
            for campaign, budget_id in self._campaigns
            if campaign.unit_code == unit
            and campaign.starts_at <= fact.happened_at < campaign.ends_at
            and (not campaign.rules or rule in campaign.rules)
            and _fits(campaign.condition, variables)
        ]


def _fits(condition: str, variables: Mapping[str, Any]) -> bool:
    """Whether a condition holds. One that fails on a fact, such as by a property that it lacks, holds for nobody."""
    if condition == "true":
        return True
    try:
        return truth(condition, variables)
    except ExpressionError:
        return False
