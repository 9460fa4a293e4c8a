"""From what the services give to what goes out."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from guerdon.programs.events.api.bodies import (
    AttendeeOut,
    EventOut,
    OwnOut,
    PaymentOut,
    RegistrationOut,
)
from guerdon.programs.events.models import Payment, Registration, RegistrationStatus
from guerdon.programs.events.schemas import Attendee, ListedEvent, Own
from guerdon.programs.events.service import paying, places
from guerdon.programs.events.service.changing import state_at
from guerdon.programs.events.service.checking import price_text
from guerdon.programs.events.service.holders import AccountState


def show_event(each: ListedEvent, now: datetime) -> EventOut:
    """An event as it goes out."""
    event = each.event
    free = None if event.max_participants is None else event.max_participants - event.places_taken
    return EventOut(
        id=event.id,
        title=event.title,
        description=event.description,
        event_type=event.event_type,
        type_name=each.type_name,
        location=event.location,
        map_url=event.map_url,
        start_time=event.start_time,
        end_time=event.end_time,
        time_zone=event.time_zone,
        max_participants=event.max_participants,
        places_taken=event.places_taken,
        places_free=free,
        waiting=event.waiting,
        points=each.points,
        points_reward=event.points_reward,
        price=price_text(event.price_minor, event.currency),
        currency=event.currency,
        walk_ins_allowed=event.walk_ins_allowed,
        offer_hours=event.offer_s // 3600,
        series_id=event.series_id,
        occurrence=event.occurrence,
        status=event.status,
        state=state_at(event, now),
        cancellation_reason=event.cancellation_reason,
        revision=event.revision,
        registration=show_registration(each.registration) if each.registration else None,
    )


def show_own_registration(session: Session, found: Registration) -> RegistrationOut:
    """A registration with its place in the queue and its payments."""
    waiting = found.status is RegistrationStatus.WAITING
    before = places.waiting_before(session, found.id) if waiting else None
    payments = paying.of_registrations(session, [found.id]).get(found.id, [])
    return show_registration(found, waiting_before=before, payments=payments)


def show_registration(
    found: Registration, *, waiting_before: int | None = None, payments: Sequence[Payment] = ()
) -> RegistrationOut:
    """A registration as it goes out."""
    offered = found.status is RegistrationStatus.OFFERED
    return RegistrationOut(
        id=found.id,
        event_id=found.event_id,
        user_id=found.user_id,
        status=found.status,
        registered_at=found.registration_date,
        is_walk_in=found.is_walk_in,
        waiting_before=waiting_before,
        offer_expires_at=found.offer_expires_at if offered else None,
        payment_status=found.payment_status,
        price=price_text(found.price_minor, found.currency),
        currency=found.currency,
        payments=[show_payment(each) for each in payments],
        cancelled_at=found.cancelled_at,
        cancellation_reason=found.cancellation_reason,
    )


def show_payment(each: Payment) -> PaymentOut:
    """A payment as it goes out."""
    return PaymentOut(
        id=each.id,
        kind=each.kind,
        status=each.status,
        amount=price_text(each.amount_minor, each.currency),
        currency=each.currency,
        channel=each.payment_channel,
        date=each.payment_date,
        settled_at=each.settled_at,
        refunds=each.refunds_id,
        reason=each.reason,
    )


def show_own(each: Own) -> OwnOut:
    """One of a member's registrations as it goes out."""
    return OwnOut(
        registration=show_registration(each.registration, waiting_before=each.waiting_before, payments=each.payments),
        title=each.event.title,
        type_name=each.type_name,
        start_time=each.event.start_time,
        end_time=each.event.end_time,
        time_zone=each.event.time_zone,
        location=each.event.location,
        event_status=each.event.status,
    )


def show_attendee(each: Attendee, payments: Sequence[Payment]) -> AttendeeOut:
    """Who comes, as it goes out to staff."""
    return AttendeeOut(
        registration=show_registration(each.registration, payments=payments),
        name=each.name,
        email=each.email,
        account=AccountState(each.account),
        check_in_time=each.check_in_time,
    )
