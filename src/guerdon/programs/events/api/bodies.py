"""What goes in and out over HTTP: prices as decimal strings, moments in UTC beside the zone of the place."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from guerdon.http.schemas import DecimalText, Schema
from guerdon.programs.events.models import (
    EventStatus,
    PaymentKind,
    PaymentState,
    PaymentStatus,
    RegistrationStatus,
)
from guerdon.programs.events.schemas import (
    POINTS_MAX,
    REASON_LENGTH_MAX,
    EventIn,
    Repetition,
    Scope,
)
from guerdon.programs.events.service.holders import AccountState

_EVENT = "0198c0de-0000-7000-8000-0000000000e1"
_REGISTRATION = "0198c0de-0000-7000-8000-0000000000e2"
_PAYMENT = "0198c0de-0000-7000-8000-0000000000e3"
_MEMBER = "0198c0de-0000-7000-8000-000000000001"
_MOMENT = "2026-05-02T09:00:00Z"

_GIVEN: dict[str, Any] = {
    "title": "Trivia night",
    "event_type": "trivia_night",
    "location": "The hall",
    "start_time": "2026-06-01T19:00:00",
    "end_time": "2026-06-01T21:00:00",
    "time_zone": "Africa/Dakar",
    "max_participants": 40,
    "price": "2.50",
    "currency": "USD",
}
EVENTS: dict[str, Any] = {
    "one": {"summary": "One event, at local time", "value": _GIVEN},
    "series": {
        "summary": "Every Monday until a day, except one",
        "value": {
            **_GIVEN,
            "repetition": {"weekdays": [1], "ends_on": "2026-08-31", "exceptions": ["2026-07-13"]},
        },
    },
}
"""Examples for the routes that take an event."""


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX, description="Those concerned read it.")]
ScopeField = Annotated[Scope, Field(description="This event alone, or it and all that follow in its series.")]
PriceText = Annotated[str, Field(examples=["2.50"], description="A decimal string with the currency's decimals.")]


class NewEventIn(EventIn):
    """An event, or the first one of a series."""

    repetition: Repetition | None = None


class EventChangeIn(EventIn):
    """An event as it shall be; what is left out takes its default."""

    scope: ScopeField = Scope.ONE
    revision: int | None = Field(
        None, ge=1, lt=2**31, description="What you saw; refused with 409 if it has changed since."
    )


class ScopeIn(Schema):
    """What an act on an event of a series is about."""

    scope: ScopeField = Scope.ONE


class CancelEventIn(ScopeIn):
    """Why an event is cancelled."""

    model_config = _example(reason="The hall is flooded.", scope="one")

    reason: Reason


class RegisterIn(Schema):
    """How a member registers."""

    join_waiting_list: bool = Field(True, description="Else a full event is refused with 409.")


class CancelRegistrationIn(Schema):
    """Why staff cancel a registration; members need no reason."""

    reason: Reason | None = None


class PayIn(Schema):
    """How a member wants to pay."""

    model_config = _example(channel="cash")

    channel: str = Field(min_length=1, max_length=50)


class RecordPaymentIn(PayIn):
    """What was taken at the desk."""

    model_config = _example(channel="cash", amount="2.50")

    amount: DecimalText | None = Field(None, description="The price, or nothing to mean the price.")


class RefundIn(Schema):
    """What is given back, and why."""

    model_config = _example(reason="Came for the wrong evening", amount="2.50")

    reason: Reason
    amount: DecimalText | None = Field(None, description="Nothing means all that remains.")


class EventTypeIn(Schema):
    """A type as it shall be."""

    model_config = _example(name="Film night", default_points=5, position=6, is_active=True)

    name: str = Field(min_length=1, max_length=100)
    default_points: int = Field(0, ge=0, le=POINTS_MAX)
    position: int = Field(0, ge=0, le=1000)
    is_active: bool = True


class NewEventTypeIn(Schema):
    """A new type, after the others."""

    model_config = _example(code="film", name="Film night", default_points=5)

    code: str = Field(min_length=1, max_length=50)
    name: str = Field(min_length=1, max_length=100)
    default_points: int = Field(0, ge=0, le=POINTS_MAX)


class EventTypeOut(Schema):
    """A type of event."""

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {"code": "talk", "name": "Talk", "default_points": 10, "position": 4, "is_active": True},
            ]
        },
    )

    code: str
    name: str = Field(description="English, or as staff wrote it; pages translate the first ones.")
    default_points: int
    position: int
    is_active: bool


class PaymentOut(Schema):
    """A charge or a refund."""

    id: UUID
    kind: PaymentKind
    status: PaymentState
    amount: PriceText
    currency: str
    channel: str
    date: datetime
    settled_at: datetime | None
    refunds: UUID | None
    reason: str | None


class RegistrationOut(Schema):
    """A registration as its member, or staff, sees it."""

    model_config = _example(
        id=_REGISTRATION,
        event_id=_EVENT,
        user_id=_MEMBER,
        status="registered",
        registered_at=_MOMENT,
        is_walk_in=False,
        waiting_before=None,
        offer_expires_at=None,
        payment_status="pending",
        price="2.50",
        currency="USD",
        payments=[],
        cancelled_at=None,
        cancellation_reason=None,
    )

    id: UUID
    event_id: UUID
    user_id: UUID
    status: RegistrationStatus
    registered_at: datetime
    is_walk_in: bool
    waiting_before: int | None = Field(description="How many wait before them; null unless they wait.")
    offer_expires_at: datetime | None = Field(description="Until when the offered place can be taken.")
    payment_status: PaymentStatus
    price: PriceText
    currency: str
    payments: list[PaymentOut]
    cancelled_at: datetime | None
    cancellation_reason: str | None


class BegunOut(Schema):
    """A payment that was begun, and where to go on."""

    model_config = _example(
        payment={
            "id": _PAYMENT,
            "kind": "charge",
            "status": "pending",
            "amount": "2.50",
            "currency": "USD",
            "channel": "cash",
            "date": _MOMENT,
            "settled_at": None,
            "refunds": None,
            "reason": None,
        },
        url=None,
    )

    payment: PaymentOut
    url: str | None = Field(description="Where to go on to pay; null: at the desk.")


class EventOut(Schema):
    """An event, with the caller's live registration if they have one."""

    model_config = _example(
        id=_EVENT,
        title="Trivia night",
        description=None,
        event_type="trivia_night",
        type_name="Trivia night",
        location="The hall",
        map_url=None,
        start_time="2026-06-01T19:00:00Z",
        end_time="2026-06-01T21:00:00Z",
        time_zone="Africa/Dakar",
        max_participants=40,
        places_taken=38,
        places_free=2,
        waiting=0,
        points=10,
        points_reward=None,
        price="2.50",
        currency="USD",
        walk_ins_allowed=False,
        offer_hours=24,
        series_id=None,
        occurrence=None,
        status="published",
        state="published",
        cancellation_reason=None,
        revision=1,
        registration=None,
    )

    id: UUID
    title: str
    description: str | None
    event_type: str
    type_name: str
    location: str
    map_url: str | None
    start_time: datetime
    end_time: datetime
    time_zone: str
    max_participants: int | None
    places_taken: int
    places_free: int | None = Field(description="Null: as many as come.")
    waiting: int
    points: int = Field(description="What attending is worth, from the event or its type.")
    points_reward: int | None
    price: PriceText
    currency: str
    walk_ins_allowed: bool
    offer_hours: int
    series_id: UUID | None
    occurrence: date | None
    status: EventStatus
    state: str = Field(description="As status; a published event is later 'running' and 'over'.")
    cancellation_reason: str | None
    revision: int
    registration: RegistrationOut | None


class OwnOut(Schema):
    """One of the caller's registrations, with its event."""

    registration: RegistrationOut
    title: str
    type_name: str
    start_time: datetime
    end_time: datetime
    time_zone: str
    location: str
    event_status: EventStatus


class AttendeeOut(Schema):
    """Who comes, for staff."""

    registration: RegistrationOut
    name: str
    email: str | None
    account: AccountState = Field(description="Who is not ``open`` cannot be let in.")
    check_in_time: datetime | None


class FreedOut(Schema):
    """How many registrations were cancelled because their accounts are suspended or closed."""

    model_config = _example(freed=2)

    freed: int
