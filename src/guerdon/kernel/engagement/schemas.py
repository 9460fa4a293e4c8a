"""What goes into rules and tiers and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.http.schemas import DecimalText, JsonObject, Schema, Text


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
        note: what it says, for people: a message id.
        words: what pages make of its code and of the names in it, as message ids, so that catalogues have them.
        multipliers: CEL each, whole basis points that the amount is multiplied with one after the other; 10000 is once.
        multiplier_min_bp, multiplier_max_bp: bounds of what they come to together.
        caps: the most that it grants, in the unit's smallest part: ``act`` refuses a larger award whole, ``day``,
            ``week``, ``month`` and ``life`` grant what is left.
        cool_down_s: how long after an award it grants none.
        maturity_s: how long after the fact an award stays pending.
        budget: name of the bounded part of the system that pays; new value is issued if None.
        transfer_kind: why value moves, as statements say it.
    """

    code: str
    activity_kind: str
    unit: str
    amount: str
    condition: str = "true"
    params: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    words: tuple[str, ...] = ()
    multipliers: tuple[str, ...] = ()
    multiplier_min_bp: int = 0
    multiplier_max_bp: int = 100_000
    caps: Mapping[str, int] = field(default_factory=dict)
    cool_down_s: int = 0
    maturity_s: int = 0
    budget: str | None = None
    transfer_kind: str = "award"


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """What a version of a rule says besides its numbers; ``RuleSeed`` tells what each means."""

    condition: str
    amount: str
    multipliers: tuple[str, ...] = ()
    multiplier_min_bp: int = 0
    multiplier_max_bp: int = 100_000
    caps: Mapping[str, int] = field(default_factory=dict)
    cool_down_s: int = 0
    maturity_s: int = 0
    budget: str | None = None


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


EXAMPLE_PARAMS = {"points_per_hour": 150, "weight_percent": {"weekday": 100, "weekend": 150}}
Params = Annotated[JsonObject, Field(description="The rule's numbers, by name.", examples=[EXAMPLE_PARAMS])]
Reason = Annotated[Text, Field(min_length=3, max_length=500)]
_Word = Annotated[Text, Field(max_length=500)]
_Whole = Annotated[int, Field(strict=True, ge=-(2**63), le=AMOUNT_MINOR_MAX)]
_Truth = Annotated[bool, Field(strict=True)]
_Input = _Truth | _Whole | _Word
Inputs = Annotated[
    dict[Annotated[Text, Field(max_length=100)], _Input | Annotated[list[_Input], Field(max_length=100)]],
    Field(max_length=50, description="What the rule reads under ``activity``: whole numbers, texts, truths."),
]


class RuleVersion(Schema):
    """One version of a rule."""

    id: UUID
    program: str = Field(examples=["events"])
    code: str = Field(examples=["helper_shift"])
    version: int = Field(examples=[2])
    status: RuleStatus
    activity_kind: str = Field(description="Which facts it is about.")
    unit_code: str = Field(examples=["POINT"])
    condition: str = Field(description="CEL; whether it applies.", examples=["true"])
    amount: str = Field(
        description="CEL; how much it gives, in the unit's smallest part.",
        examples=["activity.hours * params.points_per_hour"],
    )
    params: Params
    multipliers: list[str] = Field(description="CEL each, whole basis points, one after the other.")
    multiplier_min_bp: int
    multiplier_max_bp: int = Field(description="Bounds of what multipliers come to together.", examples=[100000])
    caps: dict[str, int] = Field(description="By act, day, week, month, life; in the unit's smallest part.")
    cool_down_s: int = Field(description="How long after an award it gives none.")
    maturity_s: int = Field(description="How long after the fact an award stays pending.")
    budget: str | None = Field(description="The bounded part of the system that pays; null if value is issued.")
    transfer_kind: str = Field(description="Why value moves, as statements say it.", examples=["award"])
    note: str = Field(examples=["Weekends count more from May on."])
    created_by: UUID | None
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None


_Expression = Annotated[Text, Field(min_length=1, max_length=2000)]
_Seconds = Annotated[int, Field(strict=True, ge=0, le=2**40)]
_BasisPoints = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]


class NewRuleVersion(Schema):
    """A version to be written: the rule in force, with other numbers, and other terms where they are given."""

    program: Text = Field(max_length=100, examples=["events"])
    code: Text = Field(max_length=100, examples=["helper_shift"])
    params: Params
    condition: _Expression | None = Field(None, description="CEL; as in force if left out, like all below.")
    amount: _Expression | None = Field(None, description="CEL; names of ``params`` may change with it.")
    multipliers: list[_Expression] | None = Field(None, max_length=10)
    multiplier_min_bp: _BasisPoints | None = None
    multiplier_max_bp: _BasisPoints | None = None
    caps: dict[Annotated[Text, Field(max_length=20)], Annotated[int, Field(strict=True)]] | None = Field(
        None, max_length=5, examples=[{"day": 500}], description="All of them; an empty object lifts every cap."
    )
    cool_down_s: _Seconds | None = None
    maturity_s: _Seconds | None = None
    budget: Annotated[Text, Field(max_length=100)] | None = Field(None, description="Empty to issue new value.")
    note: Reason = Field(description="Why it changes.", examples=["Weekends count more from May on."])


_Path = Annotated[Text, Field(max_length=200)]


class DryRun(Schema):
    """A made-up fact and what surrounds it."""

    inputs: Inputs = Field(examples=[{"hours": 3, "day": "weekend"}])
    member: dict[_Path, _Input] = Field(
        default_factory=dict,
        max_length=50,
        description="What the rule reads of the member, by path.",
        examples=[{"account_age_days": 30, "verified": True, "tiers.events": "gold"}],
    )
    counters: dict[_Path, _Whole] = Field(
        default_factory=dict,
        max_length=50,
        description="What it reads of counters, by path with the period last; 0 where nothing is said.",
        examples=[{"attended.week": 2}],
    )
    granted: dict[_Path, DecimalText] = Field(
        default_factory=dict,
        max_length=4,
        description="What it has given the member already in this day, week, month or life, for its caps.",
        examples=[{"day": "20"}],
    )


class EvaluationDocument(Schema):
    """What a rule finds a fact worth, and how that comes about."""

    rule_id: UUID
    rule: str = Field(examples=["helper_shift"])
    version: int
    unit: str = Field(examples=["POINT"])
    amount: str = Field(description="Decimal.", examples=["450"])
    amount_minor: int = Field(description="In the unit's smallest part.", examples=[450])
    applies: bool = Field(description="Whether the rule's condition holds; if not, it gives nothing.")
    inputs: dict[str, Any]
    params: dict[str, Any]
    formula: str
    calculation: str = Field(description="The formula with its values.", examples=["3 × 150"])
    multiplier: str = Field(description="What its multipliers come to together.", examples=["1.5000"])
    capped: str | None = Field(description="The period whose cap left less than it would have given.")
    reason: str | None = Field(description="Why it gives nothing; stable.", examples=["day_cap"])
    detail: str | None = Field(description="The same in the reader's language.")


class TierStepOut(Schema):
    """A tier and where it begins."""

    code: str = Field(examples=["silver"])
    name: str = Field(examples=["Silver"])
    threshold: str = Field(description="Decimal; what one must have earned.", examples=["21.00"])


class TierLadder(Schema):
    """The tiers of a program, the lowest first."""

    program: str = Field(examples=["events"])
    unit: str = Field(examples=["POINT"])
    tiers: list[TierStepOut]


class TierChange(Schema):
    """New thresholds: one for each tier, the first 0, each above the one before."""

    thresholds: dict[Annotated[Text, Field(max_length=100)], DecimalText] = Field(
        max_length=100, examples=[{"bronze": "0", "silver": "25", "gold": "60", "platinum": "120"}]
    )
    reason: Reason = Field(examples=["The first step was too easy."])
