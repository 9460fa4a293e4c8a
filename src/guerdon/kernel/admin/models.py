"""Tables of administration: the audit log, and how long what is kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.kernel.identity.models import User


class AuditLog(Base):
    """One act of somebody, for ever: rows are added, never changed or removed."""

    __tablename__ = "audit_logs"
    __table_args__ = (
        CheckConstraint("actor_type IN ('user', 'system', 'api')", name="actor_type"),
        Index("idx_audit_logs_actor_user_id", "actor_user_id", postgresql_where=text("actor_user_id IS NOT NULL")),
        Index("idx_audit_logs_action", "action"),
        Index("idx_audit_logs_timestamp", "timestamp", "id"),
        Index("idx_audit_logs_resource", "resource_type", "resource_id"),
        {"schema": "admin"},
    )

    id: Mapped[UuidKey]
    actor_user_id: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    actor_type: Mapped[str] = mapped_column(String(20))
    actor_ip: Mapped[str | None] = mapped_column(INET)
    action: Mapped[str] = mapped_column(String(100))
    resource_type: Mapped[str] = mapped_column(String(50))
    resource_id: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True))
    old_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    new_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str | None] = mapped_column(Text)
    # "metadata" is taken in SQLAlchemy's models, so the attribute is called otherwise.
    context: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSONB(none_as_null=True))
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    request_id: Mapped[str | None] = mapped_column(String(100))
    user_agent: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]


class RetentionPolicy(Base):
    """How long one kind of data is kept; the operator may change the number, code says what it applies to."""

    __tablename__ = "retention_policies"
    __table_args__ = (
        CheckConstraint("keep_days BETWEEN 1 AND 36500", name="keep_days"),
        CheckConstraint("code ~ '^[a-z][a-z_]*[.][a-z][a-z_]*$'", name="code"),
        {"schema": "admin"},
    )

    code: Mapped[str] = mapped_column(String(80), primary_key=True)
    keep_days: Mapped[int] = mapped_column(Integer)
    last_run_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_removed: Mapped[int | None] = mapped_column(Integer)
