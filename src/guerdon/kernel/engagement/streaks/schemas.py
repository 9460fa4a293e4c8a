"""What goes into streaks over HTTP and what comes out."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import Day, DecimalText, Schema, Text

Reason = Annotated[Text, Field(min_length=3, max_length=500, examples=["The bus did not come."])]
Whole = Annotated[int, Field(strict=True, ge=0, lt=2**31)]


class StreakOut(Schema):
    """A streak."""

    id: UUID
    program: str
    code: str
    name: str
    description: str
    period: Literal["day", "week", "month"]
    minimum: int = Field(description="What has to be reached in a period.")
    freeze_every: int
    freeze_max: int
    pause_periods_max: int
    milestones: list[int]
    bonus_unit: str | None
    bonus: list[str] = Field(description="By length, decimal; the last one holds for every longer streak.")
    active: bool


class PauseOut(Schema):
    """Periods off: from the first day of one up to, not including, ``until``."""

    id: UUID
    starts_on: date
    until: date
    by_staff: bool


class StandingOut(Schema):
    """Where a member stands with a streak."""

    streak: StreakOut
    current: int
    longest: int
    freezes: int = Field(description="How many missed periods it survives by itself.")
    done: bool = Field(description="Whether the present period is done.")
    at_risk: bool = Field(description="Whether something is lost if nothing happens before the period ends.")
    neutral: Literal["not_held", "paused", "pardoned"] | None = Field(description="Why the period does not count.")
    period_start: date
    period_ends: date = Field(description="The first day after it.")
    lost: int = Field(description="How long the run was that ended last, if none began since.")
    next_milestone: int | None
    pauses: list[PauseOut]


class PeriodOut(Schema):
    """A period of a member's calendar."""

    start: date
    state: Literal["active", "open", "saved", "missed", "not_begun", "not_held", "paused", "pardoned"] = Field(
        description="`not_begun`: before the first one that counts."
    )
    value: int


class PauseBody(Schema):
    """Days off; whole periods are taken, those of the first and the last day included."""

    first: Day
    last: Day


class StaffPauseBody(PauseBody):
    """Days off for a member."""

    reason: Reason


class RestoreBody(Schema):
    """Why a streak is restored."""

    reason: Reason


class Restored(Schema):
    """The periods that were forgiven."""

    periods: list[date]


class StreakChange(Schema):
    """The numbers of a streak from now on."""

    freeze_every: Whole
    freeze_max: Whole
    pause_periods_max: Whole
    milestones: Annotated[list[Whole], Field(max_length=50)]
    bonus_unit: Annotated[Text, Field(max_length=32)] | None = None
    bonus: Annotated[list[DecimalText], Field(max_length=400)] = Field(default=[])
    active: bool = True
    reason: Reason
