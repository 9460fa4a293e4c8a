"""The table of campaigns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "engagement"
MULTIPLIER_BP_MIN = 10_001
MULTIPLIER_BP_MAX = 1_000_000


class Campaign(Base):
    """A multiplier on awards, for a time, for those whom its condition fits, as far as its budget goes.

    A draft is edited freely. What has been activated says what it says for ever: a trigger refuses changes. The budget
    is the available pocket of ``budget_id``, a bounded owner on the ledger; ``returned_minor`` is what was left at the
    end, so that budget - balance - returned is what it paid.
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,49}$'", name="code"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 120", name="title_length"),
        CheckConstraint("status IN ('draft', 'active', 'ended')", name="status"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("char_length(condition) BETWEEN 1 AND 2000", name="condition_length"),
        CheckConstraint(f"multiplier_bp BETWEEN {MULTIPLIER_BP_MIN} AND {MULTIPLIER_BP_MAX}", name="multiplier"),
        CheckConstraint("budget_minor > 0", name="budget_positive"),
        CheckConstraint("returned_minor BETWEEN 0 AND budget_minor", name="returned"),
        CheckConstraint(
            "(status = 'draft') = (activated_at IS NULL) AND (status = 'draft') = (budget_id IS NULL)"
            " AND (status = 'ended') = (ended_at IS NOT NULL)",
            name="life",
        ),
        Index("idx_campaigns_active", "ends_at", postgresql_where=text("status = 'active'")),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    code: Mapped[str] = mapped_column(Text, unique=True)
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    unit_code: Mapped[str] = mapped_column(Text, ForeignKey("ledger.units.code"))
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    condition: Mapped[str] = mapped_column(Text, server_default="true")
    multiplier_bp: Mapped[int] = mapped_column(Integer)
    budget_minor: Mapped[int] = mapped_column(BigInteger)
    returned_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    budget_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger.owners.id"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
