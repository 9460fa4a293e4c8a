"""Tables of leaderboards.

``board_entries`` holds the score of each member in each run of a board that is open, ``board_buckets`` how many
members have how much (with ``board_lanes``, what came since), and ``leaderboard_cache`` the runs that are closed, for
good, with ``board_finishes`` to find a member in them. Only the functions in ``sql/`` write them.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment

SCHEMA = "engagement"


class Board(Base):
    """A leaderboard over a metric, for some periods."""

    __tablename__ = "boards"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,62}$'", name="code"),
        CheckConstraint("char_length(title) BETWEEN 1 AND 120", name="title_length"),
        CheckConstraint("char_length(description) <= 1000", name="description_length"),
        CheckConstraint(
            "periods <@ ARRAY['day', 'week', 'month', 'life'] AND cardinality(periods) > 0", name="periods"
        ),
        CheckConstraint("ranking IN ('rank', 'dense', 'row')", name="ranking"),
        CheckConstraint("status IN ('draft', 'building', 'active')", name="status"),
        CheckConstraint("close_delay_h BETWEEN 0 AND 336", name="close_delay_h"),
        CheckConstraint("build_done BETWEEN 0 AND build_total", name="build_progress"),
        UniqueConstraint("program", "code"),
        Index("idx_boards_metric_id", "metric_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(SmallInteger, Identity(always=True), primary_key=True)
    program: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    metric_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("engagement.metrics.id"))
    periods: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ranking: Mapped[str] = mapped_column(Text, server_default="rank")
    status: Mapped[str] = mapped_column(Text, server_default="draft")
    is_hidden: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    close_delay_h: Mapped[int] = mapped_column(SmallInteger, server_default=text("12"))
    display_order: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    build_after: Mapped[UUID | None] = mapped_column(comment="Up to which member its entries have been built")
    build_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    build_total: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[CreatedAt]
    created_by: Mapped[UUID | None]


class BoardRun(Base):
    """One period of a board: open, being closed, or closed for good."""

    __tablename__ = "board_runs"
    __table_args__ = (
        CheckConstraint("period IN ('day', 'week', 'month', 'life')", name="period"),
        CheckConstraint("state IN ('open', 'closing', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        CheckConstraint("period <> 'life' OR state = 'open'", name="life_stays_open"),
        UniqueConstraint("board_id", "period", "period_start"),
        Index("idx_board_runs_live", "period_start", postgresql_where=text("state <> 'closed'")),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    board_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey(Board.id))
    period: Mapped[str] = mapped_column(Text)
    period_start: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="open")
    members: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="How many places a closed run has")
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BoardEntry(Base):
    """A member's score in a run that is not closed.

    A place is held by who is present and has more than nothing. ``reached_at`` is when the score became what it is.
    """

    __tablename__ = "board_entries"
    __table_args__ = (
        # By the negated score, so that one index serves comparisons of rows in the order of the board, both ways.
        Index(
            "idx_board_entries_order",
            "run_id",
            text("(-score)"),
            "reached_at",
            "owner_id",
            postgresql_where=text("present AND score > 0"),
        ),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "80"}},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    score: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[Moment]
    present: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class BoardBucket(Base):
    """How many members of a run have a score in a bucket: level 0 are scores, each level above joins 64 buckets."""

    __tablename__ = "board_buckets"
    __table_args__ = ({"schema": SCHEMA, "postgresql_with": {"fillfactor": "60"}},)

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)
    members: Mapped[int] = mapped_column(BigInteger)


board_lanes = Table(
    "board_lanes",
    Base.metadata,
    Column("run_id", Integer, primary_key=True),
    Column("lane", BigInteger, Identity(always=True), primary_key=True),
    Column("changes", ARRAY(Integer), nullable=False),
    schema=SCHEMA,
    postgresql_with={"fillfactor": "40"},
)
"""What changed since it was last folded into the buckets: ``code`` for who came to a score, ``-code`` for who left it.

Each transaction writes to a lane that nobody else holds, so writers do not wait for each other.
"""


class BoardAbsence(Base):
    """Why somebody is on no board: they opted out, or their account is suspended or closed."""

    __tablename__ = "board_absences"
    __table_args__ = (
        CheckConstraint("reason IN ('opted_out', 'suspended', 'closed')", name="reason"),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), primary_key=True)
    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    since: Mapped[CreatedAt]


class Place(Base):
    """A place in a closed run; never changed. Only the erasure of an account takes one away.

    No foreign key: a million checks at once would take memory for each place. Only ``close_run`` writes here, for a run
    that it has locked.
    """

    __tablename__ = "leaderboard_cache"
    __table_args__ = (
        CheckConstraint("rank > 0 AND position > 0 AND score > 0", name="sound"),
        {"schema": SCHEMA},
    )

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UUID]
    rank: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[Moment]


class Finish(Base):
    """At which position of a closed run a member is.

    A table of its own and not an index on the places: those are written in their order, so that each would come to
    another page of such an index, and half of a close would be waiting for memory. This is written in its own order.
    """

    __tablename__ = "board_finishes"
    __table_args__ = ({"schema": SCHEMA},)

    run_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer)


HELD_BY = and_(Finish.run_id == Place.run_id, Finish.position == Place.position)
"""How a member's places are found by their finishes."""
