"""What goes into campaigns and what comes out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import DecimalText, Moment, Schema, Text

TITLE_LENGTH_MAX = 120
DAYS_MAX = 366
LATE = timedelta(hours=24)
"""What happened in time and is told within a day after the end still counts; then the rest of the budget goes back."""


class CampaignStatus(StrEnum):
    """A campaign's life as it is stored."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


class CampaignPhase(StrEnum):
    """A campaign's life as people see it.

    ``closing`` is the day after its end, in which facts that happened in time may still arrive.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    CLOSING = "closing"
    ENDED = "ended"


def phase_of(status: str, starts_at: datetime, ends_at: datetime, now: datetime) -> CampaignPhase:
    """Where a campaign stands at a moment."""
    if status != CampaignStatus.ACTIVE:
        return CampaignPhase(status)
    if now < starts_at:
        return CampaignPhase.SCHEDULED
    return CampaignPhase.RUNNING if now < ends_at else CampaignPhase.CLOSING


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign promises.

    Attributes:
        code: unique; outcomes name it.
        unit: awards in this unit are boosted, and the budget is in it.
        rules: ``program.code`` of the rules that it boosts; all that pay in the unit, if empty.
        condition: CEL over ``activity``, ``member`` and ``counters``.
        multiplier_bp: whole basis points, above 10000.
        budget_minor: the most that it pays.
        starts_at, ends_at: when the facts happened that it boosts, the second excluded.
    """

    code: str
    title: str
    unit: str
    rules: tuple[str, ...]
    condition: str
    multiplier_bp: int
    budget_minor: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Spending:
    """What became of a campaign's budget, in minor units.

    Attributes:
        spent_minor: given to members, net of what was taken back.
        left_minor: still to be given.
    """

    spent_minor: int
    left_minor: int


_Code = Annotated[Text, Field(max_length=50, examples=["double_points_in_may"])]
_Rule = Annotated[Text, Field(max_length=200)]


class CampaignIn(Schema):
    """The terms of a campaign."""

    code: _Code
    title: Text = Field(max_length=TITLE_LENGTH_MAX, examples=["Double points in May"])
    unit: Text = Field(max_length=32, description="Awards in this unit are boosted.", examples=["POINT"])
    rules: list[_Rule] = Field(
        default_factory=list,
        max_length=100,
        description="``program.code`` of the rules that it boosts; all that give the unit, if empty.",
        examples=[["events.attendance"]],
    )
    condition: Text = Field(
        default="true",
        max_length=2000,
        description="CEL over ``activity``, ``member`` and ``counters``; for whom it is.",
        examples=["member.account_age_days < 90"],
    )
    multiplier: DecimalText = Field(description="Above 1, at most 100, four decimals.", examples=["2"])
    budget: DecimalText = Field(description="The most that it gives in all.", examples=["5000"])
    starts_at: Moment
    ends_at: Moment = Field(description="Not included.")


class CampaignOut(Schema):
    """A campaign, and what it has spent."""

    id: UUID
    code: str = Field(examples=["double_points_in_may"])
    title: str = Field(examples=["Double points in May"])
    phase: CampaignPhase
    unit: str = Field(examples=["POINT"])
    rules: list[str]
    condition: str = Field(examples=["member.account_age_days < 90"])
    multiplier: str = Field(examples=["2.0000"])
    budget: str = Field(examples=["5000"])
    spent: str = Field(description="Given to members, net of what was taken back.", examples=["1250"])
    left: str = Field(description="Still to be given; what was left at the end went back.", examples=["3750"])
    starts_at: datetime
    ends_at: datetime
    created_by: UUID | None
    created_at: datetime
    activated_at: datetime | None
    ended_at: datetime | None


class CampaignStop(Schema):
    """Why a campaign stops before its time."""

    reason: Text = Field(min_length=3, max_length=500, examples=["The wrong members got it."])
