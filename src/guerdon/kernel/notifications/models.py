"""Tables of notifications: the outbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.kernel.identity.models import User


class OutboxMessage(Base):
    """A message on its way. Address and text are encrypted, and forgotten after 30 days."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'sms')", name="channel"),
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state"),
        CheckConstraint("(state IN ('sent', 'failed')) = (settled_at IS NOT NULL)", name="settled_at"),
        CheckConstraint("state <> 'sending' OR claimed_at IS NOT NULL", name="claimed_at"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("uq_outbox_dedupe_key", "dedupe_key", unique=True),
        Index("idx_outbox_created_at", "created_at", "id"),
        Index("idx_outbox_user_id", "user_id"),
        Index("idx_outbox_open", "created_at", postgresql_where=text("state IN ('queued', 'sending')")),
        {"schema": "notifications"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    kind: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(String(16))
    recipient_hint: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    dedupe_key: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="queued")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    claimed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    useful_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
