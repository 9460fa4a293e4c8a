"""Tables of streaks: what they are, where members stand, and what was done for them by hand."""

from datetime import date
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "engagement"
LENGTH_MAX = 100_000


class Streak(Base):
    """A streak: which counter has to reach how much in each day, week or month, and what that earns."""

    __tablename__ = "streaks"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,63}$'", name="code"),
        CheckConstraint("period IN ('day', 'week', 'month')", name="period"),
        CheckConstraint("minimum > 0", name="minimum"),
        CheckConstraint("freeze_every >= 0 AND freeze_max >= 0", name="freezes"),
        CheckConstraint("pause_periods_max >= 0", name="pauses"),
        CheckConstraint("(bonus_unit_id IS NULL) = (cardinality(bonus_minor) = 0)", name="bonus_unit"),
        CheckConstraint("0 <= ALL (bonus_minor) AND cardinality(bonus_minor) <= 400", name="bonus"),
        CheckConstraint("0 < ALL (milestones) AND cardinality(milestones) <= 50", name="milestones"),
        UniqueConstraint("program", "code"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    program: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    metric_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("engagement.metrics.id"))
    period: Mapped[str] = mapped_column(Text)
    minimum: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    freeze_every: Mapped[int] = mapped_column(SmallInteger, server_default=text("4"))
    freeze_max: Mapped[int] = mapped_column(SmallInteger, server_default=text("2"))
    bonus_unit_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"))
    bonus_minor: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    milestones: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    pause_periods_max: Mapped[int] = mapped_column(SmallInteger, server_default=text("8"))
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[Moment | None]


class StreakRun(Base):
    """Where a member stood with their last active period. What has lapsed since is computed when it is read."""

    __tablename__ = "streak_runs"
    __table_args__ = (
        CheckConstraint("current >= 0 AND longest >= current AND freezes >= 0", name="numbers"),
        CheckConstraint("(last IS NULL) = (current = 0) AND (last IS NULL) = (started IS NULL)", name="dates"),
        Index("idx_streak_runs_last", "streak_id", "last"),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "80"}},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    streak_id: Mapped[UUID] = mapped_column(ForeignKey(Streak.id), primary_key=True)
    current: Mapped[int] = mapped_column(Integer)
    longest: Mapped[int] = mapped_column(Integer)
    freezes: Mapped[int] = mapped_column(SmallInteger)
    started: Mapped[date | None] = mapped_column(Date)
    last: Mapped[date | None] = mapped_column(Date)
    updated_at: Mapped[CreatedAt]


class StreakPause(Base):
    """Periods that a member has off, from the first day of one to the first day of another."""

    __tablename__ = "streak_pauses"
    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="ends_later"),
        CheckConstraint("char_length(reason) <= 500", name="reason_length"),
        Index("idx_streak_pauses_streak_id", "owner_id", "streak_id"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UuidKey]
    streak_id: Mapped[UUID] = mapped_column(ForeignKey(Streak.id))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    created_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[CreatedAt]


class StreakPardon(Base):
    """A missed period that staff forgave: it neither breaks nor lengthens."""

    __tablename__ = "streak_pardons"
    __table_args__ = (CheckConstraint("char_length(reason) BETWEEN 3 AND 500", name="reason"), {"schema": SCHEMA})

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    streak_id: Mapped[UUID] = mapped_column(ForeignKey(Streak.id), primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    actor_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]


class StreakBonusPaid(Base):
    """What a period of a streak has earned so far, net of what a withdrawal took back."""

    __tablename__ = "streak_bonuses"
    __table_args__ = (
        CheckConstraint("length > 0 AND paid_minor >= 0 AND posted >= 0", name="numbers"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    streak_id: Mapped[UUID] = mapped_column(ForeignKey(Streak.id), primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    length: Mapped[int] = mapped_column(Integer)
    paid_minor: Mapped[int] = mapped_column(BigInteger)
    posted: Mapped[int] = mapped_column(
        SmallInteger, comment="Transfers made for it so far; each has the next number in its key"
    )
