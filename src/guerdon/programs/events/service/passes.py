"""Tickets as they are kept: one valid ticket for each confirmed registration, void once that is cancelled."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.events.errors import RegistrationNotFoundError
from guerdon.programs.events.evening_errors import (
    TicketNotConfirmedError,
)
from guerdon.programs.events.models import Event, PaymentStatus, Registration, RegistrationStatus, Ticket
from guerdon.programs.events.service.tickets import TicketContent, new_number

CONFIRMED = (RegistrationStatus.REGISTERED, RegistrationStatus.ATTENDED)
PAID = (PaymentStatus.NOT_REQUIRED, PaymentStatus.PAID)


@dataclass(frozen=True, slots=True)
class Pass:
    """A ticket with what it is for."""

    ticket: Ticket
    event: Event
    registration: Registration

    @property
    def content(self) -> TicketContent:
        """What its code says."""
        return TicketContent(self.ticket.event_id, self.ticket.registration_id, self.ticket.code)


def pass_of(session: Session, clock: Clock, registration_id: UUID, *, holder_id: UUID) -> Pass:
    """The ticket of a member's registration; made when it is first asked for.

    Raises:
        RegistrationNotFoundError: there is none, or it is somebody else's.
        TicketNotConfirmedError: it waits, was cancelled, or is not paid; or the event was cancelled.
    """
    found = session.execute(
        select(Registration, Event)
        .join(Event, Event.id == Registration.event_id)
        .where(Registration.id == registration_id, Registration.user_id == holder_id)
    ).one_or_none()
    if found is None:
        raise RegistrationNotFoundError
    registration, event = found
    if registration.status not in CONFIRMED or registration.payment_status not in PAID:
        raise TicketNotConfirmedError(status=_why(registration))
    return Pass(_valid_ticket(session, clock, registration), event, registration)


def _why(registration: Registration) -> str:
    if registration.status in CONFIRMED:
        return "not paid"
    return {"waiting": "on the waiting list", "offered": "offered a place"}.get(
        registration.status.value, registration.status.value
    )


def _valid_ticket(session: Session, clock: Clock, registration: Registration) -> Ticket:
    valid = select(Ticket).where(Ticket.registration_id == registration.id, Ticket.revoked_at.is_(None))
    ticket = session.scalars(valid).one_or_none()
    if ticket is not None:
        return ticket
    # Two requests may be first at once; the one that comes second finds the other's.
    session.execute(
        text(
            "INSERT INTO events.tickets (id, registration_id, user_id, event_id, code, issued_at)"
            " SELECT uuidv7(), r.id, r.user_id, r.event_id, :code, :now"
            " FROM events.registrations AS r WHERE r.id = :registration_id"
            " ON CONFLICT (registration_id) WHERE revoked_at IS NULL DO NOTHING"
        ),
        {"registration_id": registration.id, "code": new_number(), "now": clock.now()},
    )
    return session.scalars(valid).one()
