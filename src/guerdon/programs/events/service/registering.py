"""The member's part: registering, waiting, taking an offer, cancelling."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.programs.events.errors import (
    AlreadyRegisteredError,
    EventBegunError,
    EventClosedError,
    EventFullError,
    EventStateError,
    OfferLapsedError,
    RegistrationNotFoundError,
    RegistrationStateError,
)
from guerdon.programs.events.models import LIVE, Event, Registration, RegistrationStatus
from guerdon.programs.events.service import changing, notices, paying, places
from guerdon.programs.events.service.holders import HELD_BY_NOBODY, HOLDING

TRANSITIONS = {
    RegistrationStatus.WAITING: (
        RegistrationStatus.OFFERED,
        RegistrationStatus.CANCELLED,
        RegistrationStatus.LAPSED,
    ),
    RegistrationStatus.OFFERED: (
        RegistrationStatus.REGISTERED,
        RegistrationStatus.CANCELLED,
        RegistrationStatus.LAPSED,
    ),
    RegistrationStatus.REGISTERED: (RegistrationStatus.ATTENDED, RegistrationStatus.CANCELLED),
    RegistrationStatus.ATTENDED: (RegistrationStatus.REGISTERED,),
    RegistrationStatus.CANCELLED: (),
    RegistrationStatus.LAPSED: (),
}
"""Where a registration can go from where it stands; back from ``attended`` when a check-in is withdrawn."""


def register(
    session: Session, clock: Clock, user_id: UUID, event_id: UUID, *, wait: bool = True, is_walk_in: bool = False
) -> Registration:
    """Register a member for an event, or put them on its waiting list when every place is taken or others wait.

    Args:
        wait: join the waiting list; else a full event is refused.
        is_walk_in: they stand at the door: they may come while the event runs, past the waiting list, and are not
            told by message.

    Raises:
        EventNotFoundError: there is none that the member may see.
        EventClosedError: it is a draft, cancelled, running or over.
        AlreadyRegisteredError: they have a registration that is live.
        EventFullError: every place is taken, and they do not wait.
    """
    event = changing.locked(session, event_id)
    state = changing.state_at(event, clock.now())
    if state != "published" and not (is_walk_in and state == "running"):
        raise EventClosedError(field="event_id", status="already running" if state == "running" else state)
    if live_of(session, user_id, event_id) is not None:
        raise AlreadyRegisteredError(field="event_id")
    places.settle(session, clock, event_id)
    session.refresh(event)
    status = RegistrationStatus.REGISTERED if _free(event, is_walk_in) else RegistrationStatus.WAITING
    if status is RegistrationStatus.WAITING and (is_walk_in or not wait):
        raise EventFullError(field="event_id")
    made = Registration(
        id=new_id(),
        user_id=user_id,
        event_id=event_id,
        status=status,
        is_walk_in=is_walk_in,
        registration_date=clock.now(),
    )
    _store(session, made)
    session.refresh(event)
    if not is_walk_in:
        notices.registered(session, event, made)
    return made


def _free(event: Event, is_walk_in: bool) -> bool:
    if event.max_participants is not None and event.places_taken >= event.max_participants:
        return False
    return is_walk_in or event.waiting == 0


def _store(session: Session, made: Registration) -> None:
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as exc:
        if "uq_registrations_live" in str(exc.orig):
            raise AlreadyRegisteredError(field="event_id") from exc
        raise
    session.refresh(made)


def accept(session: Session, clock: Clock, user_id: UUID, registration_id: UUID) -> Registration:
    """Take the place that is offered.

    Raises:
        RegistrationNotFoundError: the member has none of that id.
        OfferLapsedError: it is too late, whether or not the job has seen it.
        RegistrationStateError: nothing is offered.
    """
    taken = session.execute(
        update(Registration)
        .where(
            Registration.id == registration_id,
            Registration.user_id == user_id,
            Registration.status == RegistrationStatus.OFFERED,
            Registration.offer_expires_at > clock.now(),
        )
        .values(status=RegistrationStatus.REGISTERED)
        .returning(Registration.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    found = get_own(session, user_id, registration_id, fresh=True)
    if taken is None:
        if found.status in (RegistrationStatus.OFFERED, RegistrationStatus.LAPSED):
            raise OfferLapsedError
        raise RegistrationStateError(status=found.status.value)
    notices.registered(session, session.get_one(Event, found.event_id), found)
    return found


def cancel(
    session: Session,
    clock: Clock,
    registration_id: UUID,
    *,
    user_id: UUID | None = None,
    actor_id: UUID | None = None,
    reason: str | None = None,
) -> Registration:
    """Cancel a registration before the event begins; what was paid is given back, and the place offered to the next.

    Args:
        user_id: whose it must be; None for staff, who reach everybody's.
        actor_id: who cancels it, if it is not its member; they say why, and the member is told.

    Raises:
        RegistrationNotFoundError: there is none, or it is somebody else's.
        EventBegunError: the event has begun.
        RegistrationStateError: it is cancelled or lapsed, or they attended.
        CancellationReasonError: staff gave no reason.
    """
    query = select(Registration.event_id).where(Registration.id == registration_id)
    if user_id is not None:
        query = query.where(Registration.user_id == user_id)
    event_id = session.scalar(query)
    if event_id is None:
        raise RegistrationNotFoundError
    by_staff = user_id is None
    why = changing.checked_reason(reason or "") if by_staff else None
    event = changing.locked(session, event_id)
    if not by_staff and event.start_time <= clock.now():
        raise EventBegunError
    gone = session.execute(
        update(Registration)
        .where(Registration.id == registration_id, Registration.status.in_(HOLDING))
        .values(
            status=RegistrationStatus.CANCELLED,
            cancelled_at=clock.now(),
            cancelled_by=actor_id or user_id,
            cancellation_reason=why,
        )
        .returning(Registration.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    found = session.scalars(
        select(Registration).where(Registration.id == registration_id).execution_options(populate_existing=True)
    ).one()
    if gone is None:
        raise RegistrationStateError(status=found.status.value)
    refunded = paying.give_back_many(session, clock, [found.id], reason=why or paying.BY_THE_MEMBER)
    if by_staff:
        notices.cancelled_by_staff(session, event, found, refunded=bool(refunded))
        told = {"user_id": found.user_id, "event_id": event_id}
        announce(
            session,
            Act(
                "events.registration_cancelled",
                "registration",
                found.id,
                actor_id=actor_id,
                reason=why,
                detail=told,
            ),
        )
    places.settle(session, clock, event_id)
    session.refresh(found)
    return found


def free_suspended(session: Session, clock: Clock, event_id: UUID, *, actor_id: UUID) -> int:
    """Give the places and turns of suspended and closed accounts at an event to others; what was paid is given back.

    Returns:
        How many there were.

    Raises:
        EventNotFoundError: there is none.
        EventStateError: it is over, cancelled or a draft; there is nothing to free.
    """
    event = changing.locked(session, event_id)
    state = changing.state_at(event, clock.now())
    if state not in ("published", "running"):
        raise EventStateError(status=state)
    held = (
        select(Registration.id)
        .join(User, User.id == Registration.user_id)
        .where(Registration.event_id == event_id, *HELD_BY_NOBODY)
        # Who waits goes first, so that no place is offered to them meanwhile.
        .order_by(Registration.status != RegistrationStatus.WAITING, Registration.id)
    )
    found = session.scalars(held).all()
    for registration_id in found:
        cancel(session, clock, registration_id, actor_id=actor_id, reason=paying.ACCOUNT_SUSPENDED)
    return len(found)


def live_of(session: Session, user_id: UUID, event_id: UUID) -> Registration | None:
    """A member's live registration for an event."""
    query = select(Registration).where(
        Registration.user_id == user_id, Registration.event_id == event_id, Registration.status.in_(LIVE)
    )
    return session.scalars(query).one_or_none()


def get_own(session: Session, user_id: UUID, registration_id: UUID, *, fresh: bool = False) -> Registration:
    """A registration of a member.

    Raises:
        RegistrationNotFoundError: the member has none of that id.
    """
    query = select(Registration).where(Registration.id == registration_id, Registration.user_id == user_id)
    found = session.scalars(query.execution_options(populate_existing=fresh)).one_or_none()
    if found is None:
        raise RegistrationNotFoundError
    return found
