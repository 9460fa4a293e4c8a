"""Rules by version, and tiers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0004_engagement"
down_revision = "0003_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA engagement")
    op.create_table(
        "rules",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("activity_kind", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), server_default="true", nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'draft') = (activated_at IS NULL)", name=op.f("chk_rules_activated_at")),
        sa.CheckConstraint("(status = 'retired') = (retired_at IS NOT NULL)", name=op.f("chk_rules_retired_at")),
        sa.CheckConstraint("jsonb_typeof(params) = 'object'", name=op.f("chk_rules_params_object")),
        sa.CheckConstraint("status IN ('draft', 'active', 'retired')", name=op.f("chk_rules_status")),
        sa.CheckConstraint(
            "char_length(condition) <= 2000 AND char_length(amount) <= 2000", name=op.f("chk_rules_expression_length")
        ),
        sa.CheckConstraint("version > 0", name=op.f("chk_rules_version")),
        sa.ForeignKeyConstraint(["unit_code"], ["ledger.units.code"], name=op.f("fk_rules_unit_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("program", "code", "version", name=op.f("uq_rules_program_code_version")),
        schema="engagement",
    )
    op.create_index(
        "uq_rules_in_force",
        "rules",
        ["program", "code"],
        unique=True,
        schema="engagement",
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "tiers",
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("threshold_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("threshold_minor >= 0", name=op.f("chk_tiers_threshold")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_tiers_unit_id")),
        sa.PrimaryKeyConstraint("program", "code", name=op.f("pk_tiers")),
        sa.UniqueConstraint("program", "threshold_minor", name=op.f("uq_tiers_program_threshold_minor")),
        schema="engagement",
    )


def downgrade() -> None:
    op.execute("DROP SCHEMA engagement CASCADE")
