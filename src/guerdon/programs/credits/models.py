"""Tables of the credits program. Balances and credit transactions are views on the ledger (``sql/30_views.sql``)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.sql.naming import conv

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "credits"


class ContributionType(StrEnum):
    """What a member gives."""

    ITEM_DONATION = "item_donation"
    MONEY = "money"
    VOLUNTEER_HOURS = "volunteer_hours"


class ContributionStatus(StrEnum):
    """Where a contribution stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


def _enum(kind: type[StrEnum], name: str) -> Enum:
    return Enum(kind, name=name, schema=SCHEMA, values_callable=lambda each: [member.value for member in each])


TYPE = _enum(ContributionType, "contribution_type")
STATUS = _enum(ContributionStatus, "contribution_status")

VALUE_IS_TYPED = """coalesce(CASE type
    WHEN 'item_donation' THEN
        jsonb_typeof(value_json -> 'description') = 'string'
        AND CASE WHEN jsonb_typeof(value_json -> 'estimated_value') = 'number'
            THEN (value_json ->> 'estimated_value')::numeric > 0 END
    WHEN 'money' THEN
        value_json ->> 'currency' ~ '^[A-Z]{3}$'
        AND jsonb_typeof(value_json -> 'payment_method') = 'string'
        AND jsonb_typeof(value_json -> 'transaction_id') = 'string'
        AND CASE WHEN jsonb_typeof(value_json -> 'amount') = 'number'
            THEN (value_json ->> 'amount')::numeric > 0 END
    WHEN 'volunteer_hours' THEN
        jsonb_typeof(value_json -> 'activity') = 'string'
        AND value_json ->> 'date' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        AND CASE WHEN jsonb_typeof(value_json -> 'hours') = 'number'
            THEN (value_json ->> 'hours')::numeric > 0 AND (value_json ->> 'hours')::numeric <= 24 END
END, false)"""
"""What each type needs, so that no view or sum can stumble over a text where a number belongs."""


class _ContributionColumns:
    """The columns that a contribution has, in the archive too."""

    id: Mapped[UuidKey]
    user_id: Mapped[UUID]
    approved_by: Mapped[UUID | None]
    type: Mapped[ContributionType] = mapped_column(TYPE)
    value_json: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[ContributionStatus] = mapped_column(STATUS, server_default="pending")
    calculated_credits: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    approved_at: Mapped[Moment | None]
    rejection_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    calculation: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Rule, version, inputs and override that the credits came from"
    )
    reviewed_by: Mapped[UUID | None] = mapped_column(comment="Who last approved, rejected, reopened or corrected it")
    reviewed_at: Mapped[Moment | None]
    withdrawn_at: Mapped[Moment | None] = mapped_column(comment="When the member took it back before it was reviewed")
    revision: Mapped[int] = mapped_column(
        Integer, server_default="1", comment="Counts changes; a form names what it saw"
    )
    approvals: Mapped[int] = mapped_column(Integer, server_default="0", comment="Counts credits; part of their key")


class Contribution(_ContributionColumns, Base):
    """What a member gave, and what became of it."""

    __tablename__ = "contributions"

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805 - SQLAlchemy calls it on the class
        return (
            # NaN counts as larger than any number in PostgreSQL.
            CheckConstraint(
                "calculated_credits >= 0 AND calculated_credits <> 'NaN'", name=conv("chk_credits_positive")
            ),
            CheckConstraint(
                "status <> 'approved' OR (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
                name=conv("chk_approved_when_approved"),
            ),
            CheckConstraint(
                "status <> 'rejected' OR rejection_reason IS NOT NULL", name=conv("chk_rejected_when_rejected")
            ),
            CheckConstraint("status <> 'approved' OR calculated_credits IS NOT NULL", name="approved_has_credits"),
            CheckConstraint("status <> 'approved' OR approved_by <> user_id", name="approved_by_another"),
            CheckConstraint("withdrawn_at IS NULL OR status = 'rejected'", name="withdrawn_is_rejected"),
            CheckConstraint(VALUE_IS_TYPED, name="value_is_typed"),
            Index("idx_contributions_user", "user_id"),
            Index(
                "idx_contributions_pending",
                "status",
                text("created_at DESC"),
                postgresql_where=text("status = 'pending'"),
            ),
            Index("idx_contributions_created", text("created_at DESC")),
            Index("idx_contributions_type", "type"),
            Index("idx_contributions_approved", text("approved_at DESC"), postgresql_where=text("status = 'approved'")),
            Index("idx_contributions_user_status", "user_id", "status", text("created_at DESC")),
            Index("idx_contributions_value_json", "value_json", postgresql_using="gin"),
            Index(
                "uq_contributions_payment",
                text("lower(value_json ->> 'payment_method')"),
                text("lower(value_json ->> 'transaction_id')"),
                unique=True,
                postgresql_where=text("type = 'money' AND status <> 'rejected'"),
            ),
            {"schema": SCHEMA, "comment": "Contributions of members: items, money, volunteer hours"},
        )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"))
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("identity.users.id"))


class ArchivedContribution(_ContributionColumns, Base):
    """A contribution that was rejected long ago; moved here by ``credits.archive_rejected``."""

    __tablename__ = "contributions_archive"
    __table_args__ = (
        Index("idx_contributions_archive_user", "user_id", text("created_at DESC")),
        {"schema": SCHEMA},
    )

    archived_at: Mapped[CreatedAt]


class Photo(Base):
    """A photo of a donated item: re-encoded, so without location data, and bounded in size."""

    __tablename__ = "photos"
    __table_args__ = (
        CheckConstraint("media_type = 'image/webp'", name="media_type"),
        CheckConstraint("position BETWEEN 1 AND 5", name="position"),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 5242880", name="size"),
        Index("uq_photos_position", "contribution_id", "position", unique=True),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    contribution_id: Mapped[UUID] = mapped_column(ForeignKey("credits.contributions.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(SmallInteger)
    media_type: Mapped[str] = mapped_column(Text)
    width_px: Mapped[int] = mapped_column(Integer)
    height_px: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[CreatedAt]


class CurrencyRate(Base):
    """What one unit of a currency is worth in the unit of cash that the rules count in, from a moment on."""

    __tablename__ = "currency_rates"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("rate > 0 AND rate < 1000000000", name="rate"),
        {"schema": SCHEMA},
    )

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(24, 12))
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
