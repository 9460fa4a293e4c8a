"""Who came, and what follows from it: attendance, connections, results, special awards."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.naming import conv

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey
from guerdon.programs.events.models.events import SCHEMA, one_of, words
from guerdon.programs.events.models.registrations import of_registration


class AttendanceStatus(StrEnum):
    """Whether an attendance holds."""

    ATTENDED = "attended"
    WITHDRAWN = "withdrawn"


class CheckInMethod(StrEnum):
    """How somebody came in."""

    TICKET = "ticket"
    CODE = "code"
    STAFF = "staff"
    WALK_IN = "walk_in"


class ConnectionStatus(StrEnum):
    """Whether both sides agree."""

    REQUESTED = "requested"
    AGREED = "agreed"
    DECLINED = "declined"


def of_attendance(name: str, attendance: str, user: str) -> ForeignKeyConstraint:
    """The reference that makes a row's member and event those of an attendance."""
    return ForeignKeyConstraint(
        [attendance, user, "event_id"],
        ["events.event_attendees.id", "events.event_attendees.user_id", "events.event_attendees.event_id"],
        name=name,
    )


class Attendance(Base):
    """A member came. Made by check-in alone; a mistaken one is withdrawn with a reason, and stays."""

    __tablename__ = "event_attendees"
    __table_args__: tuple[Any, ...] = (
        of_registration("fk_event_attendees_registration"),
        one_of("status", AttendanceStatus),
        one_of("method", CheckInMethod),
        CheckConstraint("check_out_time >= check_in_time", name="out_after_in"),
        CheckConstraint("method <> 'staff' OR reason IS NOT NULL", name="staff_say_why"),
        CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL AND withdrawal_reason IS NOT NULL)",
            name="withdrawn_at",
        ),
        Index("idx_event_attendees_user_id", "user_id"),
        Index("idx_event_attendees_event_id", "event_id"),
        Index(
            "uq_event_attendees_once", "user_id", "event_id", unique=True, postgresql_where=text("status = 'attended'")
        ),
        UniqueConstraint("id", "user_id", "event_id", name=conv("uq_event_attendees_derived")),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    registration_id: Mapped[UUID]
    user_id: Mapped[UUID]
    event_id: Mapped[UUID]
    status: Mapped[AttendanceStatus] = mapped_column(words(AttendanceStatus), server_default="attended")
    check_in_time: Mapped[Moment]
    check_out_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    method: Mapped[CheckInMethod] = mapped_column(words(CheckInMethod))
    ticket_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.tickets.id"))
    checked_in_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    reason: Mapped[str | None] = mapped_column(Text, comment="Why staff let somebody in without a ticket")
    activity_id: Mapped[UUID | None] = mapped_column(comment="What engagement made of it")
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]


class Connection(Base):
    """Two members who met at an event and say so, both."""

    __tablename__ = "connections"
    __table_args__: tuple[Any, ...] = (
        of_attendance("fk_connections_requester", "requester_attendance_id", "requester_id"),
        of_attendance("fk_connections_addressee", "addressee_attendance_id", "addressee_id"),
        one_of("status", ConnectionStatus),
        CheckConstraint("requester_id <> addressee_id", name="not_oneself"),
        CheckConstraint("(status = 'requested') = (answered_at IS NULL)", name="answered_at"),
        Index(
            "uq_connections_pair",
            text("least(requester_id, addressee_id)"),
            text("greatest(requester_id, addressee_id)"),
            unique=True,
            postgresql_where=text("status <> 'declined'"),
        ),
        Index("idx_connections_requester_id", "requester_id"),
        Index("idx_connections_addressee_id", "addressee_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    event_id: Mapped[UUID]
    requester_id: Mapped[UUID]
    addressee_id: Mapped[UUID]
    requester_attendance_id: Mapped[UUID]
    addressee_attendance_id: Mapped[UUID]
    status: Mapped[ConnectionStatus] = mapped_column(words(ConnectionStatus), server_default="requested")
    requested_at: Mapped[CreatedAt]
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Result(Base):
    """How an attendee did: the first place won. Those who shared a place have the same."""

    __tablename__ = "event_results"
    __table_args__: tuple[Any, ...] = (
        of_attendance("fk_event_results_attendance", "attendance_id", "user_id"),
        CheckConstraint("placed BETWEEN 1 AND 100", name="placed"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn_at"),
        Index(
            "uq_event_results_once", "user_id", "event_id", unique=True, postgresql_where=text("withdrawn_at IS NULL")
        ),
        Index("idx_event_results_event_id", "event_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    attendance_id: Mapped[UUID]
    user_id: Mapped[UUID]
    event_id: Mapped[UUID]
    placed: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[str | None] = mapped_column(String(200))
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    recorded_at: Mapped[CreatedAt]
    activity_id: Mapped[UUID | None] = mapped_column(comment="What engagement made of it")
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)


class Award(Base):
    """Points that staff give for a special activity."""

    __tablename__ = "special_awards"
    __table_args__: tuple[Any, ...] = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("length(btrim(title)) > 0", name="title"),
        CheckConstraint("awarded_by <> user_id", name="by_another"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn_at"),
        Index("idx_special_awards_user_id", "user_id"),
        Index("idx_special_awards_event_id", "event_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.events.id"))
    title: Mapped[str] = mapped_column(String(200))
    points: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    awarded_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    awarded_at: Mapped[CreatedAt]
    activity_id: Mapped[UUID | None] = mapped_column(comment="What engagement made of it")
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
