"""Contributions, their archive and photos, and currency rates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "credits_0001"
down_revision = None
branch_labels = ("credits",)
depends_on = ("0004_engagement",)

TYPE = postgresql.ENUM(name="contribution_type", schema="credits", create_type=False)
STATUS = postgresql.ENUM(name="contribution_status", schema="credits", create_type=False)
VALUE_IS_TYPED = """coalesce(CASE type
    WHEN 'item_donation' THEN
        jsonb_typeof(value_json -> 'description') = 'string'
        AND CASE WHEN jsonb_typeof(value_json -> 'estimated_value') = 'number'
            THEN (value_json ->> 'estimated_value')::numeric > 0 END
    WHEN 'money' THEN
        value_json ->> 'currency' ~ '^[A-Z]{3}$'
        AND jsonb_typeof(value_json -> 'payment_method') = 'string'
        AND jsonb_typeof(value_json -> 'transaction_id') = 'string'
        AND CASE WHEN jsonb_typeof(value_json -> 'amount') = 'number'
            THEN (value_json ->> 'amount')::numeric > 0 END
    WHEN 'volunteer_hours' THEN
        jsonb_typeof(value_json -> 'activity') = 'string'
        AND value_json ->> 'date' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        AND CASE WHEN jsonb_typeof(value_json -> 'hours') = 'number'
            THEN (value_json ->> 'hours')::numeric > 0 AND (value_json ->> 'hours')::numeric <= 24 END
END, false)"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA credits")
    op.execute("CREATE TYPE credits.contribution_type AS ENUM ('item_donation', 'money', 'volunteer_hours')")
    op.execute("CREATE TYPE credits.contribution_status AS ENUM ('pending', 'approved', 'rejected')")
    op.create_table(
        "contributions_archive",
        sa.Column("archived_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column(
            "type",
            TYPE,
            nullable=False,
        ),
        sa.Column("value_json", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column(
            "status",
            STATUS,
            server_default="pending",
            nullable=False,
        ),
        sa.Column("calculated_credits", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "calculation",
            postgresql.JSONB(none_as_null=True, astext_type=Text()),
            nullable=True,
            comment="Rule, version, inputs and override that the credits came from",
        ),
        sa.Column(
            "reviewed_by", sa.Uuid(), nullable=True, comment="Who last approved, rejected, reopened or corrected it"
        ),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the member took it back before it was reviewed",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="Counts changes; a form names what it saw",
        ),
        sa.Column(
            "approvals", sa.Integer(), server_default="0", nullable=False, comment="Counts credits; part of their key"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions_archive")),
        schema="credits",
    )
    op.create_index(
        "idx_contributions_archive_user",
        "contributions_archive",
        ["user_id", sa.literal_column("created_at DESC")],
        unique=False,
        schema="credits",
    )
    op.create_table(
        "currency_rates",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("chk_currency_rates_currency")),
        sa.CheckConstraint("rate > 0 AND rate < 1000000000", name=op.f("chk_currency_rates_rate")),
        sa.PrimaryKeyConstraint("currency", "valid_from", name=op.f("pk_currency_rates")),
        schema="credits",
    )
    op.create_table(
        "contributions",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("approved_by", sa.UUID(), nullable=True),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column(
            "type",
            TYPE,
            nullable=False,
        ),
        sa.Column("value_json", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column(
            "status",
            STATUS,
            server_default="pending",
            nullable=False,
        ),
        sa.Column("calculated_credits", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "calculation",
            postgresql.JSONB(none_as_null=True, astext_type=Text()),
            nullable=True,
            comment="Rule, version, inputs and override that the credits came from",
        ),
        sa.Column(
            "reviewed_by", sa.Uuid(), nullable=True, comment="Who last approved, rejected, reopened or corrected it"
        ),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the member took it back before it was reviewed",
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="Counts changes; a form names what it saw",
        ),
        sa.Column(
            "approvals", sa.Integer(), server_default="0", nullable=False, comment="Counts credits; part of their key"
        ),
        sa.CheckConstraint(
            VALUE_IS_TYPED,
            name=op.f("chk_contributions_value_is_typed"),
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR (approved_by IS NOT NULL AND approved_at IS NOT NULL)",
            name=op.f("chk_approved_when_approved"),
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR approved_by <> user_id", name=op.f("chk_contributions_approved_by_another")
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR calculated_credits IS NOT NULL",
            name=op.f("chk_contributions_approved_has_credits"),
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR rejection_reason IS NOT NULL",
            name=op.f("chk_rejected_when_rejected"),
        ),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR status = 'rejected'", name=op.f("chk_contributions_withdrawn_is_rejected")
        ),
        sa.CheckConstraint(
            "calculated_credits >= 0 AND calculated_credits <> 'NaN'", name=op.f("chk_credits_positive")
        ),
        sa.ForeignKeyConstraint(["approved_by"], ["identity.users.id"], name=op.f("fk_contributions_approved_by")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_contributions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
        schema="credits",
        comment="Contributions of members: items, money, volunteer hours",
    )
    op.create_index(
        "idx_contributions_approved",
        "contributions",
        [sa.literal_column("approved_at DESC")],
        unique=False,
        schema="credits",
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.create_index(
        "idx_contributions_created",
        "contributions",
        [sa.literal_column("created_at DESC")],
        unique=False,
        schema="credits",
    )
    op.create_index(
        "idx_contributions_pending",
        "contributions",
        ["status", sa.literal_column("created_at DESC")],
        unique=False,
        schema="credits",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("idx_contributions_type", "contributions", ["type"], unique=False, schema="credits")
    op.create_index("idx_contributions_user", "contributions", ["user_id"], unique=False, schema="credits")
    op.create_index(
        "idx_contributions_user_status",
        "contributions",
        ["user_id", "status", sa.literal_column("created_at DESC")],
        unique=False,
        schema="credits",
    )
    op.create_index(
        "idx_contributions_value_json",
        "contributions",
        ["value_json"],
        unique=False,
        schema="credits",
        postgresql_using="gin",
    )
    op.create_index(
        "uq_contributions_payment",
        "contributions",
        [
            sa.literal_column("lower(value_json ->> 'payment_method')"),
            sa.literal_column("lower(value_json ->> 'transaction_id')"),
        ],
        unique=True,
        schema="credits",
        postgresql_where=sa.text("type = 'money' AND status <> 'rejected'"),
    )
    op.create_table(
        "photos",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("contribution_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width_px", sa.Integer(), nullable=False),
        sa.Column("height_px", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("media_type = 'image/webp'", name=op.f("chk_photos_media_type")),
        sa.CheckConstraint("octet_length(content) BETWEEN 1 AND 5242880", name=op.f("chk_photos_size")),
        sa.CheckConstraint("position BETWEEN 1 AND 5", name=op.f("chk_photos_position")),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["credits.contributions.id"],
            name=op.f("fk_photos_contribution_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        schema="credits",
    )
    op.create_index("uq_photos_position", "photos", ["contribution_id", "position"], unique=True, schema="credits")


def downgrade() -> None:
    op.execute("DROP SCHEMA credits CASCADE")
