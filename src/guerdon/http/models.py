"""Tables of the HTTP edge: answers kept for repeated requests, and how fast somebody asks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt


class IdempotencyRecord(Base):
    """The answer to a write that came with an ``Idempotency-Key``; ``status`` is NULL only inside its transaction."""

    __tablename__ = "idempotency_records"
    __table_args__ = (
        CheckConstraint("octet_length(request_hash) = 32", name="request_hash_length"),
        CheckConstraint("status BETWEEN 200 AND 399", name="status"),
        Index(None, "created_at"),
        {"schema": "http"},
    )

    owner_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), primary_key=True)
    key: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), primary_key=True)
    route: Mapped[str] = mapped_column(Text)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class RateWindow(Base):
    """When somebody will have used up what they spent of a limit. Unlogged: losing it in a crash costs nothing."""

    __tablename__ = "rate_windows"
    __table_args__ = (Index(None, "due_at"), {"schema": "http", "prefixes": ["UNLOGGED"]})

    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
