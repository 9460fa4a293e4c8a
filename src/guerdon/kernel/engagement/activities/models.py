"""Tables of activities: what happened, what counts it, and what rules have granted for it.

Every hot table leads its keys with ``owner_id``, as the ledger's do. Activities are written once and never changed; a
trigger and the privileges of the application's role see to it. What turns out not to have been so is withdrawn by a row
of its own.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment

SCHEMA = "engagement"
PERIODS = "'day', 'week', 'month', 'life'"


class Community(Base):
    """The one row about the community: its zone, and a mark that changes with every rule, metric and kind.

    Processes keep what they have compiled under that mark. It is random, so that what a transaction saw that was
    undone can never be taken for what another one wrote.
    """

    __tablename__ = "community"
    __table_args__ = (CheckConstraint("only_row", name="only_row"), {"schema": SCHEMA})

    only_row: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    time_zone: Mapped[str] = mapped_column(Text)
    revision: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))


class ActivityKindRow(Base):
    """A kind of fact that a program knows: its properties by name, each with its type (``int``, ``str?``, …)."""

    __tablename__ = "activity_kinds"
    __table_args__ = (
        CheckConstraint("jsonb_typeof(properties) = 'object'", name="properties_object"),
        CheckConstraint("name LIKE program || '.%'", name="name_of_program"),
        {"schema": SCHEMA},
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    properties: Mapped[dict[str, str]] = mapped_column(JSONB)
    outside: Mapped[bool] = mapped_column(Boolean)
    by_member: Mapped[bool] = mapped_column(Boolean)


class Member(Base):
    """Who has activities; the row is locked while something is recorded about them."""

    __tablename__ = "members"
    __table_args__ = ({"schema": SCHEMA},)

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    first_recorded_at: Mapped[CreatedAt]


class FormerZone(Base):
    """The zone that a member had up to an activity of theirs; a trigger keeps it when they move.

    Where that activity is the last one before several moves, it is the zone before the first.
    """

    __tablename__ = "former_zones"
    __table_args__ = ({"schema": SCHEMA},)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    time_zone: Mapped[str] = mapped_column(Text)


class Activity(Base):
    """One fact, and all that followed from it. Ids of a member's activities sort in the order of recording."""

    __tablename__ = "activities"
    __table_args__ = (
        UniqueConstraint("owner_id", "idempotency_key", name="uq_activities_idempotency_key"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[Moment]
    recorded_at: Mapped[Moment]
    idempotency_key: Mapped[UUID]
    key: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    reference_type: Mapped[str | None] = mapped_column(Text)
    reference_id: Mapped[UUID | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ActivityWithdrawal(Base):
    """An activity that turned out not to have been so: who said it, why, and what was taken back."""

    __tablename__ = "activity_withdrawals"
    __table_args__ = (
        CheckConstraint("char_length(reason) BETWEEN 3 AND 500", name="reason_length"),
        ForeignKeyConstraint(
            ["owner_id", "activity_id"], ["engagement.activities.owner_id", "engagement.activities.id"]
        ),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text)
    withdrawn_at: Mapped[Moment]
    outcome: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Metric(Base):
    """What is counted of members: an aggregate over activities of some kinds, or what they earn of a unit."""

    __tablename__ = "metrics"
    __table_args__ = (
        CheckConstraint("aggregate IN ('count', 'sum', 'distinct', 'max', 'earned')", name="aggregate"),
        CheckConstraint("(aggregate = 'earned') = (unit_id IS NOT NULL)", name="earned_of_unit"),
        CheckConstraint(
            "(aggregate IN ('sum', 'distinct', 'max')) = (property IS NOT NULL)", name="property_of_aggregate"
        ),
        CheckConstraint("zone IN ('community', 'member')", name="zone"),
        UniqueConstraint("program", "code"),
        UniqueConstraint("unit_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(SmallInteger, Identity(always=True), primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    activity_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    aggregate: Mapped[str] = mapped_column(Text)
    property: Mapped[str | None] = mapped_column(Text)
    condition: Mapped[str] = mapped_column(Text, server_default="true")
    zone: Mapped[str] = mapped_column(Text, server_default="community")
    unit_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"))


class Counter(Base):
    """The value of a metric for a member in one period. ``period_start`` is 0001-01-01 for ``life``.

    ``reached_at`` is when the fact happened that brought the value to what it is, for placing members with the same.
    """

    __tablename__ = "counters"
    __table_args__ = (
        CheckConstraint(f"period IN ({PERIODS})", name="period"),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "50"}},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    period: Mapped[str] = mapped_column(String(5, collation="C"), primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[Moment]


class DistinctValue(Base):
    """A value that a ``distinct`` metric has counted for a member in one period, as a digest."""

    __tablename__ = "distinct_values"
    __table_args__ = (CheckConstraint(f"period IN ({PERIODS})", name="period"), {"schema": SCHEMA})

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    period: Mapped[str] = mapped_column(String(5, collation="C"), primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    value_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class RuleGrant(Base):
    """What a rule has granted a member in one period, in all its versions; for caps and cool-down."""

    __tablename__ = "rule_grants"
    __table_args__ = (
        CheckConstraint(f"period IN ({PERIODS})", name="period"),
        CheckConstraint("granted_minor >= 0 AND acts >= 0", name="not_negative"),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "50"}},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    program: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    rule_code: Mapped[str] = mapped_column(String(collation="C"), primary_key=True)
    period: Mapped[str] = mapped_column(String(5, collation="C"), primary_key=True)
    period_start: Mapped[date] = mapped_column(Date, primary_key=True)
    granted_minor: Mapped[int] = mapped_column(BigInteger)
    acts: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
