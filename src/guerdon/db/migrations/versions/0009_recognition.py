"""Streaks and badges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_recognition"
down_revision = "0007_activities"
branch_labels = None
depends_on = None

TABLES = (
    *("badge_credentials", "credential_keys", "badge_backfills", "earned_levels", "member_badges", "badge_versions"),
    *("badge_levels", "badges", "streak_bonuses", "streak_pardons", "streak_pauses", "streak_runs", "streaks"),
)


def upgrade() -> None:
    create_streaks()
    create_badges()
    create_what_members_have()
    create_credentials()


def create_streaks() -> None:
    op.create_table(
        "streaks",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("freeze_every", sa.SmallInteger(), server_default=sa.text("4"), nullable=False),
        sa.Column("freeze_max", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
        sa.Column("bonus_unit_id", sa.SmallInteger(), nullable=True),
        sa.Column("bonus_minor", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("milestones", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("pause_periods_max", sa.SmallInteger(), server_default=sa.text("8"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,63}$'", name=op.f("chk_streaks_code")),
        sa.CheckConstraint("period IN ('day', 'week', 'month')", name=op.f("chk_streaks_period")),
        sa.CheckConstraint(
            "(bonus_unit_id IS NULL) = (cardinality(bonus_minor) = 0)", name=op.f("chk_streaks_bonus_unit")
        ),
        sa.CheckConstraint(
            "0 < ALL (milestones) AND cardinality(milestones) <= 50", name=op.f("chk_streaks_milestones")
        ),
        sa.CheckConstraint(
            "0 <= ALL (bonus_minor) AND cardinality(bonus_minor) <= 400", name=op.f("chk_streaks_bonus")
        ),
        sa.CheckConstraint("freeze_every >= 0 AND freeze_max >= 0", name=op.f("chk_streaks_freezes")),
        sa.CheckConstraint("minimum > 0", name=op.f("chk_streaks_minimum")),
        sa.CheckConstraint("pause_periods_max >= 0", name=op.f("chk_streaks_pauses")),
        sa.ForeignKeyConstraint(["bonus_unit_id"], ["ledger.units.id"], name=op.f("fk_streaks_bonus_unit_id")),
        sa.ForeignKeyConstraint(["metric_id"], ["engagement.metrics.id"], name=op.f("fk_streaks_metric_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_streaks")),
        sa.UniqueConstraint("program", "code", name=op.f("uq_streaks_program_code")),
        schema="engagement",
    )
    op.create_table(
        "streak_runs",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("streak_id", sa.UUID(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("longest", sa.Integer(), nullable=False),
        sa.Column("freezes", sa.SmallInteger(), nullable=False),
        sa.Column("started", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(last IS NULL) = (current = 0) AND (last IS NULL) = (started IS NULL)", name=op.f("chk_streak_runs_dates")
        ),
        sa.CheckConstraint(
            "current >= 0 AND longest >= current AND freezes >= 0", name=op.f("chk_streak_runs_numbers")
        ),
        sa.ForeignKeyConstraint(["streak_id"], ["engagement.streaks.id"], name=op.f("fk_streak_runs_streak_id")),
        sa.PrimaryKeyConstraint("owner_id", "streak_id", name=op.f("pk_streak_runs")),
        schema="engagement",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index("idx_streak_runs_last", "streak_runs", ["streak_id", "last"], unique=False, schema="engagement")
    op.create_table(
        "streak_pauses",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("streak_id", sa.UUID(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(reason) <= 500", name=op.f("chk_streak_pauses_reason_length")),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("chk_streak_pauses_ends_later")),
        sa.ForeignKeyConstraint(["streak_id"], ["engagement.streaks.id"], name=op.f("fk_streak_pauses_streak_id")),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_streak_pauses")),
        schema="engagement",
    )
    op.create_index(
        "idx_streak_pauses_streak_id", "streak_pauses", ["owner_id", "streak_id"], unique=False, schema="engagement"
    )
    op.create_table(
        "streak_pardons",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("streak_id", sa.UUID(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(reason) BETWEEN 3 AND 500", name=op.f("chk_streak_pardons_reason")),
        sa.ForeignKeyConstraint(["streak_id"], ["engagement.streaks.id"], name=op.f("fk_streak_pardons_streak_id")),
        sa.PrimaryKeyConstraint("owner_id", "streak_id", "period_start", name=op.f("pk_streak_pardons")),
        schema="engagement",
    )
    op.create_table(
        "streak_bonuses",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("streak_id", sa.UUID(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column(
            "posted",
            sa.SmallInteger(),
            nullable=False,
            comment="Transfers made for it so far; each has the next number in its key",
        ),
        sa.CheckConstraint("length > 0 AND paid_minor >= 0 AND posted >= 0", name=op.f("chk_streak_bonuses_numbers")),
        sa.ForeignKeyConstraint(["streak_id"], ["engagement.streaks.id"], name=op.f("fk_streak_bonuses_streak_id")),
        sa.PrimaryKeyConstraint("owner_id", "streak_id", "period_start", name=op.f("pk_streak_bonuses")),
        schema="engagement",
    )


def create_badges() -> None:
    op.create_table(
        "badges",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("icon", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=True),
        sa.Column("streak_id", sa.UUID(), nullable=True),
        sa.Column("within", sa.Text(), nullable=True),
        sa.Column("minimum", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("display_order", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(kind = 'streak') = (streak_id IS NOT NULL)", name=op.f("chk_badges_streak")),
        sa.CheckConstraint(
            "(kind IN ('total', 'window', 'periods')) = (metric_id IS NOT NULL)", name=op.f("chk_badges_metric")
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'window' THEN within IS NOT NULL AND within IN ('day', 'week', 'month')"
            " WHEN 'periods' THEN within IS NOT NULL AND within IN ('week', 'month') ELSE within IS NULL END",
            name=op.f("chk_badges_within"),
        ),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,63}$'", name=op.f("chk_badges_code")),
        sa.CheckConstraint("colour ~ '^#[0-9a-f]{6}$'", name=op.f("chk_badges_colour")),
        sa.CheckConstraint("kind IN ('total', 'window', 'periods', 'streak', 'hand')", name=op.f("chk_badges_kind")),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 120 AND char_length(description) <= 1000", name=op.f("chk_badges_texts")
        ),
        sa.CheckConstraint("minimum > 0", name=op.f("chk_badges_minimum")),
        sa.CheckConstraint("version > 0", name=op.f("chk_badges_version")),
        sa.ForeignKeyConstraint(["metric_id"], ["engagement.metrics.id"], name=op.f("fk_badges_metric_id")),
        sa.ForeignKeyConstraint(["streak_id"], ["engagement.streaks.id"], name=op.f("fk_badges_streak_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badges")),
        sa.UniqueConstraint("program", "code", name=op.f("uq_badges_program_code")),
        schema="engagement",
    )
    op.create_table(
        "badge_levels",
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(unit_id IS NULL) = (amount_minor = 0) AND amount_minor >= 0", name=op.f("chk_badge_levels_reward")
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("chk_badge_levels_level")),
        sa.CheckConstraint("threshold > 0", name=op.f("chk_badge_levels_threshold")),
        sa.ForeignKeyConstraint(["badge_id"], ["engagement.badges.id"], name=op.f("fk_badge_levels_badge_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_badge_levels_unit_id")),
        sa.PrimaryKeyConstraint("badge_id", "level", name=op.f("pk_badge_levels")),
        schema="engagement",
    )
    op.create_table(
        "badge_versions",
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["badge_id"], ["engagement.badges.id"], name=op.f("fk_badge_versions_badge_id")),
        sa.PrimaryKeyConstraint("badge_id", "version", name=op.f("pk_badge_versions")),
        schema="engagement",
    )


def create_what_members_have() -> None:
    op.create_table(
        "member_badges",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("first_earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("chk_member_badges_level")),
        sa.ForeignKeyConstraint(["badge_id"], ["engagement.badges.id"], name=op.f("fk_member_badges_badge_id")),
        sa.PrimaryKeyConstraint("owner_id", "badge_id", name=op.f("pk_member_badges")),
        schema="engagement",
    )
    op.create_index("idx_member_badges_badge_id", "member_badges", ["badge_id"], unique=False, schema="engagement")
    op.create_table(
        "earned_levels",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("awarded_by", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=True),
        sa.Column("reward_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("taken_back_minor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(how = 'hand') = (awarded_by IS NOT NULL)", name=op.f("chk_earned_levels_awarded_by")),
        sa.CheckConstraint("how IN ('criteria', 'hand')", name=op.f("chk_earned_levels_how")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoke_reason IS NULL)", name=op.f("chk_earned_levels_revoked")),
        sa.CheckConstraint("awarded_by <> owner_id", name=op.f("chk_earned_levels_awarded_by_another")),
        sa.CheckConstraint(
            "char_length(reason) <= 500 AND char_length(revoke_reason) <= 500", name=op.f("chk_earned_levels_reasons")
        ),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("chk_earned_levels_level")),
        sa.CheckConstraint(
            "reward_minor >= 0 AND taken_back_minor BETWEEN 0 AND reward_minor"
            " AND (reward_minor > 0) <= (unit_id IS NOT NULL)",
            name=op.f("chk_earned_levels_reward"),
        ),
        sa.ForeignKeyConstraint(["badge_id"], ["engagement.badges.id"], name=op.f("fk_earned_levels_badge_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_earned_levels_unit_id")),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_earned_levels")),
        schema="engagement",
    )
    op.create_index(
        "idx_earned_levels_badge_id", "earned_levels", ["badge_id", "earned_at"], unique=False, schema="engagement"
    )
    op.create_index(
        "uq_earned_levels_standing",
        "earned_levels",
        ["owner_id", "badge_id", "level"],
        unique=True,
        schema="engagement",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "badge_backfills",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("badge_id", sa.UUID(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("after_owner_id", sa.Uuid(), nullable=True, comment="Members up to this one are done"),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("awarded", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("done BETWEEN 0 AND total AND awarded >= 0", name=op.f("chk_badge_backfills_progress")),
        sa.ForeignKeyConstraint(["badge_id"], ["engagement.badges.id"], name=op.f("fk_badge_backfills_badge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_badge_backfills")),
        schema="engagement",
    )
    op.create_index(
        "uq_badge_backfills_running",
        "badge_backfills",
        ["badge_id"],
        unique=True,
        schema="engagement",
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def create_credentials() -> None:
    op.create_table(
        "credential_keys",
        sa.Column("id", sa.Text(), nullable=False, comment="Thumbprint of the public key (RFC 7638)"),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential_keys")),
        schema="engagement",
    )
    op.create_index(
        "uq_credential_keys_present",
        "credential_keys",
        [sa.literal_column("(true)")],
        unique=True,
        schema="engagement",
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "badge_credentials",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("earned_level_id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shown_name", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoke_reason IS NULL)", name=op.f("chk_badge_credentials_revoked")
        ),
        sa.CheckConstraint("char_length(public_id) >= 22", name=op.f("chk_badge_credentials_public_id")),
        sa.ForeignKeyConstraint(
            ["key_id"], ["engagement.credential_keys.id"], name=op.f("fk_badge_credentials_key_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "earned_level_id"],
            ["engagement.earned_levels.owner_id", "engagement.earned_levels.id"],
            name=op.f("fk_badge_credentials_owner_id_earned_level_id"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_badge_credentials")),
        sa.UniqueConstraint("public_id", name=op.f("uq_badge_credentials_public_id")),
        schema="engagement",
    )
    op.create_index(
        "uq_badge_credentials_valid",
        "badge_credentials",
        ["owner_id", "earned_level_id"],
        unique=True,
        schema="engagement",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def downgrade() -> None:
    for function in ("public_credential(text)", "revoked_credentials()", "badge_holders()"):
        op.execute(f"DROP FUNCTION IF EXISTS engagement.{function}")
    for table in TABLES:
        op.drop_table(table, schema="engagement")
