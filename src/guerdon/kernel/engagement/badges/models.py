"""Tables of badges: what they are, who has which level since when, and the credentials that prove it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey
from guerdon.kernel.engagement.badges.seeds import LEVEL_MAX

SCHEMA = "engagement"


class Badge(Base):
    """A badge as it is defined now; its former versions stand in ``badge_versions``."""

    __tablename__ = "badges"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,63}$'", name="code"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 120 AND char_length(description) <= 1000", name="texts"),
        CheckConstraint("colour ~ '^#[0-9a-f]{6}$'", name="colour"),
        CheckConstraint("kind IN ('total', 'window', 'periods', 'streak', 'hand')", name="kind"),
        CheckConstraint("(kind IN ('total', 'window', 'periods')) = (metric_id IS NOT NULL)", name="metric"),
        CheckConstraint("(kind = 'streak') = (streak_id IS NOT NULL)", name="streak"),
        # "window" is a reserved word of SQL.
        CheckConstraint(
            "CASE kind WHEN 'window' THEN within IS NOT NULL AND within IN ('day', 'week', 'month')"
            " WHEN 'periods' THEN within IS NOT NULL AND within IN ('week', 'month') ELSE within IS NULL END",
            name="within",
        ),
        CheckConstraint("minimum > 0", name="minimum"),
        CheckConstraint("version > 0", name="version"),
        UniqueConstraint("program", "code"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    program: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    icon: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    category: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    metric_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("engagement.metrics.id"))
    streak_id: Mapped[UUID | None] = mapped_column(ForeignKey("engagement.streaks.id"))
    within: Mapped[str | None] = mapped_column(Text)
    minimum: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    hidden: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    display_order: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class BadgeLevel(Base):
    """A level of a badge: what it needs and what it earns."""

    __tablename__ = "badge_levels"
    __table_args__ = (
        CheckConstraint(f"level BETWEEN 1 AND {LEVEL_MAX}", name="level"),
        CheckConstraint("threshold > 0", name="threshold"),
        CheckConstraint("(unit_id IS NULL) = (amount_minor = 0) AND amount_minor >= 0", name="reward"),
        {"schema": SCHEMA},
    )

    badge_id: Mapped[UUID] = mapped_column(ForeignKey(Badge.id), primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    threshold: Mapped[int] = mapped_column(BigInteger)
    unit_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class BadgeVersion(Base):
    """What a badge said in each of its versions. Rows are added only."""

    __tablename__ = "badge_versions"
    __table_args__ = ({"schema": SCHEMA},)

    badge_id: Mapped[UUID] = mapped_column(ForeignKey(Badge.id), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_by: Mapped[UUID | None]
    reason: Mapped[str] = mapped_column(Text, server_default="")
    changed_at: Mapped[CreatedAt]


class MemberBadge(Base):
    """A badge that a member has, at the highest level that stands. One row; its level rises."""

    __tablename__ = "member_badges"
    __table_args__ = (
        CheckConstraint(f"level BETWEEN 1 AND {LEVEL_MAX}", name="level"),
        Index("idx_member_badges_badge_id", "badge_id"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    badge_id: Mapped[UUID] = mapped_column(ForeignKey(Badge.id), primary_key=True)
    id: Mapped[UUID] = mapped_column(server_default=text("uuidv7()"))
    level: Mapped[int] = mapped_column(SmallInteger)
    first_earned_at: Mapped[Moment]
    earned_at: Mapped[Moment]


class EarnedLevel(Base):
    """A level that a member earned or was given, and what became of it. One stands for each level."""

    __tablename__ = "earned_levels"
    __table_args__ = (
        CheckConstraint(f"level BETWEEN 1 AND {LEVEL_MAX}", name="level"),
        CheckConstraint("how IN ('criteria', 'hand', 'elsewhere')", name="how"),
        CheckConstraint("(how = 'hand') = (awarded_by IS NOT NULL)", name="awarded_by"),
        CheckConstraint("awarded_by <> owner_id", name="awarded_by_another"),
        CheckConstraint("char_length(reason) <= 500 AND char_length(revoke_reason) <= 500", name="reasons"),
        CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name="revoked"),
        CheckConstraint(
            "reward_minor >= 0 AND taken_back_minor BETWEEN 0 AND reward_minor"
            " AND (reward_minor > 0) <= (unit_id IS NOT NULL)",
            name="reward",
        ),
        Index(
            "uq_earned_levels_standing",
            "owner_id",
            "badge_id",
            "level",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("idx_earned_levels_badge_id", "badge_id", "earned_at"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UuidKey]
    badge_id: Mapped[UUID] = mapped_column(ForeignKey(Badge.id))
    level: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer)
    how: Mapped[str] = mapped_column(Text)
    value: Mapped[int | None] = mapped_column(BigInteger)
    awarded_by: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(Text)
    earned_at: Mapped[Moment]
    recorded_at: Mapped[CreatedAt]
    unit_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"))
    reward_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    taken_back_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    revoked_at: Mapped[Moment | None]
    revoked_by: Mapped[UUID | None]
    revoke_reason: Mapped[str | None] = mapped_column(Text)


class BadgeBackfill(Base):
    """Giving a badge to everybody who meets it already: how far that has come."""

    __tablename__ = "badge_backfills"
    __table_args__ = (
        CheckConstraint("done BETWEEN 0 AND total AND awarded >= 0", name="progress"),
        Index("uq_badge_backfills_running", "badge_id", unique=True, postgresql_where=text("finished_at IS NULL")),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    badge_id: Mapped[UUID] = mapped_column(ForeignKey(Badge.id))
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[CreatedAt]
    after_owner_id: Mapped[UUID | None] = mapped_column(comment="Members up to this one are done")
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    awarded: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CredentialKey(Base):
    """A key that signs credentials, its private half encrypted; a retired one still verifies."""

    __tablename__ = "credential_keys"
    __table_args__ = (
        Index("uq_credential_keys_present", text("(true)"), unique=True, postgresql_where=text("retired_at IS NULL")),
        {"schema": SCHEMA},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True, comment="Thumbprint of the public key (RFC 7638)")
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[Moment | None]


class BadgeCredential(Base):
    """A signed credential that a member asked for, found by an id that nobody can guess."""

    __tablename__ = "badge_credentials"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "earned_level_id"],
            ["engagement.earned_levels.owner_id", "engagement.earned_levels.id"],
        ),
        CheckConstraint("char_length(public_id) >= 22", name="public_id"),
        CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name="revoked"),
        Index(
            "uq_badge_credentials_valid",
            "owner_id",
            "earned_level_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UuidKey]
    earned_level_id: Mapped[UUID]
    public_id: Mapped[str] = mapped_column(Text, unique=True)
    key_id: Mapped[str] = mapped_column(Text, ForeignKey(CredentialKey.id))
    token: Mapped[str] = mapped_column(Text, deferred=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shown_name: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    revoke_reason: Mapped[str | None] = mapped_column(Text)
