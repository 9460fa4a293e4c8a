"""What simulations find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import Moment, Schema

SHOWN = 10
"""How many of those who would gain or lose most are named."""


@dataclass(slots=True)
class Tally:
    """What has been found, in minor units. Its size does not grow with the members.

    Attributes:
        facts, members: that the rule is about, in the period.
        granted: facts for which the version gives something; ``was_granted`` for which something was given.
        paid_minor: what the version gives; ``was_minor`` what was really given by the versions in force.
        gaining, losing: members who would have got more, or less.
        spread: number of members by what they would have got, as a power of ten; ``was_spread`` by what they got.
        refusals: how often the version gave nothing, by reason.
        gainers, losers: the members with the largest differences.
    """

    facts: int = 0
    members: int = 0
    granted: int = 0
    was_granted: int = 0
    paid_minor: int = 0
    was_minor: int = 0
    gaining: int = 0
    losing: int = 0
    spread: dict[str, int] = field(default_factory=dict)
    was_spread: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    gainers: list[tuple[int, str]] = field(default_factory=list)
    losers: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Tally":
        """From the document that keeps it."""
        tally = cls(**kept)
        tally.gainers = [(each[0], each[1]) for each in tally.gainers]
        tally.losers = [(each[0], each[1]) for each in tally.losers]
        return tally

    def take(self, owner_id: UUID, paid_minor: int, was_minor: int) -> None:
        """Count one member in."""
        self.members += 1
        self.paid_minor += paid_minor
        self.was_minor += was_minor
        for spread, amount in ((self.spread, paid_minor), (self.was_spread, was_minor)):
            size = str(len(str(amount))) if amount else "0"
            spread[size] = spread.get(size, 0) + 1
        difference = paid_minor - was_minor
        if difference > 0:
            self.gaining += 1
            self.gainers = sorted([*self.gainers, (difference, str(owner_id))], reverse=True)[:SHOWN]
        elif difference < 0:
            self.losing += 1
            self.losers = sorted([*self.losers, (difference, str(owner_id))])[:SHOWN]


class SimulationIn(Schema):
    """Which period."""

    since: Moment = Field(examples=["2026-02-01T00:00:00Z"])
    until: Moment = Field(description="Not included.", examples=["2026-03-01T00:00:00Z"])


class Difference(Schema):
    """How much more or less a member would have got."""

    member: UUID
    difference: str = Field(examples=["-12.50"])


class SpreadStep(Schema):
    """How many members got, and would have got, amounts of a size."""

    from_amount: str = Field(description="Decimal; from this amount, up to the next step.", examples=["10"])
    members: int = Field(description="Who would have got so much.")
    members_before: int = Field(description="Who really got so much.")


class SimulationOut(Schema):
    """A simulation, and what it has found so far."""

    id: UUID
    rule_id: UUID
    status: str = Field(description="running, done or failed.")
    since: datetime
    until: datetime
    members_done: int
    members_total: int
    unit: str = Field(examples=["POINT"])
    facts: int = Field(description="Facts of the period that the rule is about, withdrawn ones left out.")
    members: int = Field(description="Members with such facts.")
    granted: int = Field(description="Facts for which the version gives something.")
    granted_before: int = Field(description="Facts for which something was really given.")
    paid: str = Field(description="What the version gives in all.")
    paid_before: str = Field(description="What was really given by the versions in force.")
    gaining: int
    losing: int
    refusals: dict[str, int] = Field(description="How often it gave nothing, by reason.")
    spread: list[SpreadStep]
    gainers: list[Difference]
    losers: list[Difference]
    problem: str | None
    created_at: datetime
    ended_at: datetime | None
