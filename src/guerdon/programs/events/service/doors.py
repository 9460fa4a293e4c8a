"""The evening at the door: letting in by ticket, by name and without a registration, letting out, and taking back.

Whoever scans first locks the registration, so of two doors with the same ticket one lets in and the other hears when;
and of a check-in and a cancellation one is refused. Events are not locked: doors do not wait for each other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.schemas import Outcome
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.programs.events.errors import AlreadyRegisteredError, EventNotFoundError
from guerdon.programs.events.evening_errors import (
    AccountNotOpenError,
    AttendanceNotFoundError,
    DoorClosedError,
    DoorNotOpenError,
    EventNotOnError,
    GuestRegisteredError,
    NotRegisteredError,
    OwnCheckInError,
    RegistrationUnpaidError,
    TicketForgedError,
    TicketOfOtherEventError,
    TicketVoidError,
    WalkInsNotAllowedError,
)
from guerdon.programs.events.models import (
    Attendance,
    AttendanceStatus,
    CheckInMethod,
    Event,
    EventStatus,
    EventType,
    Registration,
    RegistrationStatus,
    Ticket,
)
from guerdon.programs.events.seeds import ATTENDED
from guerdon.programs.events.service import invitations, paying, registering
from guerdon.programs.events.service.facts import fact, tell
from guerdon.programs.events.service.holders import AccountState, account_state
from guerdon.programs.events.service.passes import PAID
from guerdon.programs.events.service.reasons import checked_reason
from guerdon.programs.events.service.tickets import TicketSigner, looks_like_number, plain_number

OPENS_BEFORE = timedelta(hours=2)
"""How long before an event begins tickets are taken."""
BY_NAME_UNTIL = timedelta(days=14)
"""How long after its end staff may still say, with a reason, that somebody was there."""

# A queue stands at the door: what every scan asks is put together once.
_TICKET = select(Ticket).where(Ticket.code == bindparam("number"))
_REGISTRATION = (
    select(Registration)
    .where(Registration.id == bindparam("id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_ATTENDANCE = select(Attendance).where(
    Attendance.registration_id == bindparam("registration_id"), Attendance.status == AttendanceStatus.ATTENDED
)
_POINTS = select(EventType.default_points).where(EventType.code == bindparam("code"))
_NAME = select(User.name).where(User.id == bindparam("id"))
_HOLDER = select(User.name, account_state()).where(User.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door answers.

    Attributes:
        already: they came in before, at ``attendance.check_in_time``; nothing is earned again.
        outcome: what it earned; None if ``already``.
        returned: they had left, and are inside again.
    """

    attendance: Attendance
    name: str
    already: bool
    outcome: Outcome | None
    returned: bool = False


def check_in(
    session: Session, clock: Clock, signer: TicketSigner, event_id: UUID, typed: str, *, actor_id: UUID
) -> Admission:
    """Let in whoever holds a ticket.

    Args:
        typed: the code of the QR, or the ticket's number as typed.

    Raises:
        TicketForgedError: it is no ticket of ours.
        TicketOfOtherEventError, TicketVoidError, RegistrationUnpaidError: not with this ticket.
        AccountNotOpenError: its holder is suspended, or has left.
        EventNotFoundError, EventNotOnError, DoorNotOpenError, DoorClosedError: not here, or not now.
    """
    event = _event(session, event_id)
    ticket = _ticket(session, signer, typed)
    if ticket.event_id != event_id:
        raise TicketOfOtherEventError(field="code", title=_title(session, ticket.event_id))
    registration = _locked(session, ticket.registration_id)
    # Staff may have changed both while we waited: the event cannot move now before we are done.
    session.refresh(ticket)
    session.refresh(event)
    before = _attendance(session, registration)
    if before is not None and ticket.revoked_at is None:
        return _came_before(session, clock, event, before)
    _check_on(event)
    if ticket.revoked_at is not None or registration.status is not RegistrationStatus.REGISTERED:
        raise TicketVoidError(field="code")
    if registration.payment_status not in PAID:
        raise RegistrationUnpaidError
    _check_time(event, clock.now(), closes=event.end_time)
    method = CheckInMethod.CODE if looks_like_number(typed) else CheckInMethod.TICKET
    return _let_in(session, clock, event, registration, method, actor_id=actor_id, ticket_id=ticket.id)


def check_in_by_name(
    session: Session, clock: Clock, event_id: UUID, user_id: UUID, *, actor_id: UUID, reason: str
) -> Admission:
    """Let in a registered member without a ticket, or say afterwards that they were there.

    Raises:
        ReasonRequiredError: no reason.
        OwnCheckInError: staff vouch for others only.
        NotRegisteredError: they are not registered, or not confirmed.
        The others of ``check_in``.
    """
    why = checked_reason(reason)
    event = _event(session, event_id)
    if user_id == actor_id:
        raise OwnCheckInError(permission="events:door")
    registration = _locked_of(session, event_id, user_id)
    session.refresh(event)
    before = _attendance(session, registration)
    if before is not None:
        return _came_before(session, clock, event, before)
    _check_on(event)
    if registration.status is not RegistrationStatus.REGISTERED:
        raise NotRegisteredError
    if registration.payment_status not in PAID:
        raise RegistrationUnpaidError
    _check_time(event, clock.now(), closes=event.end_time + BY_NAME_UNTIL)
    return _let_in(session, clock, event, registration, CheckInMethod.STAFF, actor_id=actor_id, reason=why)


def check_out(session: Session, clock: Clock, attendance_id: UUID) -> Attendance:
    """Note when somebody left; the latest time counts.

    Raises:
        AttendanceNotFoundError: nobody came in under this id, or it was taken back.
    """
    attendance = locked_attendance(session, attendance_id)
    attendance.check_out_time = max(clock.now(), attendance.check_in_time)
    session.flush()
    return attendance


def locked_attendance(session: Session, attendance_id: UUID) -> Attendance:
    """An attendance that holds, locked.

    Raises:
        AttendanceNotFoundError: there is none.
    """
    attendance = session.scalars(
        select(Attendance)
        .where(Attendance.id == attendance_id, Attendance.status == AttendanceStatus.ATTENDED)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if attendance is None:
        raise AttendanceNotFoundError
    return attendance


def walk_in(
    session: Session, clock: Clock, event_id: UUID, user_id: UUID, *, actor_id: UUID, paid_by: str | None = None
) -> Admission:
    """Register a member at the door and let them in, if the event takes walk-ins and has a place.

    Args:
        paid_by: the channel by which they paid just now, where there is a price.

    Raises:
        OwnCheckInError: oneself.
        WalkInsNotAllowedError: only who registered comes in.
        GuestRegisteredError: they are registered; a ticket or their name will do.
        EventFullError, EventClosedError: every place is taken; the event is not on.
        RegistrationUnpaidError: there is a price, and they have not paid.
        AccountNotOpenError: they are suspended.
    """
    event = _event(session, event_id)
    if user_id == actor_id:
        raise OwnCheckInError(permission="events:door")
    _check_on(event)
    if not event.walk_ins_allowed:
        raise WalkInsNotAllowedError
    _check_time(event, clock.now(), closes=event.end_time)
    get_account(session, user_id)
    try:
        registration = registering.register(session, clock, user_id, event_id, wait=False, is_walk_in=True)
    except AlreadyRegisteredError as exc:
        raise GuestRegisteredError from exc
    if registration.payment_status not in PAID:
        if paid_by is None:
            raise RegistrationUnpaidError
        paying.record(session, clock, actor_id, registration.id, channel=paid_by)
        session.refresh(registration)
    return _let_in(session, clock, event, registration, CheckInMethod.WALK_IN, actor_id=actor_id)


def _let_in(
    session: Session,
    clock: Clock,
    event: Event,
    registration: Registration,
    method: CheckInMethod,
    *,
    actor_id: UUID,
    ticket_id: UUID | None = None,
    reason: str | None = None,
) -> Admission:
    now, name = clock.now(), _open_holder(session, registration.user_id)
    attendance = Attendance(
        registration_id=registration.id,
        user_id=registration.user_id,
        event_id=event.id,
        status=AttendanceStatus.ATTENDED,
        # Who is let in afterwards was there while it lasted.
        check_in_time=min(now, event.end_time),
        method=method,
        ticket_id=ticket_id,
        checked_in_by=actor_id,
        reason=reason,
    )
    session.add(attendance)
    session.flush()
    brought = invitations.first_attended(session, clock, attendance)
    facts = [
        fact(
            ATTENDED,
            attendance.user_id,
            attendance.id,
            happened(event, now),
            event_id=event.id,
            properties={
                "event_type": event.event_type,
                "points": points_of(session, event),
                "walk_in": method is CheckInMethod.WALK_IN,
            },
            actor_id=actor_id,
        )
    ]
    outcome, *_rest = tell(session, clock, [*facts, *brought])
    attendance.activity_id = outcome.activity_id
    session.flush()
    announce(
        session,
        Act(
            "events.checked_in",
            "event",
            event.id,
            actor_id=actor_id,
            new={"user_id": str(attendance.user_id), "method": method.value},
            reason=reason,
        ),
    )
    return Admission(attendance, name, False, outcome)


def _came_before(session: Session, clock: Clock, event: Event, attendance: Attendance) -> Admission:
    """Whoever came before is in; if they had left and it is still on, they are back."""
    on = event.status is EventStatus.PUBLISHED and clock.now() <= event.end_time
    if attendance.check_out_time is None or not on:
        return Admission(attendance, _name(session, attendance.user_id), True, None)
    name = _open_holder(session, attendance.user_id)
    attendance.check_out_time = None
    session.flush()
    return Admission(attendance, name, True, None, returned=True)


def _open_holder(session: Session, user_id: UUID) -> str:
    """The name of somebody whose account is open."""
    name, state = session.execute(_HOLDER, {"id": user_id}).one()
    if state != AccountState.OPEN:
        raise AccountNotOpenError(name=name, status=state)
    return name


def happened(event: Event, now: datetime) -> datetime:
    """When an attendance counts: with the beginning of its event, whenever one came in.

    So all who came share the same week. Who comes before the beginning counts at once, as nothing can happen later
    than now.
    """
    return min(event.start_time, now)


def points_of(session: Session, event: Event) -> int:
    """What attending is worth: the event's own points, or its type's where it says nothing."""
    if event.points_reward is not None:
        return event.points_reward
    return session.scalars(_POINTS, {"code": event.event_type}).one()


def _ticket(session: Session, signer: TicketSigner, typed: str) -> Ticket:
    content = None if looks_like_number(typed) else signer.read(typed)
    number = plain_number(typed) if content is None else content.number
    found = session.scalars(_TICKET, {"number": number}).one_or_none()
    if found is None or (
        content is not None and (found.registration_id, found.event_id) != (content.registration_id, content.event_id)
    ):
        raise TicketForgedError(field="code")
    return found


def _locked(session: Session, registration_id: UUID) -> Registration:
    return session.scalars(_REGISTRATION, {"id": registration_id}).one()


def _locked_of(session: Session, event_id: UUID, user_id: UUID) -> Registration:
    """A member's registration that is live, or else the latest one."""
    found = session.scalars(
        select(Registration.id)
        .where(Registration.event_id == event_id, Registration.user_id == user_id)
        .order_by(Registration.status.in_(("cancelled", "lapsed")), Registration.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotRegisteredError
    return _locked(session, found)


def _attendance(session: Session, registration: Registration) -> Attendance | None:
    if registration.status is not RegistrationStatus.ATTENDED:
        return None
    return session.scalars(_ATTENDANCE, {"registration_id": registration.id}).one()


def _event(session: Session, event_id: UUID) -> Event:
    event = session.get(Event, event_id)
    if event is None or event.status is EventStatus.DRAFT or event.published_at is None:
        raise EventNotFoundError
    return event


def _check_on(event: Event) -> None:
    if event.status is not EventStatus.PUBLISHED:
        raise EventNotOnError


def _check_time(event: Event, now: datetime, *, closes: datetime) -> None:
    if now < event.start_time - OPENS_BEFORE:
        raise DoorNotOpenError(opens_at=_at(event, event.start_time - OPENS_BEFORE))
    if now > closes:
        raise DoorClosedError(closed_at=_at(event, closes))


def _at(event: Event, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(event.time_zone)):%Y-%m-%d %H:%M}"


def _title(session: Session, event_id: UUID) -> str:
    return session.scalars(select(Event.title).where(Event.id == event_id)).one()


def _name(session: Session, user_id: UUID) -> str:
    return session.scalars(_NAME, {"id": user_id}).one()


@dataclass(frozen=True, slots=True)
class DoorCount:
    """How the evening stands."""

    expected: int
    inside: int
    came: int


def count(session: Session, event_id: UUID) -> DoorCount:
    """How many are still expected, are inside, and came in all."""
    expected = session.scalar(
        select(func.count()).where(
            Registration.event_id == event_id, Registration.status == RegistrationStatus.REGISTERED
        )
    )
    came, inside = session.execute(
        select(func.count(), func.count().filter(Attendance.check_out_time.is_(None))).where(
            Attendance.event_id == event_id, Attendance.status == AttendanceStatus.ATTENDED
        )
    ).one()
    return DoorCount(expected or 0, inside, came)
