"""Leaderboards, and tiers that are kept: windows, grace, notice, and what became of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_boards"
down_revision = "0010_campaigns"
branch_labels = None
depends_on = None

TABLES = (
    *("boards", "board_runs", "board_entries", "board_buckets", "board_lanes", "board_absences", "leaderboard_cache"),
    *("tier_ladders", "tier_standings", "tier_changes"),
)


def upgrade() -> None:
    create_boards()
    create_ladders()


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS account_leaves_boards ON identity.users")
    for operation in ("new", "changed", "gone"):
        op.execute(f"DROP TRIGGER IF EXISTS boards_follow_{operation} ON engagement.counters")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE engagement.{table} CASCADE")
    op.execute(
        """
        DROP FUNCTION IF EXISTS engagement.score_code(bigint), engagement.same_code_max(bigint),
            engagement.board_above(integer, bigint), engagement.count_changes(integer, integer[]),
            engagement.may_fold(integer), engagement.keep_changes(integer, integer[]), engagement.fold_boards(),
            engagement.advance_boards(uuid[], smallint[], text[], date[], bigint[], timestamptz[]),
            engagement.follow_counters(), engagement.follow_account(), engagement.mark_presence(uuid),
            engagement.board_scores_above(integer, bigint),
            engagement.board_rank(integer, text, bigint, timestamptz, uuid),
            engagement.board_first(integer, text, bigint, timestamptz, uuid),
            engagement.board_around(integer, text, uuid, integer, uuid, boolean),
            engagement.board_top(integer, text, bigint, timestamptz, integer, integer, uuid, boolean),
            engagement.past_places(integer, integer, integer, uuid, uuid, boolean), engagement.end_run(integer),
            engagement.close_run(integer, timestamptz), engagement.board_members(uuid, integer),
            engagement.build_board(smallint, text[], date[], uuid, integer), engagement.recount_run(integer),
            engagement.verify_boards(), engagement.set_absence(uuid, text, boolean),
            engagement.forget_on_boards(uuid), engagement.mend_absences(), engagement.community_day(timestamptz),
            engagement.window_start(text, integer, date), engagement.ladder_remembers(text),
            engagement.tier_amounts(text, uuid[], timestamptz), engagement.tier_of(text, uuid, timestamptz),
            engagement.tiers_unsettled(text, integer, timestamptz), engagement.refuse_tier_change(),
            engagement.remember_tiers(text, timestamptz) CASCADE
        """
    )


def create_boards() -> None:
    op.create_table(
        "board_absences",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("reason IN ('opted_out', 'suspended', 'closed')", name=op.f("chk_board_absences_reason")),
        sa.PrimaryKeyConstraint("owner_id", "reason", name=op.f("pk_board_absences")),
        schema="engagement",
    )
    op.create_table(
        "board_buckets",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("members", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "level", "bucket", name=op.f("pk_board_buckets")),
        schema="engagement",
        postgresql_with={"fillfactor": "60"},
    )
    op.create_table(
        "board_entries",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("present", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "run_id", name=op.f("pk_board_entries")),
        schema="engagement",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "idx_board_entries_order",
        "board_entries",
        ["run_id", sa.literal_column("(-score)"), "reached_at", "owner_id"],
        unique=False,
        schema="engagement",
        postgresql_where=sa.text("present AND score > 0"),
    )
    op.create_table(
        "board_lanes",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("lane", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("changes", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "lane", name=op.f("pk_board_lanes")),
        schema="engagement",
        postgresql_with={"fillfactor": "40"},
    )
    op.create_table(
        "boards",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("metric_id", sa.SmallInteger(), nullable=False),
        sa.Column("periods", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("ranking", sa.Text(), server_default="rank", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("is_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("close_delay_h", sa.SmallInteger(), server_default=sa.text("12"), nullable=False),
        sa.Column("display_order", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("build_after", sa.Uuid(), nullable=True, comment="Up to which member its entries have been built"),
        sa.Column("build_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("build_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]{0,62}$'", name=op.f("chk_boards_code")),
        sa.CheckConstraint(
            "periods <@ ARRAY['day', 'week', 'month', 'life'] AND cardinality(periods) > 0",
            name=op.f("chk_boards_periods"),
        ),
        sa.CheckConstraint("ranking IN ('rank', 'dense', 'row')", name=op.f("chk_boards_ranking")),
        sa.CheckConstraint("status IN ('draft', 'building', 'active')", name=op.f("chk_boards_status")),
        sa.CheckConstraint("build_done BETWEEN 0 AND build_total", name=op.f("chk_boards_build_progress")),
        sa.CheckConstraint("char_length(description) <= 1000", name=op.f("chk_boards_description_length")),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 120", name=op.f("chk_boards_title_length")),
        sa.CheckConstraint("close_delay_h BETWEEN 0 AND 336", name=op.f("chk_boards_close_delay_h")),
        sa.ForeignKeyConstraint(["metric_id"], ["engagement.metrics.id"], name=op.f("fk_boards_metric_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boards")),
        sa.UniqueConstraint("program", "code", name=op.f("uq_boards_program_code")),
        schema="engagement",
    )
    op.create_index("idx_boards_metric_id", "boards", ["metric_id"], unique=False, schema="engagement")
    op.create_table(
        "board_runs",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("board_id", sa.SmallInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column(
            "members",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How many places a closed run has",
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("chk_board_runs_closed_at")),
        sa.CheckConstraint("period <> 'life' OR state = 'open'", name=op.f("chk_board_runs_life_stays_open")),
        sa.CheckConstraint("period IN ('day', 'week', 'month', 'life')", name=op.f("chk_board_runs_period")),
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", name=op.f("chk_board_runs_state")),
        sa.ForeignKeyConstraint(["board_id"], ["engagement.boards.id"], name=op.f("fk_board_runs_board_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_runs")),
        sa.UniqueConstraint(
            "board_id", "period", "period_start", name=op.f("uq_board_runs_board_id_period_period_start")
        ),
        schema="engagement",
    )
    op.create_index(
        "idx_board_runs_live",
        "board_runs",
        ["period_start"],
        unique=False,
        schema="engagement",
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "leaderboard_cache",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rank > 0 AND position > 0 AND score > 0", name=op.f("chk_leaderboard_cache_sound")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_leaderboard_cache")),
        sa.UniqueConstraint("user_id", "run_id", name=op.f("uq_leaderboard_cache_user_id_run_id")),
        schema="engagement",
    )


def create_ladders() -> None:
    op.create_table(
        "tier_changes",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("from_code", sa.String(length=100), nullable=False),
        sa.Column("to_code", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('earned', 'short', 'reversed')", name=op.f("chk_tier_changes_reason")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_changes")),
        schema="engagement",
    )
    op.create_index(
        "idx_tier_changes_owner_id", "tier_changes", ["owner_id", "program", "id"], unique=False, schema="engagement"
    )
    op.create_table(
        "tier_ladders",
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), server_default="earned", nullable=False),
        sa.Column("window_unit", sa.Text(), nullable=True),
        sa.Column("window_length", sa.SmallInteger(), nullable=True),
        sa.Column("downgrade", sa.Text(), server_default="at_once", nullable=False),
        sa.Column("review_period", sa.Text(), server_default="month", nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("notice_days", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "(basis = 'window') = (window_unit IS NOT NULL) AND (basis = 'window') = (window_length IS NOT NULL)",
            name=op.f("chk_tier_ladders_window"),
        ),
        sa.CheckConstraint("basis IN ('balance', 'earned', 'window')", name=op.f("chk_tier_ladders_basis")),
        sa.CheckConstraint("downgrade IN ('never', 'at_once', 'period_end')", name=op.f("chk_tier_ladders_downgrade")),
        sa.CheckConstraint(
            "review_period IN ('month', 'quarter', 'year')", name=op.f("chk_tier_ladders_review_period")
        ),
        sa.CheckConstraint("window_unit IN ('day', 'month', 'year')", name=op.f("chk_tier_ladders_window_unit")),
        sa.CheckConstraint(
            "grace_days BETWEEN 0 AND 730 AND notice_days BETWEEN 0 AND 365", name=op.f("chk_tier_ladders_days")
        ),
        sa.CheckConstraint("window_length BETWEEN 1 AND 3660", name=op.f("chk_tier_ladders_window_length")),
        sa.PrimaryKeyConstraint("program", name=op.f("pk_tier_ladders")),
        schema="engagement",
    )
    op.create_table(
        "tier_standings",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("tier_code", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("short_since", sa.Date(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=True, comment="When the daily review last looked"),
        sa.Column("noticed_for", sa.Date(), nullable=True, comment="The day of the fall that was announced"),
        sa.CheckConstraint(
            "(short_since IS NULL) OR (short_since <= settled_on)", name=op.f("chk_tier_standings_short_since")
        ),
        sa.ForeignKeyConstraint(
            ["program", "tier_code"],
            ["engagement.tiers.program", "engagement.tiers.code"],
            name=op.f("fk_tier_standings_program_tier_code"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", "program", name=op.f("pk_tier_standings")),
        schema="engagement",
    )
    op.create_index(
        "idx_tier_standings_reviewed_on",
        "tier_standings",
        ["program", "reviewed_on"],
        unique=False,
        schema="engagement",
    )
