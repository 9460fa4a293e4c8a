"""Activities, what counts them, and what rules grant for them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_activities"
down_revision = "0006_people"
branch_labels = None
depends_on = None

PERIODS = "period IN ('day', 'week', 'month', 'life')"
TABLES = (
    *("rule_grants", "distinct_values", "counters", "metrics", "activity_withdrawals", "activities", "members"),
    *("activity_kinds", "community"),
)


def rule_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("multipliers", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("multiplier_min_bp", sa.Integer(), server_default="0", nullable=False),
        sa.Column("multiplier_max_bp", sa.Integer(), server_default="100000", nullable=False),
        sa.Column("caps", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cool_down_s", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("maturity_s", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("budget", sa.Text(), nullable=True),
        sa.Column("transfer_kind", sa.Text(), server_default="award", nullable=False),
    ]


RULE_CHECKS = {
    "documents": "jsonb_typeof(multipliers) = 'array' AND jsonb_typeof(caps) = 'object'",
    "multiplier_bounds": "multiplier_min_bp >= 0 AND multiplier_max_bp BETWEEN multiplier_min_bp AND 1000000",
    "waits": "cool_down_s >= 0 AND maturity_s >= 0",
}


def upgrade() -> None:
    for column in rule_columns():
        op.add_column("rules", column, schema="engagement")
    for name, condition in RULE_CHECKS.items():
        op.create_check_constraint(op.f(f"chk_rules_{name}"), "rules", condition, schema="engagement")
    create_definitions()
    create_activities()
    create_counters()


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TABLE engagement.{table} CASCADE")
    op.execute(
        """
        DROP FUNCTION IF EXISTS engagement.refuse_change(), engagement.mark_revision(), engagement.forget(uuid) CASCADE;
        DROP FUNCTION IF EXISTS engagement.earned(uuid, smallint, bigint, timestamptz),
            engagement.earned_metric(smallint), engagement.period_start(text, date),
            engagement.whole(numeric), engagement.apart(text), engagement.earnings(uuid, uuid)
        """
    )
    for name in RULE_CHECKS:
        op.drop_constraint(op.f(f"chk_rules_{name}"), "rules", schema="engagement")
    for column in rule_columns():
        op.drop_column("rules", column.name, schema="engagement")


def create_definitions() -> None:
    op.create_table(
        "community",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("revision", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("chk_community_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_community")),
        schema="engagement",
    )
    op.create_table(
        "activity_kinds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("by_member", sa.Boolean(), nullable=False),
        sa.CheckConstraint("jsonb_typeof(properties) = 'object'", name=op.f("chk_activity_kinds_properties_object")),
        sa.CheckConstraint("name LIKE program || '.%'", name=op.f("chk_activity_kinds_name_of_program")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_activity_kinds")),
        schema="engagement",
    )
    op.create_table(
        "metrics",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("activity_kinds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("aggregate", sa.Text(), nullable=False),
        sa.Column("property", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), server_default="true", nullable=False),
        sa.Column("zone", sa.Text(), server_default="community", nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint(
            "aggregate IN ('count', 'sum', 'distinct', 'max', 'earned')", name=op.f("chk_metrics_aggregate")
        ),
        sa.CheckConstraint("(aggregate = 'earned') = (unit_id IS NOT NULL)", name=op.f("chk_metrics_earned_of_unit")),
        sa.CheckConstraint(
            "(aggregate IN ('sum', 'distinct', 'max')) = (property IS NOT NULL)",
            name=op.f("chk_metrics_property_of_aggregate"),
        ),
        sa.CheckConstraint("zone IN ('community', 'member')", name=op.f("chk_metrics_zone")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_metrics_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("program", "code", name=op.f("uq_metrics_program_code")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_metrics_unit_id")),
        schema="engagement",
    )


def create_activities() -> None:
    op.create_table(
        "members",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("first_recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["identity.users.id"], name=op.f("fk_members_owner_id")),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_members")),
        schema="engagement",
    )
    op.create_table(
        "activities",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reference_type", sa.Text(), nullable=True),
        sa.Column("reference_id", sa.Uuid(), nullable=True),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_activities")),
        sa.UniqueConstraint("owner_id", "idempotency_key", name="uq_activities_idempotency_key"),
        schema="engagement",
    )
    op.create_table(
        "activity_withdrawals",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "char_length(reason) BETWEEN 3 AND 500", name=op.f("chk_activity_withdrawals_reason_length")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id", "activity_id"],
            ["engagement.activities.owner_id", "engagement.activities.id"],
            name=op.f("fk_activity_withdrawals_owner_id_activity_id"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "activity_id", name=op.f("pk_activity_withdrawals")),
        schema="engagement",
    )


def period() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("period", sa.String(length=5, collation="C"), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
    )


def create_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=False),
        *period(),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(PERIODS, name=op.f("chk_counters_period")),
        sa.PrimaryKeyConstraint("owner_id", "metric_id", "period", "period_start", name=op.f("pk_counters")),
        schema="engagement",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_table(
        "distinct_values",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=False),
        *period(),
        sa.Column("value_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(PERIODS, name=op.f("chk_distinct_values_period")),
        sa.PrimaryKeyConstraint(
            "owner_id", "metric_id", "period", "period_start", "value_hash", name=op.f("pk_distinct_values")
        ),
        schema="engagement",
    )
    op.create_table(
        "rule_grants",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.String(collation="C"), nullable=False),
        sa.Column("rule_code", sa.String(collation="C"), nullable=False),
        *period(),
        sa.Column("granted_minor", sa.BigInteger(), nullable=False),
        sa.Column("acts", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(PERIODS, name=op.f("chk_rule_grants_period")),
        sa.CheckConstraint("granted_minor >= 0 AND acts >= 0", name=op.f("chk_rule_grants_not_negative")),
        sa.PrimaryKeyConstraint(
            "owner_id", "program", "rule_code", "period", "period_start", name=op.f("pk_rule_grants")
        ),
        schema="engagement",
        postgresql_with={"fillfactor": "80"},
    )
