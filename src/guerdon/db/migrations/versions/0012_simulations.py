"""Simulations of rules on what has happened."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0012_simulations"
down_revision = "0011_boards"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "simulations",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), server_default="running", nullable=False),
        sa.Column("members_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("members_total", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("tally", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'done', 'failed')", name=op.f("chk_simulations_status")),
        sa.CheckConstraint("until > since", name=op.f("chk_simulations_period")),
        sa.CheckConstraint("members_done BETWEEN 0 AND members_total", name=op.f("chk_simulations_members")),
        sa.CheckConstraint("(status = 'running') = (ended_at IS NULL)", name=op.f("chk_simulations_ended_at")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["engagement.rules.id"], name=op.f("fk_simulations_rule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulations")),
        schema="engagement",
    )
    op.create_index("idx_simulations_rule", "simulations", ["rule_id"], schema="engagement")


def downgrade() -> None:
    op.drop_table("simulations", schema="engagement")
