"""The program's part of a copy of personal data, and of what goes when an account is erased.

Registrations, payments and attendances stay, because places, money and points hang on them; what only served the person
goes: the calendar's address, the invitation, blocks and requests that nobody has answered. Places at events to come go
to whoever waits, and what was paid for them is given back, as soon as the account is closed.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, inspect, or_, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.db.base import Base
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file
from guerdon.programs.events.errors import EventBegunError, RegistrationStateError
from guerdon.programs.events.models import (
    Attendance,
    Award,
    CalendarFeed,
    Connection,
    ConnectionBlock,
    ConnectionStatus,
    Event,
    Invitation,
    InvitationLink,
    Payment,
    Registration,
    Result,
    Ticket,
)
from guerdon.programs.events.service import registering
from guerdon.programs.events.service.holders import HOLDING

_OWN: tuple[tuple[str, type[Base]], ...] = (
    ("registrations", Registration),
    ("payments", Payment),
    ("tickets", Ticket),
    ("attendances", Attendance),
    ("results", Result),
    ("special_awards", Award),
    ("invitation_link", InvitationLink),
)
_EVENT = ("id", "title", "event_type", "location", "start_time", "end_time", "time_zone", "status")
"""What the other files mean by an event."""
_OTHERS_ONLY = frozenset(
    {"checked_in_by", "withdrawn_by", "recorded_by", "awarded_by", "cancelled_by", "activity_id", "provider_reference"}
)
"""Who of the staff did something is not the member's to take along."""


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    theirs = or_(
        Event.id.in_(select(Registration.event_id).where(Registration.user_id == user_id)),
        Event.id.in_(select(Award.event_id).where(Award.user_id == user_id)),
    )
    yield json_file("events.json", _told(session, Event, theirs, _EVENT))
    for name, model in _OWN:
        owner = inspect(model).columns["user_id"]
        yield json_file(f"{name}.json", _told(session, model, owner == user_id))
    either = or_(Connection.requester_id == user_id, Connection.addressee_id == user_id)
    yield json_file("connections.json", _told(session, Connection, either))
    invited = or_(Invitation.inviter_id == user_id, Invitation.invitee_id == user_id)
    yield json_file("invitations.json", _told(session, Invitation, invited))
    yield json_file("blocks.json", _told(session, ConnectionBlock, ConnectionBlock.blocker_id == user_id))


def _told(
    session: Session, model: type[Base], condition: ColumnElement[bool], only: Collection[str] | None = None
) -> list[dict[str, Any]]:
    mapper = inspect(model)
    rows: Sequence[Base] = session.scalars(select(model).where(condition).order_by(*mapper.primary_key)).all()
    names = only or [each.key for each in mapper.column_attrs if each.key not in _OTHERS_ONLY]
    return [{name: getattr(row, name) for name in names} for row in rows]


def _leave(session: Session, clock: Clock, user_id: UUID) -> None:
    to_come = (
        select(Registration.id)
        .join(Event, Event.id == Registration.event_id)
        .where(
            Registration.user_id == user_id,
            Registration.status.in_(HOLDING),
            Event.start_time > clock.now(),
        )
        # Events are locked one after the other, in one order for everybody.
        .order_by(Event.id)
    )
    for registration_id in session.scalars(to_come).all():
        # What staff cancelled meanwhile, or somebody was let in with, holds nobody here.
        with suppress(RegistrationStateError, EventBegunError):
            registering.cancel(session, clock, registration_id, user_id=user_id)


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    _leave(session, clock, user_id)
    gone: tuple[tuple[type[Base], ColumnElement[bool]], ...] = (
        (CalendarFeed, CalendarFeed.user_id == user_id),
        (InvitationLink, InvitationLink.user_id == user_id),
        (ConnectionBlock, or_(ConnectionBlock.blocker_id == user_id, ConnectionBlock.blocked_id == user_id)),
        (
            Connection,
            or_(Connection.requester_id == user_id, Connection.addressee_id == user_id)
            & (Connection.status != ConnectionStatus.AGREED),
        ),
    )
    for model, condition in gone:
        session.execute(delete(model).where(condition).execution_options(synchronize_session=False))


PART = PersonalData("events", _export, _erase, _leave)
