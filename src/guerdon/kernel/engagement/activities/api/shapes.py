"""What the doors answer: every consequence of an activity, in words and numbers that need no second request."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.money import to_text
from guerdon.http.schemas import Schema
from guerdon.kernel.engagement.activities.api.reporting import Told
from guerdon.kernel.engagement.activities.schemas import Award, NotAwarded
from guerdon.kernel.engagement.activities.service.wording import in_words
from guerdon.kernel.engagement.explanation import Filling
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.ledger.catalogue import unit_of

BP_SCALE = 4
KNOWN_MAX = 2000
Translate = Callable[[str], str]


class Earned(Schema):
    """What a rule gave for the activity."""

    program: str = Field(examples=["events"])
    rule: str = Field(examples=["attendance"])
    version: int
    rule_id: UUID
    unit: str = Field(examples=["POINT"])
    amount: str = Field(description="Decimal, in all.", examples=["20"])
    multiplier: str = Field(
        description="What multipliers and campaigns came to together, before caps and budgets.", examples=["2.0000"]
    )
    campaigns: dict[str, str] = Field(
        description="What each campaign added, by its code; 0 where its budget no longer covered it.",
        examples=[{"double_points_in_may": "10"}],
    )
    capped: str | None = Field(description="The period whose cap left less than the rule would have given.")
    available_at: datetime | None = Field(description="Until then it is pending; null if it is available.")
    explanation: str = Field(description="The rule's formula with the values of this activity.", examples=["1 × 10"])
    inputs: dict[str, Any] = Field(description="What the rule read besides the event's data.")
    transfers: list[UUID] = Field(description="On the ledger.")


class NotEarned(Schema):
    """Why a rule gave nothing."""

    program: str
    rule: str
    reason: str = Field(description="Stable.", examples=["day_cap"])
    detail: str = Field(
        description="In the reader's language.", examples=["The most that the rule gives in a day has been given."]
    )


class ActivityOut(Schema):
    """An activity and everything that followed from it."""

    activity_id: UUID | None = Field(description="Null in a dry run.")
    replayed: bool = Field(description="The same event was recorded before; this is what was answered then.")
    dry_run: bool
    member: UUID
    kind: str = Field(examples=["events.attendance"])
    happened_at: datetime
    earned: list[Earned]
    not_earned: list[NotEarned]
    counters: dict[str, Any] = Field(description="What its counters stand at now.", examples=[{"events.attended": 3}])
    badges: list[Any]
    streaks: list[Any]
    tiers: list[Any]
    ranks: list[Any]
    rewards: list[Any] = Field(description="What badges and streaks gave.")


class Answers:
    """Makes answers out of outcomes.

    Rules that were in force never change, so their formulas are kept in the process.

    Args:
        session: for formulas and units that this process has not met.
    """

    def __init__(self, session: Session, known: dict[UUID, Filling]) -> None:
        self._session = session
        self._known = known

    def document(self, told: Told, translate: Translate, *, dry_run: bool = False) -> dict[str, Any]:
        """The answer as JSON; ``ActivityOut`` describes it."""
        fact, outcome = told.fact, told.outcome
        return {
            "activity_id": None if dry_run and not outcome.replayed else str(outcome.activity_id),
            "replayed": outcome.replayed,
            "dry_run": dry_run,
            "member": str(fact.owner_id),
            "kind": fact.kind,
            "happened_at": fact.happened_at.isoformat(),
            "earned": [self._earned(award, fact.properties, dry_run=dry_run) for award in outcome.awards],
            "not_earned": [self._not_earned(each, translate) for each in outcome.not_awarded],
            "counters": outcome.counters,
            "badges": outcome.badges,
            "streaks": outcome.streaks,
            "tiers": outcome.tiers,
            "ranks": outcome.ranks,
            "rewards": outcome.rewards,
        }

    def _earned(self, award: Award, properties: Mapping[str, Any], *, dry_run: bool) -> dict[str, Any]:
        scale = unit_of(self._session, award.unit).scale
        return {
            "program": award.program,
            "rule": award.rule,
            "version": award.version,
            "rule_id": str(award.rule_id),
            "unit": award.unit,
            "amount": to_text(award.amount_minor, scale),
            "multiplier": to_text(award.multiplier_bp, BP_SCALE),
            "campaigns": {code: to_text(share, scale) for code, share in award.boosts.items()},
            "capped": award.capped,
            "available_at": award.due_at.isoformat() if award.due_at is not None else None,
            "explanation": self._filling(award.rule_id)(properties),
            "inputs": dict(award.inputs),
            "transfers": [] if dry_run else [str(each) for each in award.transfer_ids],
        }

    def _filling(self, rule_id: UUID) -> Filling:
        if rule_id not in self._known:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            row = self._session.execute(select(Rule.amount, Rule.params).where(Rule.id == rule_id)).one()
            self._known[rule_id] = Filling(row.amount, row.params)
        return self._known[rule_id]

    def _not_earned(self, refusal: NotAwarded, translate: Translate) -> dict[str, Any]:
        scale = unit_of(self._session, refusal.params["unit"]).scale if "unit" in refusal.params else 0
        return {
            "program": refusal.program,
            "rule": refusal.rule,
            "reason": refusal.reason,
            "detail": in_words(refusal, scale, translate),
        }


class ActivityKindOut(Schema):
    """A kind of activity that may be reported."""

    kind: str = Field(examples=["events.attendance"])
    program: str = Field(examples=["events"])
    title: str = Field(description="In the reader's language.")
    properties: dict[str, str] = Field(
        description="Type of each property of ``data``: int, str, bool or list; with ``?`` it may be left out.",
        examples=[{"hours": "int", "note": "str?"}],
    )
    outside: bool = Field(description="Machines and staff may report it.")
    by_member: bool = Field(description="Members may report it about themselves.")
