"""What goes into rules and tiers and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class RuleStatus(StrEnum):
    """A rule version's life: written, in force, no longer in force."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class RuleSeed:
    """The first version of a rule, put in when a program is installed.

    Attributes:
        code: unique within its program.
        activity_kind: which facts it is about.
        unit: what it pays in.
        amount: CEL over ``activity`` and ``params`` that gives a whole number of the unit's smallest part.
        condition: CEL that says whether it applies.
        params: the numbers that staff change, by a new version.
        note: what it says, for people.
    """

    code: str
    activity_kind: str
    unit: str
    amount: str
    condition: str = "true"
    params: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class TierSeed:
    """A tier, put in when a program is installed.

    Attributes:
        code: unique within its program.
        name: message id.
        unit: the unit whose earnings count.
        threshold_minor: what one must have earned, all time and net of reversals, to stand on it.
    """

    code: str
    name: str
    unit: str
    threshold_minor: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a rule found a fact worth, with all that is needed to explain it years later."""

    rule_id: UUID
    code: str
    version: int
    unit: str
    amount_minor: int
    applies: bool
    inputs: dict[str, Any]
    params: dict[str, Any]
    formula: str

    def document(self) -> dict[str, Any]:
        """The explanation as JSON keeps it."""
        return {
            "rule_id": str(self.rule_id),
            "rule": self.code,
            "version": self.version,
            "unit": self.unit,
            "amount_minor": self.amount_minor,
            "applies": self.applies,
            "inputs": self.inputs,
            "params": self.params,
            "formula": self.formula,
        }


@dataclass(frozen=True, slots=True)
class Tier:
    """A step that members climb."""

    code: str
    name: str
    threshold_minor: int


@dataclass(frozen=True, slots=True)
class TierStanding:
    """Where a member stands.

    Attributes:
        earned_minor: what counts.
        next: the step above, None on the highest.
        missing_minor: what is missing to it; 0 on the highest.
        progress: from this step to the next, 0 to 1; 1 on the highest.
    """

    tier: Tier
    next: Tier | None
    earned_minor: int
    missing_minor: int
    progress: float
