"""What goes into the services of the events program and comes out of them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import Day, DecimalText, LocalMoment, Schema
from guerdon.programs.events.models import Event, EventStatus, Payment, Registration, RegistrationStatus

TITLE_LENGTH_MAX = 255
DESCRIPTION_LENGTH_MAX = 5000
LINK_LENGTH_MAX = 1000
REASON_LENGTH_MAX = 500
PARTICIPANTS_MAX = 1_000_000
POINTS_MAX = 1_000_000
OFFER_HOURS_MAX = 14 * 24
EVENTS_MAX = 104
"""Events of one series: two years of weeks."""


class Repetition(Schema):
    """Every so many weeks on some weekdays, until a day or for a number of events, except on some days."""

    interval_weeks: int = Field(1, ge=1, le=52)
    weekdays: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        min_length=1, max_length=7, description="ISO: 1 is Monday, 7 is Sunday."
    )
    ends_on: Day | None = Field(None, description="The last day; or say how many.")
    count: int | None = Field(None, ge=1, le=EVENTS_MAX, description="How many events, exceptions not counted.")
    exceptions: list[Day] = Field(default_factory=list, max_length=EVENTS_MAX)


class EventIn(Schema):
    """What staff say of an event. A moment without an offset is a time of day in the event's zone."""

    title: str = Field(min_length=1, max_length=TITLE_LENGTH_MAX)
    description: str | None = Field(None, max_length=DESCRIPTION_LENGTH_MAX)
    event_type: str = Field(min_length=1, max_length=50)
    location: str = Field(min_length=1, max_length=255)
    map_url: str | None = Field(None, max_length=LINK_LENGTH_MAX)
    start_time: LocalMoment
    end_time: LocalMoment
    time_zone: str = Field(min_length=1, max_length=64)
    max_participants: int | None = Field(None, ge=1, le=PARTICIPANTS_MAX, description="Null: as many as come.")
    points_reward: int | None = Field(None, ge=0, le=POINTS_MAX, description="Null: what the type gives; 0: no points.")
    price: DecimalText = Field(default=Decimal(0), ge=0)
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    walk_ins_allowed: bool = False
    offer_hours: int = Field(
        24, ge=1, le=OFFER_HOURS_MAX, description="How long a freed place is offered to the next who waits."
    )


class Scope(StrEnum):
    """What a change of one event of a series is about."""

    ONE = "one"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of events is narrowed to.

    Attributes:
        user_id: whose registrations are shown beside the events.
        mine: only events for which that member has a live registration.
        since, until: that end after, and begin before.
        status: None is everything that the asker may see.
    """

    user_id: UUID | None = None
    event_type: str | None = None
    search: str = ""
    since: datetime | None = None
    until: datetime | None = None
    mine: bool = False
    status: EventStatus | None = None
    series_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event, the name of its type, what it is worth, and the reader's live registration, if there is one."""

    event: Event
    type_name: str
    points: int
    registration: Registration | None


@dataclass(frozen=True, slots=True)
class Own:
    """A registration of a member with its event, for their history.

    Attributes:
        waiting_before: how many wait before them; None unless they wait.
        payments: of the registration, oldest first.
    """

    registration: Registration
    event: Event
    type_name: str
    waiting_before: int | None
    payments: tuple[Payment, ...]


@dataclass(frozen=True, slots=True)
class Attendee:
    """A registration for an event, with who it is and how their account stands."""

    registration: Registration
    name: str
    email: str | None
    account: str
    check_in_time: datetime | None


@dataclass(frozen=True, slots=True)
class AttendeeFilters:
    """What a list of attendees is narrowed to.

    Attributes:
        no_show_by: who was registered and did not come, if the event was over by then; nobody before it is.
        unpaid: whose registration is live, and still to be paid.
        suspended: who holds a place or a turn, and cannot be let in because their account is suspended or closed.
    """

    status: RegistrationStatus | None = None
    no_show_by: datetime | None = None
    unpaid: bool = False
    suspended: bool = False
    search: str = ""
