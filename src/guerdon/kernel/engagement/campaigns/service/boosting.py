"""What running campaigns add to awards; asked by the evaluation of rules, once for a batch and once for each award."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.boosting import Boost, Boosts, boost_with
from guerdon.kernel.engagement.campaigns.schemas import LATE
from guerdon.kernel.engagement.expressions import ExpressionError, truth

NAME = "campaigns"


_RUNNING = Statement(
    """
    SELECT code, unit_code, rules, condition, multiplier_bp, starts_at, ends_at, budget_id
    FROM engagement.campaigns
    WHERE status = 'active' AND ends_at > :ended_after AND starts_at <= :started_by
    ORDER BY activated_at, id
    """
)


@dataclass(frozen=True, slots=True)
class _Campaign:
    code: str
    unit_code: str
    rules: Sequence[str]
    condition: str
    multiplier_bp: int
    starts_at: datetime
    ends_at: datetime
    budget_id: UUID


def install() -> None:
    """Have campaigns asked whenever rules are evaluated."""
    boost_with(NAME, prepare)


def prepare(session: Session, now: datetime, facts: Sequence[Fact]) -> Boosts:
    """The campaigns that may boost awards for some facts, read by one query."""
    if not facts:
        return _Running(())
    moments = [fact.happened_at for fact in facts]
    rows = _RUNNING.rows(session, ended_after=max(now - LATE, min(moments)), started_by=max(moments))
    return _Running([_Campaign(*row) for row in rows])


class _Running:
    """Asked for each award; answers quickly where there is no campaign.

    Args:
        campaigns: those that could apply, in the order in which they were activated; so they compound.
    """

    def __init__(self, campaigns: Sequence[_Campaign]) -> None:
        self._campaigns = campaigns
        self.budget_ids: Sequence[UUID] = [each.budget_id for each in campaigns]
        self.conditions: Sequence[str] = [each.condition for each in campaigns]

    def __call__(self, unit: str, rule: str, fact: Fact, variables: Mapping[str, Any]) -> Sequence[Boost]:
        """The boosts of an award."""
        return [
            Boost(campaign.code, campaign.multiplier_bp, campaign.budget_id)
            for campaign in self._campaigns
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
