"""Calendar feeds, and blocks between members."""

import sqlalchemy as sa
from alembic import op

revision = "events_0002"
down_revision = "events_0001"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "inviter_of(text)",
    "fellow_attendees(uuid, uuid)",
    "feed_owner(bytea)",
)


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("chk_calendar_feeds_token_hash")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_calendar_feeds_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendar_feeds")),
        schema="events",
    )
    op.create_index("uq_calendar_feeds_token_hash", "calendar_feeds", ["token_hash"], unique=True, schema="events")
    op.create_table(
        "connection_blocks",
        sa.Column("blocker_id", sa.UUID(), nullable=False),
        sa.Column("blocked_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("blocker_id <> blocked_id", name=op.f("chk_connection_blocks_not_oneself")),
        sa.ForeignKeyConstraint(["blocked_id"], ["identity.users.id"], name=op.f("fk_connection_blocks_blocked_id")),
        sa.ForeignKeyConstraint(["blocker_id"], ["identity.users.id"], name=op.f("fk_connection_blocks_blocker_id")),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name=op.f("pk_connection_blocks")),
        schema="events",
    )
    op.create_index(
        "idx_connection_blocks_blocked_id", "connection_blocks", ["blocked_id"], unique=False, schema="events"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS ticket_voided ON events.registrations")
    op.execute("DROP FUNCTION IF EXISTS events.void_ticket()")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION IF EXISTS events.{function}")
    op.drop_table("connection_blocks", schema="events")
    op.drop_table("calendar_feeds", schema="events")
