"""What goes in and out over HTTP of an evening and what comes of it: check-ins, results, awards, connections."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from guerdon.http.schemas import Schema, Text
from guerdon.programs.events.models import CheckInMethod, ConnectionStatus
from guerdon.programs.events.seeds import SPECIAL_POINTS_MAX
from guerdon.programs.events.service.holders import AccountState
from guerdon.programs.events.service.reasons import REASON_LENGTH_MAX, REASON_LENGTH_MIN
from guerdon.programs.events.service.results import PLACED_MAX
from guerdon.programs.events.service.specials import TITLE_LENGTH_MAX

CODE_LENGTH_MAX = 200
RESULTS_MAX = 200
_MEMBER = "0198c0de-0000-7000-8000-000000000001"
_ATTENDANCE = "0198c0de-0000-7000-8000-00000000000a"
_MOMENT = "2026-03-20T18:58:12Z"

Reason = Annotated[
    Text,
    Field(
        min_length=REASON_LENGTH_MIN,
        max_length=REASON_LENGTH_MAX,
        description="Why; the member can read it.",
        examples=["Their phone was out of power."],
    ),
]
Code = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=CODE_LENGTH_MAX,
        description="What the QR code says, or the number of the ticket as typed.",
        examples=["4T7K-09WM-QX3D"],
    ),
]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class ScanIn(Schema):
    """A ticket at the door."""

    code: Code


class ByNameIn(Schema):
    """A member without a ticket."""

    user_id: UUID
    reason: Reason


class WalkInIn(Schema):
    """A member without a registration."""

    user_id: UUID
    paid_by: Annotated[Text, Field(max_length=50, examples=["cash"])] | None = Field(
        None, description="How they paid just now, where the event has a price."
    )


class ReasonIn(Schema):
    """Why something is taken back."""

    reason: Reason


class EarnedOut(Schema):
    """What a rule granted."""

    rule: str = Field(examples=["attendance"])
    unit: str = Field(examples=["POINT"])
    amount: str = Field(description="Decimal.", examples=["10"])


class AdmissionOut(Schema):
    """What the door answers: in, or already in since when."""

    model_config = _example(
        attendance_id=_ATTENDANCE,
        user_id=_MEMBER,
        name="Heron",
        already=False,
        returned=False,
        check_in_time=_MOMENT,
        method="ticket",
        earned=[{"rule": "attendance", "unit": "POINT", "amount": "10"}],
        badges=[],
        streaks=[],
    )

    attendance_id: UUID
    user_id: UUID
    name: str
    already: bool = Field(description="They came in before, at ``check_in_time``; nothing is earned again.")
    returned: bool = Field(description="They had left, and are inside again.")
    check_in_time: datetime
    method: CheckInMethod
    earned: list[EarnedOut]
    badges: list[Any] = Field(description="Badges and levels that it brought.")
    streaks: list[Any] = Field(description="Streaks that it lengthened.")


class AttendanceOut(Schema):
    """A check-in as it stands."""

    attendance_id: UUID
    user_id: UUID
    event_id: UUID
    status: str = Field(examples=["attended"])
    check_in_time: datetime
    check_out_time: datetime | None


class AtTheDoorOut(Schema):
    """Somebody who is expected or has come."""

    user_id: UUID
    name: str
    account: AccountState = Field(description="Who is not ``open`` cannot be let in.")
    status: str = Field(description="``registered`` or ``attended``.", examples=["registered"])
    attendance_id: UUID | None
    check_in_time: datetime | None
    check_out_time: datetime | None


class DoorOut(Schema):
    """How the evening stands."""

    expected: int = Field(description="Registered and not here yet.", examples=[12])
    came: int = Field(examples=[31])
    inside: int = Field(description="Came and have not left.", examples=[30])
    people: list[AtTheDoorOut]


class PlacingIn(Schema):
    """A place of an attendee."""

    user_id: UUID
    placed: int = Field(ge=1, le=PLACED_MAX, description="1 has won; several may share a place.", examples=[1])
    note: Annotated[Text, Field(max_length=200)] | None = None


class ResultsIn(Schema):
    """Places to be entered, all of them or none."""

    results: list[PlacingIn] = Field(min_length=1, max_length=RESULTS_MAX)


class ResultOut(Schema):
    """A place that stands."""

    id: UUID
    user_id: UUID
    name: str
    placed: int
    note: str | None
    recorded_at: datetime


class AwardIn(Schema):
    """Points for a special activity."""

    user_id: UUID
    points: int = Field(strict=True, ge=1, le=SPECIAL_POINTS_MAX, examples=[15])
    title: Text = Field(min_length=1, max_length=TITLE_LENGTH_MAX, examples=["Put the chairs away"])
    reason: Reason
    event_id: UUID | None = Field(None, description="Where; only for who was there.")


class AwardOut(Schema):
    """Points that staff gave."""

    id: UUID
    user_id: UUID
    event_id: UUID | None
    title: str
    points: int
    reason: str
    awarded_at: datetime
    withdrawn_at: datetime | None


class FellowOut(Schema):
    """Somebody who was at the same event and may be shown."""

    user_id: UUID
    name: str


class ConnectIn(Schema):
    """Whom to connect with: by their meeting code, or by who they are."""

    code: Annotated[Text, Field(max_length=40, examples=["7QK2-M9XD"])] | None = None
    user_id: UUID | None = None


class ConnectionOut(Schema):
    """A connection as one side sees it."""

    id: UUID
    other_id: UUID
    name: str
    event_id: UUID
    status: ConnectionStatus
    incoming: bool = Field(description="The other one asked.")
    requested_at: datetime
    answered_at: datetime | None


class TicketOut(Schema):
    """A ticket: what to show at the door."""

    registration_id: UUID
    event_id: UUID
    title: str
    start_time: datetime
    code: str = Field(description="What the QR code says; signed.")
    number: str = Field(description="To be typed where there is no camera.", examples=["4T7K-09WM-QX3D"])


class InvitationOut(Schema):
    """A member's own invitation, and whom it brought."""

    code: str
    url: str
    accepted: int = Field(description="Who said that they were invited.")
    came: int = Field(description="Of these, who came to a first event.")


class InvitationIn(Schema):
    """Somebody's invitation, accepted before a first event."""

    code: Annotated[Text, Field(max_length=40)]


class InviterOut(Schema):
    """Who invited."""

    inviter_id: UUID
    name: str


class FeedOut(Schema):
    """The secret address of a calendar, shown this once."""

    url: str = Field(examples=["https://rewards.example.org/events/calendar/….ics"])


class AttendedOut(Schema):
    """An event that a member attended."""

    attendance_id: UUID
    event_id: UUID
    title: str
    event_type: str
    check_in_time: datetime
    placed: int | None
    points: int


class TurnoutOut(Schema):
    """One week or month."""

    start: date
    events: int
    came: int
    walk_ins: int
    absent: int


class CohortOut(Schema):
    """Those who came for the first time in one month, and how many of them came back in later ones."""

    month: date
    size: int
    returned: dict[int, int] = Field(description="By months later.", examples=[{"1": 12, "2": 9}])


class IssuedOut(Schema):
    """Points of one week or month by why they were given, net of what was taken back."""

    start: date
    points: dict[str, int] = Field(examples=[{"events.attended": 420}])


class FiguresOut(Schema):
    """The dashboards as numbers."""

    step: str = Field(examples=["week"])
    turnout: list[TurnoutOut]
    cohorts: list[CohortOut]
    issued: list[IssuedOut]
