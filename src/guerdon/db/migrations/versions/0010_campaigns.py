"""Campaigns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_campaigns"
down_revision = "0009_recognition"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("condition", sa.Text(), server_default="true", nullable=False),
        sa.Column("multiplier_bp", sa.Integer(), nullable=False),
        sa.Column("budget_minor", sa.BigInteger(), nullable=False),
        sa.Column("returned_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{1,49}$'", name=op.f("chk_campaigns_code")),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 120", name=op.f("chk_campaigns_title_length")),
        sa.CheckConstraint("status IN ('draft', 'active', 'ended')", name=op.f("chk_campaigns_status")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("chk_campaigns_ends_after_start")),
        sa.CheckConstraint("char_length(condition) BETWEEN 1 AND 2000", name=op.f("chk_campaigns_condition_length")),
        sa.CheckConstraint("multiplier_bp BETWEEN 10001 AND 1000000", name=op.f("chk_campaigns_multiplier")),
        sa.CheckConstraint("budget_minor > 0", name=op.f("chk_campaigns_budget_positive")),
        sa.CheckConstraint("returned_minor BETWEEN 0 AND budget_minor", name=op.f("chk_campaigns_returned")),
        sa.CheckConstraint(
            "(status = 'draft') = (activated_at IS NULL) AND (status = 'draft') = (budget_id IS NULL)"
            " AND (status = 'ended') = (ended_at IS NOT NULL)",
            name=op.f("chk_campaigns_life"),
        ),
        sa.ForeignKeyConstraint(["unit_code"], ["ledger.units.code"], name=op.f("fk_campaigns_unit_code")),
        sa.ForeignKeyConstraint(["budget_id"], ["ledger.owners.id"], name=op.f("fk_campaigns_budget_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("code", name=op.f("uq_campaigns_code")),
        schema="engagement",
    )
    op.create_index(
        "idx_campaigns_active",
        "campaigns",
        ["ends_at"],
        schema="engagement",
        postgresql_where=sa.text("status = 'active'"),
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION IF EXISTS engagement.guard_campaign() CASCADE")
    op.drop_table("campaigns", schema="engagement")
