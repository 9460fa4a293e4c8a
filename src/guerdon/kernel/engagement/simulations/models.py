"""The table of simulations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "engagement"


class Simulation(Base):
    """A version of a rule applied to what happened in a period, some members at a time.

    ``tally`` is what has been found so far, the result when ``status`` is ``done``; ``after_id`` the member at whom it
    goes on.
    """

    __tablename__ = "simulations"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'done', 'failed')", name="status"),
        CheckConstraint("until > since", name="period"),
        CheckConstraint("members_done BETWEEN 0 AND members_total", name="members"),
        CheckConstraint("(status = 'running') = (ended_at IS NULL)", name="ended_at"),
        Index("idx_simulations_rule", "rule_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    rule_id: Mapped[UUID] = mapped_column(ForeignKey("engagement.rules.id", ondelete="CASCADE"))
    since: Mapped[Moment]
    until: Mapped[Moment]
    status: Mapped[str] = mapped_column(Text, server_default="running")
    members_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    members_total: Mapped[int] = mapped_column(Integer)
    after_id: Mapped[UUID | None]
    tally: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    problem: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
