"""What goes into the keeping of tiers and comes out."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from guerdon.http.schemas import DecimalText, Schema, Text
from guerdon.kernel.engagement.schemas import Reason

Days = Annotated[int, Field(strict=True, ge=0, le=730)]


class KeepingBody(Schema):
    """How tiers are reached and kept."""

    basis: Literal["earned", "balance", "window"] = Field(
        description="All time, what is available now, or what was earned in a window."
    )
    window_unit: Literal["day", "month", "year"] | None = Field(None, description="Calendar months and years.")
    window_length: Annotated[int, Field(strict=True, ge=1, le=3660)] | None = Field(None, examples=[12])
    downgrade: Literal["never", "at_once", "period_end"] = Field(
        "at_once", description="Never, when grace is over, or one step at each end of the review period."
    )
    review_period: Literal["month", "quarter", "year"] = "month"
    grace_days: Days = Field(0, description="How long after falling short nothing happens yet.")
    notice_days: Annotated[int, Field(strict=True, ge=0, le=365)] = Field(
        0, description="How long before a fall members are told; 0 for not at all."
    )


class KeepingChange(KeepingBody):
    """Other rules, and why."""

    reason: Reason = Field(examples=["Whoever is active stays; the past alone is not enough."])


class KeepingPreview(KeepingBody):
    """Other rules, and perhaps other thresholds, to look at."""

    thresholds: dict[Annotated[Text, Field(max_length=100)], DecimalText] | None = Field(
        None, max_length=100, examples=[{"bronze": "0", "silver": "25", "gold": "60", "platinum": "120"}]
    )


class MoveOut(Schema):
    """How many members stand on a tier, and how many would."""

    code: str
    now: int
    then: int = Field(description="Once any grace is over.")
    rise: int = Field(description="How many of those here now would come higher.")
    fall: int = Field(description="How many of those here now would come lower.")


class FallOut(Schema):
    """What comes if nothing more is earned."""

    on: date
    to: str = Field(examples=["silver"])
    missing: str = Field(description="What has to be earned before, to keep the tier.", examples=["4.50"])


class StandingOut(Schema):
    """Where you stand."""

    program: str = Field(examples=["credits"])
    unit: str = Field(examples=["CREDIT"])
    tier: str = Field(examples=["gold"])
    since: datetime | None
    amount: str = Field(description="What counts.", examples=["64.00"])
    next: str | None = Field(description="The tier above; null on the highest.")
    missing: str = Field(description="What is missing to it.", examples=["37.00"])
    progress: str = Field(description="From this tier to the next: 0.0000 to 1.0000.", examples=["0.2600"])
    falls: FallOut | None


class ChangeOut(Schema):
    """A rise or a fall."""

    from_tier: str
    to_tier: str
    reason: Literal["earned", "short", "reversed"]
    amount: str = Field(description="What counted then.")
    changed_at: datetime
