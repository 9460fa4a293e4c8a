"""Tables of tiers that are kept: how a program's ladder works, where members stand on it, and how they came there."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, Moment, UuidKey

SCHEMA = "engagement"


class TierLadder(Base):
    """How a program's tiers are reached and kept; a program without a row counts all that was ever earned."""

    __tablename__ = "tier_ladders"
    __table_args__ = (
        CheckConstraint("basis IN ('balance', 'earned', 'window')", name="basis"),
        CheckConstraint("window_unit IN ('day', 'month', 'year')", name="window_unit"),
        CheckConstraint(
            "(basis = 'window') = (window_unit IS NOT NULL) AND (basis = 'window') = (window_length IS NOT NULL)",
            name="window",
        ),
        CheckConstraint("window_length BETWEEN 1 AND 3660", name="window_length"),
        CheckConstraint("downgrade IN ('never', 'at_once', 'period_end')", name="downgrade"),
        CheckConstraint("review_period IN ('month', 'quarter', 'year')", name="review_period"),
        CheckConstraint("grace_days BETWEEN 0 AND 730 AND notice_days BETWEEN 0 AND 365", name="days"),
        {"schema": SCHEMA},
    )

    program: Mapped[str] = mapped_column(Text, primary_key=True)
    basis: Mapped[str] = mapped_column(Text, server_default="earned")
    window_unit: Mapped[str | None] = mapped_column(Text)
    window_length: Mapped[int | None] = mapped_column(SmallInteger)
    downgrade: Mapped[str] = mapped_column(Text, server_default="at_once")
    review_period: Mapped[str] = mapped_column(Text, server_default="month")
    grace_days: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    notice_days: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class TierStandingRow(Base):
    """Where a member stands, as far as it has been settled: what came since is settled when it is looked at."""

    __tablename__ = "tier_standings"
    __table_args__ = (
        CheckConstraint("(short_since IS NULL) OR (short_since <= settled_on)", name="short_since"),
        ForeignKeyConstraint(
            ["program", "tier_code"], ["engagement.tiers.program", "engagement.tiers.code"], onupdate="CASCADE"
        ),
        Index("idx_tier_standings_reviewed_on", "program", "reviewed_on"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_code: Mapped[str] = mapped_column(Text)
    since: Mapped[Moment]
    short_since: Mapped[date | None] = mapped_column(Date)
    settled_on: Mapped[date] = mapped_column(Date)
    reviewed_on: Mapped[date | None] = mapped_column(Date, comment="When the daily review last looked")
    noticed_for: Mapped[date | None] = mapped_column(Date, comment="The day of the fall that was announced")


class TierChange(Base):
    """A rise or a fall; never changed."""

    __tablename__ = "tier_changes"
    __table_args__ = (
        CheckConstraint("reason IN ('earned', 'short', 'reversed')", name="reason"),
        Index("idx_tier_changes_owner_id", "owner_id", "program", "id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    owner_id: Mapped[UUID]
    program: Mapped[str] = mapped_column(Text)
    from_code: Mapped[str] = mapped_column(String(100))
    to_code: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(20))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
