"""What members are told by message: registered, waiting, offered, moved, cancelled; in their language."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.money import to_decimal
from guerdon.kernel.identity.models import User
from guerdon.kernel.messages import Message, send
from guerdon.programs.events.models import Event, Registration, RegistrationStatus
from guerdon.programs.events.service.checking import scale_of
from guerdon.web.i18n import msgid

REGISTERED_SUBJECT = msgid("You are registered: {title}")
REGISTERED_BODY = msgid(
    "Hello {name},\n\nyou have a place at {title}, {when}, {location}.\n\n{base_url}/events/{event_id}\n\nIf you cannot"
    " come, cancel there, so that somebody else can have your place."
)
TO_PAY_BODY = msgid(
    "Hello {name},\n\nyou have a place at {title}, {when}, {location}. The price is {price}; see how to pay:\n\n"
    "{base_url}/events/{event_id}\n\nIf you cannot come, cancel there, so that somebody else can have your place."
)
WAITING_SUBJECT = msgid("You are on the waiting list: {title}")
WAITING_BODY = msgid(
    "Hello {name},\n\nevery place at {title}, {when}, is taken. You are on the waiting list. As soon as a place is"
    " free and it is your turn, it is offered to you by message.\n\n{base_url}/events/{event_id}"
)
OFFERED_SUBJECT = msgid("A place is free for you: {title}")
OFFERED_BODY = msgid(
    "Hello {name},\n\na place at {title}, {when}, is free for you. Take it by {until}, or it goes to the next who"
    " waits:\n\n{base_url}/events/{event_id}"
)
LAPSED_SUBJECT = msgid("Your offer is over: {title}")
LAPSED_BODY = msgid(
    "Hello {name},\n\nthe time in which you could take the place at {title} is over; it is for others now. If you still"
    " want to come, see whether there is a place, or wait for one again:\n\n{base_url}/events/{event_id}"
)
MOVED_SUBJECT = msgid("Changed: {title}")
MOVED_BODY = msgid(
    "Hello {name},\n\ntime or place of an event for which you are registered have changed. It is now:\n\n{title}\n"
    "{when}\n{location}\n\n{base_url}/events/{event_id}"
)
CALLED_OFF_SUBJECT = msgid("Cancelled: {title}")
CALLED_OFF_BODY = msgid("Hello {name},\n\n{title}, {when}, is cancelled: {reason}\n\n{base_url}/events")
CALLED_OFF_PAID_BODY = msgid(
    "Hello {name},\n\n{title}, {when}, is cancelled: {reason}\n\nWhat you paid is given back:\n\n{base_url}/events/mine"
)
REMOVED_SUBJECT = msgid("Your registration is cancelled: {title}")
REMOVED_BODY = msgid(
    "Hello {name},\n\nyour registration for {title}, {when}, was cancelled: {reason}\n\n{base_url}/events/mine"
)
REMOVED_PAID_BODY = msgid(
    "Hello {name},\n\nyour registration for {title}, {when}, was cancelled: {reason}\n\n"
    "What you paid is given back:\n\n{base_url}/events/mine"
)


def registered(session: Session, event: Event, registration: Registration) -> None:
    """Tell a member that they have a place, or wait for one."""
    if registration.status is RegistrationStatus.WAITING:
        subject, body, kind = WAITING_SUBJECT, WAITING_BODY, "waiting"
    else:
        body = TO_PAY_BODY if registration.price_minor else REGISTERED_BODY
        subject, kind = REGISTERED_SUBJECT, "registered"
    key = f"events.{kind}:{registration.id}"
    _tell(
        session, event, [registration.user_id], kind, subject=subject, body=body, dedupe=key, registration=registration
    )


def places_offered(session: Session, event: Event, registrations: Mapping[UUID, UUID], until: datetime) -> None:
    """Tell members that a place is theirs if they take it in time.

    Args:
        registrations: for which, by member.
    """
    key, subject, body = "events.place_offered", OFFERED_SUBJECT, OFFERED_BODY
    _tell(session, event, registrations, "place_offered", subject=subject, body=body, dedupe=key, until=until)


def offers_lapsed(session: Session, event: Event, registrations: Mapping[UUID, UUID]) -> None:
    """Tell members that they were too late.

    Args:
        registrations: for which, by member.
    """
    key, subject, body = "events.offer_lapsed", LAPSED_SUBJECT, LAPSED_BODY
    _tell(session, event, registrations, "offer_lapsed", subject=subject, body=body, dedupe=key)


def moved(session: Session, event: Event, user_ids: Collection[UUID]) -> None:
    """Tell those who are registered when and where the event now is."""
    key = f"events.moved:{event.id}:{event.revision}"
    _tell(session, event, user_ids, "moved", subject=MOVED_SUBJECT, body=MOVED_BODY, dedupe=key)


def called_off(session: Session, event: Event, user_ids: Collection[UUID], *, refunded: Collection[UUID]) -> None:
    """Tell those who were registered that the event is cancelled, and why."""
    key = f"events.called_off:{event.id}"
    params = {"reason": event.cancellation_reason}
    paid = [each for each in user_ids if each in refunded]
    others = [each for each in user_ids if each not in refunded]
    subject = CALLED_OFF_SUBJECT
    _tell(session, event, paid, "called_off", subject=subject, body=CALLED_OFF_PAID_BODY, dedupe=key, params=params)
    _tell(session, event, others, "called_off", subject=subject, body=CALLED_OFF_BODY, dedupe=key, params=params)


def cancelled_by_staff(session: Session, event: Event, registration: Registration, *, refunded: bool) -> None:
    """Tell a member that staff cancelled their registration, and why; and that they get back what they paid."""
    key = f"events.registration_cancelled:{registration.id}"
    params = {"reason": registration.cancellation_reason}
    user_ids = [registration.user_id]
    _tell(
        session,
        event,
        user_ids,
        "registration_cancelled",
        subject=REMOVED_SUBJECT,
        body=REMOVED_PAID_BODY if refunded else REMOVED_BODY,
        dedupe=key,
        params=params,
    )


def _tell(
    session: Session,
    event: Event,
    whom: Collection[UUID] | Mapping[UUID, UUID],
    kind: str,
    *,
    subject: str,
    body: str,
    dedupe: str,
    params: Mapping[str, Any] | None = None,
    registration: Registration | None = None,
    until: datetime | None = None,
) -> None:
    """Tell members by mail, or by SMS who has no mailbox.

    Args:
        whom: their ids; with the registration that it is about where they may be told the same of another one later.
        dedupe: the same is told to each of them once.
    """
    for user in _people(session, whom):
        key = f"{dedupe}:{whom[user.id]}" if isinstance(whom, Mapping) else dedupe
        channel, to = ("email", user.email) if user.email else ("sms", user.phone)
        if to is None:
            continue
        filled = {
            "name": user.name,
            "title": event.title,
            "location": event.location,
            "event_id": event.id,
            "when": when(event.start_time, event.time_zone, user.locale),
            **(params or {}),
        }
        if until is not None:
            filled["until"] = when(until, event.time_zone, user.locale)
        if registration is not None:
            filled["price"] = price(registration.price_minor, registration.currency, user.locale)
        send(
            session,
            Message(
                f"events.{kind}",
                "email" if channel == "email" else "sms",
                to,
                user.locale,
                body,
                subject if channel == "email" else "",
                module=__name__,
                params=filled,
                user_id=user.id,
                useful_until=until or (event.end_time if kind != "called_off" else None),
                dedupe_key=f"{key}:{user.id}",
            ),
        )


def _people(session: Session, user_ids: Collection[UUID]) -> Sequence[User]:
    query = select(User).where(User.id.in_(user_ids), User.deleted_at.is_(None), User.is_active)
    return session.scalars(query.order_by(User.id)).all()


def when(moment: datetime, zone: str, locale: str) -> str:
    """A moment as an event announces it: on the clock of its place, which is named."""
    language = _babel(locale)
    local = moment.astimezone(ZoneInfo(zone))
    clock = format_time(local, "short", tzinfo=ZoneInfo(zone), locale=language)
    return f"{format_date(local, 'full', locale=language)}, {clock} ({zone})"


def price(amount_minor: int, currency: str, locale: str) -> str:
    """An amount of a currency as a language writes it."""
    return format_currency(to_decimal(amount_minor, scale_of(currency)), currency, locale=_babel(locale))


def _babel(locale: str) -> str:
    return "fr" if locale.lower().startswith("fr") else "en"
