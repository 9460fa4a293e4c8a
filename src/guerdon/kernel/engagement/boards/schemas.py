"""What goes into leaderboards and comes out."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import Schema, Text
from guerdon.kernel.engagement.boards.seeds import BoardPeriod, Ranking


class Stretch(NamedTuple):
    """A place on a board as it is shown.

    Attributes:
        rank: 1 for the highest.
        user_id, name: None for a member whose profile is private.
        own: whether it is that of the member asked about.
        position: in a closed run, for paging.
    """

    rank: int
    user_id: UUID | None
    name: str | None
    score: int
    reached_at: datetime
    own: bool
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """Where a member stands on a board.

    Attributes:
        rank: None without a score; for who opted out, the rank that they would have.
        shown: whether others see them.
        around: their neighbours and themselves, in order; empty if they are not shown.
    """

    rank: int | None
    score: int
    shown: bool
    around: list[Stretch]


@dataclass(frozen=True, slots=True)
class Draft:
    """A board as staff describe it.

    Attributes:
        metric: ``program:code``.
    """

    program: str
    code: str
    title: str
    metric: str
    description: str = ""
    periods: tuple[str, ...] = ("week", "month", "life")
    ranking: str = "rank"
    close_delay_h: int = 12
    display_order: int = 0


_ME = "019bd1a1-66e1-7a53-8a20-5b7b1f6f2b11"
Hours = Annotated[int, Field(strict=True, ge=0, le=336)]
Order = Annotated[int, Field(strict=True, ge=-1000, le=1000)]
Title = Annotated[Text, Field(min_length=1, max_length=120)]
Description = Annotated[Text, Field(max_length=1000)]


class BoardOut(Schema):
    """A leaderboard."""

    program: str = Field(examples=["events"])
    code: str = Field(examples=["points"])
    title: str = Field(examples=["Points"])
    description: str
    metric: str = Field(description="What is counted, as program:code.", examples=["ledger:earned.POINT"])
    unit: str | None = Field(description="The unit of the scores; null where things are counted.", examples=["POINT"])
    periods: list[BoardPeriod]
    ranking: Ranking = Field(description="How equals are numbered: 1, 2, 2, 4 or 1, 2, 2, 3 or 1, 2, 3, 4.")
    status: Literal["draft", "building", "active"]
    hidden: bool
    close_delay_h: int
    display_order: int
    built: str = Field(description="How much of it has been built from what was counted before: 0.00 to 1.00.")


class PlaceOut(Schema):
    """A place."""

    rank: int = Field(examples=[2])
    user_id: UUID | None = Field(description="Null for a member whose profile is private.", examples=[_ME])
    name: str | None = Field(examples=["Heron"])
    score: str = Field(description="Decimal.", examples=["340"])
    reached_at: datetime = Field(description="When the score became what it is; of equals, the earlier stands first.")
    own: bool = Field(description="Whether it is yours.")


class RunOut(Schema):
    """A period of a leaderboard."""

    period: BoardPeriod
    period_start: date = Field(examples=["2026-03-02"])
    state: Literal["open", "closing", "closed"] = Field(description="Closed places never change.")
    members: int | None = Field(description="How many places a closed one has.")
    closed_at: datetime | None


class OwnOut(Schema):
    """Where you stand."""

    rank: int | None = Field(description="Null without a score. If you are not shown, the rank that you would have.")
    score: str = Field(examples=["340"])
    shown: bool = Field(description="Whether others see you on leaderboards.")
    around: list[PlaceOut] = Field(description="Your neighbours and you, in order.")


class StandOut(Schema):
    """A stretch of a leaderboard."""

    board: str = Field(examples=["events.points"])
    run: RunOut
    items: list[PlaceOut]
    next_cursor: str | None = None


class NewBoard(Schema):
    """A board to be defined; it counts once it is activated."""

    program: Text = Field(max_length=100, examples=["events"])
    code: Text = Field(max_length=63, examples=["visits"])
    title: Title = Field(examples=["Visits"])
    metric: Text = Field(max_length=200, examples=["ledger:earned.POINT"])
    description: Description = ""
    periods: list[BoardPeriod] = Field(min_length=1, max_length=4, examples=[["week", "life"]])
    ranking: Ranking = "rank"
    close_delay_h: Hours = 12
    display_order: Order = 0


class BoardChange(Schema):
    """What may change of a board at any time."""

    title: Title
    description: Description = ""
    ranking: Ranking = "rank"
    hidden: bool = False
    close_delay_h: Hours = 12
    display_order: Order = 0


class Visibility(Schema):
    """Whether others see you on leaderboards."""

    shown: bool
