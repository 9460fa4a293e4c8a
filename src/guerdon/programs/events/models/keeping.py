"""What members keep for themselves: the address of their calendar, and whom they want nothing to do with."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt
from guerdon.programs.events.models.events import SCHEMA


class CalendarFeed(Base):
    """The secret address under which a member's calendar is read; only its hash is kept."""

    __tablename__ = "calendar_feeds"
    __table_args__: tuple[Any, ...] = (
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        Index("uq_calendar_feeds_token_hash", "token_hash", unique=True),
        {"schema": SCHEMA},
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class ConnectionBlock(Base):
    """A member who wants no connection with another; the other is not told."""

    __tablename__ = "connection_blocks"
    __table_args__: tuple[Any, ...] = (
        CheckConstraint("blocker_id <> blocked_id", name="not_oneself"),
        Index("idx_connection_blocks_blocked_id", "blocked_id"),
        {"schema": SCHEMA},
    )

    blocker_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    blocked_id: Mapped[UUID] = mapped_column(ForeignKey("identity.users.id"), primary_key=True)
    created_at: Mapped[CreatedAt]
