"""What the pages of the events program say: states, moments, prices and payments in the reader's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from fastapi import Request, Response

from guerdon.core.money import to_decimal
from guerdon.programs.events.models import (
    Event,
    EventStatus,
    PaymentKind,
    PaymentState,
    PaymentStatus,
    Registration,
    RegistrationStatus,
)
from guerdon.programs.events.service import paying
from guerdon.programs.events.service.changing import state_at
from guerdon.programs.events.service.checking import scale_of
from guerdon.programs.events.service.holders import AccountState
from guerdon.web.i18n import msgid
from guerdon.web.render import render
from guerdon.web.viewer import current_viewer

AS_IS = "{text}"
"""To flash what has been put into words already."""


@dataclass(frozen=True, slots=True)
class State:
    """Where something stands, as a badge: message id, tone and icon."""

    label: str
    tone: str
    sign: str


EVENT_STATES = {
    "draft": State(msgid("Draft"), "warning", "edit"),
    "published": State(msgid("Open for registration"), "success", "check"),
    "running": State(msgid("Running now"), "info", "clock"),
    "over": State(msgid("Over"), "", "check"),
    "cancelled": State(msgid("Cancelled"), "danger", "cross"),
}
REGISTRATION_STATES = {
    RegistrationStatus.REGISTERED: State(msgid("Registered"), "success", "check"),
    RegistrationStatus.WAITING: State(msgid("On the waiting list"), "warning", "clock"),
    RegistrationStatus.OFFERED: State(msgid("A place is offered"), "info", "star"),
    RegistrationStatus.ATTENDED: State(msgid("Attended"), "success", "star"),
    RegistrationStatus.CANCELLED: State(msgid("Registration cancelled"), "", "cross"),
    RegistrationStatus.LAPSED: State(msgid("Lapsed"), "", "clock"),
}
NO_SHOW = State(msgid("Did not come"), "danger", "cross")
PAYMENT_STATUSES = {
    PaymentStatus.NOT_REQUIRED: State(msgid("Free"), "", "check"),
    PaymentStatus.PENDING: State(msgid("To be paid"), "warning", "money"),
    PaymentStatus.PAID: State(msgid("Paid"), "success", "check"),
    PaymentStatus.REFUNDED: State(msgid("Refunded"), "", "undo"),
}
PAYMENT_STATES = {
    PaymentState.PENDING: msgid("Not settled yet"),
    PaymentState.PAID: msgid("Settled"),
    PaymentState.FAILED: msgid("Failed"),
    PaymentState.REFUNDED: msgid("Given back"),
}
ACCOUNT_STATES = {
    AccountState.SUSPENDED: msgid("Account suspended"),
    AccountState.CLOSED: msgid("Account closed"),
}
PAYMENT_KINDS = {PaymentKind.CHARGE: msgid("Payment"), PaymentKind.REFUND: msgid("Refund")}
CHANNELS = {
    "cash": msgid("Cash"),
    "card": msgid("Card"),
    "mobile_money": msgid("Mobile money"),
    "bank_transfer": msgid("Bank transfer"),
}
WEEKDAYS = (
    *(msgid("Monday"), msgid("Tuesday"), msgid("Wednesday"), msgid("Thursday")),
    *(msgid("Friday"), msgid("Saturday"), msgid("Sunday")),
)


def page(request: Request, name: str, context: Mapping[str, Any], status: int = 200) -> Response:
    """Render a page of this program, with the words that its templates share."""
    return render(request, f"events/{name}", {**SHARED, **context}, status)


def gettext(message: str, **params: Any) -> str:
    """A text in the reader's language."""
    return current_viewer().translator.gettext(message, **params)


def state_of(event: Event) -> State:
    """Where an event stands for people."""
    return EVENT_STATES[state_at(event, current_viewer().now)]


def standing_of(registration: Registration, event: Event) -> State:
    """Where a registration stands for people: who was registered and did not come has a word of their own."""
    over = event.status is EventStatus.PUBLISHED and event.end_time <= current_viewer().now
    if registration.status is RegistrationStatus.REGISTERED and over:
        return NO_SHOW
    return REGISTRATION_STATES[registration.status]


def when_of(event: Event) -> str:
    """``Monday 1 June 2026, 19:00 – 21:00``, on the clock of its place; the zone is named to who lives in another."""
    zone, locale = ZoneInfo(event.time_zone), current_viewer().locale
    start, end = event.start_time.astimezone(zone), event.end_time.astimezone(zone)
    begins = f"{format_date(start, 'full', locale=locale)}, {_clock(start)}"
    if start.date() == end.date():
        text = f"{begins} – {_clock(end)}"
    else:
        text = f"{begins} – {format_date(end, 'full', locale=locale)}, {_clock(end)}"
    return _with_zone(text, event.start_time, zone)


def short_when_of(event: Event) -> str:
    """``1 Jun 2026, 19:00``, likewise."""
    return until_text(event.start_time, event)


def time_of(moment: datetime, event: Event) -> str:
    """``19:00``, of a moment at an event, likewise."""
    zone = ZoneInfo(event.time_zone)
    return _with_zone(_clock(moment.astimezone(zone)), moment, zone)


def time_on(day: date, event: Event) -> str:
    """The time of an event on one of its days: when it begins, at last until when it lasts, in between nothing."""
    zone = ZoneInfo(event.time_zone)
    if event.start_time.astimezone(zone).date() == day:
        return time_of(event.start_time, event)
    if last_day(event) == day:
        return gettext(msgid("until {moment}"), moment=time_of(event.end_time, event))
    return ""


def last_day(event: Event) -> date:
    """The day on which it ends, on the clock of its place; what ends at midnight does not reach into the next one."""
    return (event.end_time - timedelta(microseconds=1)).astimezone(ZoneInfo(event.time_zone)).date()


def _with_zone(text: str, moment: datetime, zone: ZoneInfo) -> str:
    return text if _same_clock(zone, moment) else f"{text} ({zone.key})"


def _clock(local: datetime) -> str:
    return format_time(local, "short", tzinfo=local.tzinfo, locale=current_viewer().locale)


def _same_clock(zone: ZoneInfo, moment: datetime) -> bool:
    return moment.astimezone(zone).utcoffset() == moment.astimezone(current_viewer().zone).utcoffset()


def local_of(event: Event) -> datetime:
    """When it begins, on the clock of its place."""
    return event.start_time.astimezone(ZoneInfo(event.time_zone))


def month_short(day: date) -> str:
    """``Jun``."""
    return format_date(day, "LLL", locale=current_viewer().locale)


def month_name(day: date) -> str:
    """``June 2026``."""
    return format_date(day, "LLLL y", locale=current_viewer().locale)


def weekday_short(day: date) -> str:
    """``Mon``."""
    return format_date(day, "EEE", locale=current_viewer().locale)


def until_text(moment: datetime, event: Event) -> str:
    """A moment near an event, likewise."""
    zone = ZoneInfo(event.time_zone)
    local = moment.astimezone(zone)
    text = f"{format_date(local, 'medium', locale=current_viewer().locale)}, {_clock(local)}"
    return _with_zone(text, moment, zone)


def money(amount_minor: int, currency: str) -> str:
    """An amount of a currency as the reader writes it."""
    return format_currency(to_decimal(amount_minor, scale_of(currency)), currency, locale=current_viewer().locale)


def price_of(event: Event) -> str:
    """What it costs, or that it is free."""
    return money(event.price_minor, event.currency) if event.price_minor else gettext(msgid("Free"))


def channel_named(channel: str) -> str:
    """A way to pay; one that the program does not know stays as it is."""
    return gettext(CHANNELS[channel]) if channel in CHANNELS else channel


def reason_shown(reason: str) -> str:
    """Why a payment or a registration changed: as somebody put it, or as the program says it itself."""
    return gettext(reason) if reason in paying.OWN_REASONS else reason


def places_of(event: Event) -> str:
    """How many places there still are, in words."""
    translator = current_viewer().translator
    if event.max_participants is None:
        return translator.gettext(msgid("As many as come"))
    free = event.max_participants - event.places_taken
    if event.waiting:
        return translator.ngettext("Full; {number} waits", "Full; {number} wait", event.waiting)
    if free <= 0:
        return translator.gettext(msgid("Full"))
    return translator.ngettext("{number} place left", "{number} places left", free)


SHARED = {
    "CHANNELS": CHANNELS,
    "WEEKDAYS": WEEKDAYS,
    "EVENT_STATES": EVENT_STATES,
    "REGISTRATION_STATES": REGISTRATION_STATES,
    "PAYMENT_STATUSES": PAYMENT_STATUSES,
    "PAYMENT_STATES": PAYMENT_STATES,
    "PAYMENT_KINDS": PAYMENT_KINDS,
    "ACCOUNT_STATES": ACCOUNT_STATES,
    "state_of": state_of,
    "standing_of": standing_of,
    "when_of": when_of,
    "short_when_of": short_when_of,
    "until_text": until_text,
    "time_of": time_of,
    "time_on": time_on,
    "local_of": local_of,
    "month_short": month_short,
    "month_name": month_name,
    "weekday_short": weekday_short,
    "money": money,
    "price_of": price_of,
    "channel_named": channel_named,
    "reason_shown": reason_shown,
    "places_of": places_of,
}
