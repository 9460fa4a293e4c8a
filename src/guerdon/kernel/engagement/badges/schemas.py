"""What goes into badges over HTTP and what comes out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import DecimalText, Schema, Text
from guerdon.kernel.engagement.badges.seeds import LEVEL_MAX

Code = Annotated[Text, Field(max_length=64)]
Name = Annotated[Text, Field(max_length=120)]
Reason = Annotated[Text, Field(min_length=3, max_length=500, examples=["Ran the kitchen all summer."])]
Threshold = Annotated[int, Field(strict=True, ge=1, lt=2**53)]


class CriteriaBody(Schema):
    """What a badge counts."""

    kind: Literal["total", "window", "periods", "streak", "hand"] = Field(
        description="``total``: a metric over a whole life; ``window``: the best day, week or month of a metric;"
        " ``periods``: in the best week or month, the days on which a metric reached ``minimum``; ``streak``: the"
        " longest run of a streak; ``hand``: nothing, staff award it."
    )
    metric: Annotated[Text, Field(max_length=140)] = Field("", description="``code``, or ``program:code``.")
    streak: Annotated[Text, Field(max_length=140)] = Field("", description="``code``, or ``program:code``.")
    window: Literal["day", "week", "month"] | None = None
    minimum: Threshold = 1


class LevelBody(Schema):
    """A level: how much is needed, and what it earns."""

    threshold: Threshold = Field(examples=[10])
    unit: Annotated[Text, Field(max_length=32)] | None = Field(None, examples=["POINT"])
    amount: DecimalText | None = Field(None, description="What it earns; none without a unit.", examples=["50"])


class BadgeBody(Schema):
    """What a badge is."""

    name: Name = Field(examples=["Event explorer"])
    description: Annotated[Text, Field(max_length=1000)] = ""
    criteria: CriteriaBody = Field(examples=[{"kind": "total", "metric": "attendances"}])
    levels: Annotated[list[LevelBody], Field(min_length=1, max_length=LEVEL_MAX)] = Field(
        examples=[[{"threshold": 3}, {"threshold": 10, "unit": "POINT", "amount": "50"}]]
    )
    icon: Annotated[Text, Field(max_length=40)] = "star"
    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")] = "#b7791f"
    category: Annotated[Text, Field(max_length=40)] = "general"
    type: Annotated[Text, Field(max_length=40)] = "standard"
    hidden: bool = False
    display_order: Annotated[int, Field(strict=True, ge=-10_000, le=10_000)] = 0


class NewBadge(BadgeBody):
    """A badge to be made; it is activated afterwards."""

    program: Code = Field(examples=["events"])
    code: Code = Field(examples=["explorer"])


class BadgeChange(BadgeBody):
    """What a badge is from now on."""

    reason: Reason


class Award(Schema):
    """A level to be given by hand."""

    user_id: UUID
    level: Annotated[int, Field(strict=True, ge=1, le=LEVEL_MAX)] = 1
    reason: Reason


class Revocation(Schema):
    """A level to be taken, with those above it."""

    reason: Reason


class LevelOut(Schema):
    """A level of a badge."""

    level: int
    threshold: int
    needed: str = Field(description="In the reader's language.", examples=["Attendances: 10."])
    unit: str | None
    amount: str | None = Field(description="Decimal.")


class BadgeOut(Schema):
    """A badge."""

    id: UUID
    program: str
    code: str
    name: str
    description: str
    icon: str
    colour: str
    category: str
    type: str
    hidden: bool
    active: bool
    version: int
    display_order: int
    levels: list[LevelOut]


class BadgeForStaff(BadgeOut):
    """A badge with what staff know of it."""

    criteria: CriteriaBody
    holders: int
    backfill: "BackfillOut | None"


class BackfillOut(Schema):
    """How far the search for those who meet a badge already has come."""

    done: int
    total: int
    awarded: int
    requested_at: datetime
    finished_at: datetime | None


class EarnedOut(Schema):
    """A level that somebody has."""

    level: int
    earned_at: datetime


class MyBadge(Schema):
    """A badge as its reader sees it."""

    badge: BadgeOut
    level: int = Field(description="The one that you have; 0 for none.")
    earned: list[EarnedOut]
    value: int | None = Field(description="What is counted so far; null where staff award it.")
    next_threshold: int | None = Field(description="Null on the highest level.")


class Holder(Schema):
    """Somebody who holds a badge."""

    user_id: UUID
    name: str
    level: int
    earned_at: datetime


class AwardedLevels(Schema):
    """What became of an award or a revocation."""

    levels: list[int]


class CredentialRequest(Schema):
    """How a credential is to be signed."""

    show_name: bool = Field(False, description="Write your name into it; otherwise only who knows your address sees.")


class CredentialOut(Schema):
    """A credential that you asked for."""

    id: str = Field(description="Its public address.")
    badge_id: UUID | None = None
    level: int | None = None
    issued_at: datetime
    shows_name: bool
    revoked_at: datetime | None
    token: str | None = Field(None, description="The signed credential, a compact JWS (VC-JWT).")


class KeyRotated(Schema):
    """The key that signs from now on."""

    key_id: str


BadgeForStaff.model_rebuild()
