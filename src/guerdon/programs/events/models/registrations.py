"""Who comes: registrations, what they paid, their tickets, and who brought whom."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.naming import conv

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.programs.events.models.events import SCHEMA, one_of, words


class RegistrationStatus(StrEnum):
    """Where a registration stands.

    Whoever is registered and did not come is still ``registered`` after the event: a no-show is what can be told from
    that, and a late check-in changes it.
    """

    REGISTERED = "registered"
    WAITING = "waiting"
    OFFERED = "offered"
    ATTENDED = "attended"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


LIVE = (
    RegistrationStatus.REGISTERED,
    RegistrationStatus.WAITING,
    RegistrationStatus.OFFERED,
    RegistrationStatus.ATTENDED,
)
"""A member has at most one of these for an event; the others are history."""

_LIVE_SQL = "status IN ('registered', 'waiting', 'offered', 'attended')"


class PaymentStatus(StrEnum):
    """What a registration owes; follows its payments."""

    NOT_REQUIRED = "not_required"
    PENDING = "pending"
    PAID = "paid"
    REFUNDED = "refunded"


class PaymentKind(StrEnum):
    """Which way the money goes."""

    CHARGE = "charge"
    REFUND = "refund"


class PaymentState(StrEnum):
    """Where one payment stands; a charge that was paid back whole is ``refunded``."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"


def of_registration(name: str) -> ForeignKeyConstraint:
    """The reference that makes a row's member and event those of its registration."""
    return ForeignKeyConstraint(
        ["registration_id", "user_id", "event_id"],
        ["events.registrations.id", "events.registrations.user_id", "events.registrations.event_id"],
        name=name,
    )


class Registration(Base):
    """A member's wish to attend an event, and what became of it."""

    __tablename__ = "registrations"
    __table_args__: tuple[Any, ...] = (
        one_of("status", RegistrationStatus),
        one_of("payment_status", PaymentStatus),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("(price_minor = 0) = (payment_status = 'not_required')", name="free_is_not_required"),
        CheckConstraint("status NOT IN ('waiting', 'offered') OR queue_number IS NOT NULL", name="queue_number"),
        CheckConstraint("status <> 'offered' OR offer_expires_at IS NOT NULL", name="offer_expires_at"),
        CheckConstraint("(status = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
        Index("idx_registrations_user_id", "user_id"),
        Index("idx_registrations_event_id", "event_id"),
        Index("idx_registrations_status", "status"),
        Index("uq_registrations_live", "user_id", "event_id", unique=True, postgresql_where=text(_LIVE_SQL)),
        Index("uq_registrations_queue_number", "event_id", "queue_number", unique=True),
        UniqueConstraint("id", "user_id", "event_id", name=conv("uq_registrations_derived")),
        Index("idx_registrations_offers", "offer_expires_at", postgresql_where=text("status = 'offered'")),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.events.id"))
    registration_date: Mapped[CreatedAt]
    status: Mapped[RegistrationStatus] = mapped_column(words(RegistrationStatus), server_default="registered")
    payment_status: Mapped[PaymentStatus] = mapped_column(words(PaymentStatus), server_default="pending")
    price_minor: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="The event's price when they registered"
    )
    currency: Mapped[str] = mapped_column(String(3), server_default="USD")
    is_walk_in: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    queue_number: Mapped[int | None] = mapped_column(Integer, comment="Order of the waiting list; kept afterwards")
    offered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    offer_expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancelled_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    cancellation_reason: Mapped[str | None] = mapped_column(Text)


class Payment(Base):
    """Money for a registration, or back. Amounts are positive; the kind says which way."""

    __tablename__ = "payment"
    __table_args__: tuple[Any, ...] = (
        of_registration("fk_payment_registration"),
        ForeignKeyConstraint(
            ["refunds_id", "registration_id"],
            ["events.payment.id", "events.payment.registration_id"],
            name="fk_payment_refunds",
        ),
        one_of("kind", PaymentKind),
        one_of("status", PaymentState),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("scale BETWEEN 0 AND 4", name="scale"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("(kind = 'refund') = (refunds_id IS NOT NULL)", name="refund_of_a_charge"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refunded_minor"),
        CheckConstraint("kind = 'charge' OR (refunded_minor = 0 AND status <> 'refunded')", name="refunds_stay"),
        CheckConstraint("status <> 'refunded' OR refunded_minor = amount_minor", name="refunded_whole"),
        CheckConstraint("(status = 'pending') = (settled_at IS NULL)", name="settled_at"),
        CheckConstraint("payment_channel ~ '^[a-z][a-z0-9_]*$'", name="payment_channel"),
        Index("idx_payment_registration_id", "registration_id"),
        Index("idx_payment_user_id", "user_id"),
        Index("idx_payment_event_id", "event_id"),
        Index("idx_payment_payment_date", "payment_date"),
        UniqueConstraint("id", "registration_id", name=conv("uq_payment_registration")),
        Index(
            "uq_payment_live_charge",
            "registration_id",
            unique=True,
            postgresql_where=text("kind = 'charge' AND status IN ('pending', 'paid')"),
        ),
        Index(
            "uq_payment_provider_reference",
            "provider",
            "provider_reference",
            unique=True,
            postgresql_where=text("provider_reference IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    registration_id: Mapped[UUID]
    user_id: Mapped[UUID]
    event_id: Mapped[UUID]
    kind: Mapped[PaymentKind] = mapped_column(words(PaymentKind), server_default="charge")
    status: Mapped[PaymentState] = mapped_column(words(PaymentState), server_default="pending")
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    scale: Mapped[int] = mapped_column(SmallInteger, comment="Decimals of the currency")
    amount_paid: Mapped[Decimal] = mapped_column(
        Numeric, Computed("round(amount_minor / (10::numeric ^ scale), scale)", persisted=True)
    )
    refunded_minor: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Of a charge: what refunds have given or are giving back"
    )
    refunds_id: Mapped[UUID | None]
    payment_channel: Mapped[str] = mapped_column(String(50))
    payment_date: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    provider: Mapped[str] = mapped_column(Text)
    provider_reference: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))
    reason: Mapped[str | None] = mapped_column(Text, comment="Why it was refunded, or why it failed")


class Ticket(Base):
    """What lets a registered member in. Its code is typed where nothing can scan; its QR holds a signature."""

    __tablename__ = "tickets"
    __table_args__: tuple[Any, ...] = (
        of_registration("fk_tickets_registration"),
        CheckConstraint("code ~ '^[0-9A-Z]{8,16}$'", name="code"),
        Index("uq_tickets_code", "code", unique=True),
        Index("uq_tickets_valid", "registration_id", unique=True, postgresql_where=text("revoked_at IS NULL")),
        Index("idx_tickets_user_id", "user_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    registration_id: Mapped[UUID]
    user_id: Mapped[UUID]
    event_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(String(16))
    issued_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class InvitationLink(Base):
    """A member's own code, by which those whom they bring can be told."""

    __tablename__ = "invitation_links"
    __table_args__: tuple[Any, ...] = (
        Index("uq_invitation_links_code", "code", unique=True),
        CheckConstraint("code ~ '^[0-9A-Z]{8,16}$'", name="code"),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    code: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[CreatedAt]


class Invitation(Base):
    """Who brought whom; it counts once the one who was brought attends for the first time."""

    __tablename__ = "invitations"
    __table_args__: tuple[Any, ...] = (
        CheckConstraint("inviter_id <> invitee_id", name="not_oneself"),
        CheckConstraint("(attended_at IS NULL) = (attendance_id IS NULL)", name="attended_at"),
        Index("uq_invitations_invitee_id", "invitee_id", unique=True),
        Index("idx_invitations_inviter_id", "inviter_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    inviter_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    invitee_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.events.id"))
    invited_at: Mapped[CreatedAt]
    attended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attendance_id: Mapped[UUID | None] = mapped_column(ForeignKey("events.event_attendees.id"))
