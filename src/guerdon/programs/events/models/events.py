"""What there is to go to: types of events, series, events."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Enum

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "events"


def words(kind: type[StrEnum], length: int = 50) -> Enum:
    """A column of words as the seed has them: text, with its values in a CHECK of the table's own."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=length,
        values_callable=lambda each: [member.value for member in each],
    )


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """The CHECK that keeps a column to the words of an enumeration."""
    values = ", ".join(f"'{member.value}'" for member in kind)
    return CheckConstraint(f"{column} IN ({values})", name=column)


class EventStatus(StrEnum):
    """Where an event stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class EventType(Base):
    """A kind of event, such as a trivia night, and what attending one is worth unless the event says otherwise."""

    __tablename__ = "event_types"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name="code"),
        CheckConstraint("default_points >= 0", name="default_points"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        {"schema": SCHEMA},
    )

    code: Mapped[str] = mapped_column(String(50), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    default_points: Mapped[int] = mapped_column(Integer, server_default="0")
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[CreatedAt]


class Series(Base):
    """A weekly repetition as it was asked for; since then its events may have been moved, one by one or together."""

    __tablename__ = "series"
    __table_args__ = (
        CheckConstraint("interval_weeks BETWEEN 1 AND 52", name="interval_weeks"),
        CheckConstraint("cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'", name="weekdays"),
        CheckConstraint("ends_on >= starts_on", name="ends_on"),
        CheckConstraint("duration_s > 0", name="duration_s"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    interval_weeks: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger), comment="ISO: 1 is Monday")
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    exceptions: Mapped[list[date]] = mapped_column(ARRAY(Date), server_default=text("'{}'"))
    start_local: Mapped[time] = mapped_column(Time)
    duration_s: Mapped[int] = mapped_column(Integer)
    time_zone: Mapped[str] = mapped_column(Text)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    created_at: Mapped[CreatedAt]


class Event(Base):
    """Something to go to.

    ``places_taken``, ``waiting`` and ``queue_last`` are kept by the database as registrations come and go
    (``sql/20_places.sql``), so that no path can give away more places than there are.
    """

    __tablename__ = "events"
    __table_args__: tuple[Any, ...] = (
        one_of("status", EventStatus),
        CheckConstraint("end_time > start_time", name="end_after_start"),
        CheckConstraint("max_participants >= 1", name="max_participants"),
        CheckConstraint("points_reward >= 0", name="points_reward"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("places_taken >= 0 AND waiting >= 0 AND queue_last >= 0", name="counts"),
        CheckConstraint("places_taken <= max_participants", name="places_within_capacity"),
        CheckConstraint("length(btrim(title)) > 0", name="title"),
        CheckConstraint("map_url ~ '^https?://'", name="map_url"),
        CheckConstraint("status = 'draft' OR published_at IS NOT NULL OR status = 'cancelled'", name="published_at"),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_reason IS NOT NULL)",
            name="cancelled_at",
        ),
        CheckConstraint("offer_s BETWEEN 600 AND 1209600", name="offer_s"),
        CheckConstraint("(series_id IS NULL) = (occurrence IS NULL)", name="occurrence"),
        Index("idx_events_start_time", "start_time"),
        Index("idx_events_event_type", "event_type"),
        Index("uq_events_occurrence", "series_id", "occurrence", unique=True),
        {"schema": SCHEMA, "comment": "Events that members register for and attend"},
    )

    id: Mapped[UuidKey]
    title: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    event_type: Mapped[str] = mapped_column(String(50), ForeignKey("events.event_types.code"))
    location: Mapped[str] = mapped_column(String(255))
    map_url: Mapped[str | None] = mapped_column(Text)
    start_time: Mapped[Moment]
    end_time: Mapped[Moment]
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    max_participants: Mapped[int | None] = mapped_column(Integer, comment="NULL: as many as come")
    points_reward: Mapped[int | None] = mapped_column(Integer, comment="NULL: what the type gives; 0: none")
    price_minor: Mapped[int] = mapped_column(BigInteger, server_default="0", comment="In the currency's smallest unit")
    currency: Mapped[str] = mapped_column(String(3), server_default="USD")
    walk_ins_allowed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    offer_s: Mapped[int] = mapped_column(
        Integer, server_default="86400", comment="How long a freed place is offered to the next who waits"
    )
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.series.id"))
    occurrence: Mapped[date | None] = mapped_column(Date, comment="Its day in the series, which moving it keeps")
    status: Mapped[EventStatus] = mapped_column(words(EventStatus), server_default="draft")
    is_active: Mapped[bool] = mapped_column(Boolean, Computed("status = 'published'", persisted=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    places_taken: Mapped[int] = mapped_column(Integer, server_default="0", comment="Registered, offered or attended")
    waiting: Mapped[int] = mapped_column(Integer, server_default="0", comment="On the waiting list")
    queue_last: Mapped[int] = mapped_column(Integer, server_default="0", comment="Last number of the waiting list")
    revision: Mapped[int] = mapped_column(Integer, server_default="1", comment="Counts changes of what it says")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
