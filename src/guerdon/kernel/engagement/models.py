"""Tables of the engagement kernel: rules by version, and tiers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, UuidKey

SCHEMA = "engagement"


class Rule(Base):
    """One version of a rule. Once in force it is locked: a trigger refuses changes to what it says."""

    __tablename__ = "rules"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'active', 'retired')", name="status"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("char_length(condition) <= 2000 AND char_length(amount) <= 2000", name="expression_length"),
        CheckConstraint("jsonb_typeof(params) = 'object'", name="params_object"),
        CheckConstraint("(status = 'draft') = (activated_at IS NULL)", name="activated_at"),
        CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name="retired_at"),
        CheckConstraint("jsonb_typeof(multipliers) = 'array' AND jsonb_typeof(caps) = 'object'", name="documents"),
        CheckConstraint(
            "multiplier_min_bp >= 0 AND multiplier_max_bp BETWEEN multiplier_min_bp AND 1000000",
            name="multiplier_bounds",
        ),
        CheckConstraint("cool_down_s >= 0 AND maturity_s >= 0", name="waits"),
        UniqueConstraint("program", "code", "version"),
        Index("uq_rules_in_force", "program", "code", unique=True, postgresql_where=text("status = 'active'")),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    program: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    activity_kind: Mapped[str] = mapped_column(Text)
    unit_code: Mapped[str] = mapped_column(Text, ForeignKey("ledger.units.code"))
    condition: Mapped[str] = mapped_column(Text, server_default="true")
    amount: Mapped[str] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    multipliers: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    multiplier_min_bp: Mapped[int] = mapped_column(Integer, server_default="0")
    multiplier_max_bp: Mapped[int] = mapped_column(Integer, server_default="100000")
    caps: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    cool_down_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    maturity_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    budget: Mapped[str | None] = mapped_column(Text)
    transfer_kind: Mapped[str] = mapped_column(Text, server_default="award")
    note: Mapped[str] = mapped_column(Text, server_default="")
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class TierStep(Base):
    """A tier of a program: who has earned at least its threshold, all time and net of reversals, stands on it."""

    __tablename__ = "tiers"
    __table_args__ = (
        CheckConstraint("threshold_minor >= 0", name="threshold"),
        UniqueConstraint("program", "threshold_minor"),
        {"schema": SCHEMA},
    )

    program: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"))
    threshold_minor: Mapped[int] = mapped_column(BigInteger)
