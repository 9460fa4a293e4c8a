"""Closing a period writes in order: no random id for each place, and members are found in a table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0017_cheaper_closes"
down_revision = "0016_cheaper_postings"
branch_labels = None
depends_on = None

_BY_MEMBER = "uq_leaderboard_cache_user_id_run_id"


def upgrade() -> None:
    op.create_table(
        "board_finishes",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "user_id", name=op.f("pk_board_finishes")),
        schema="engagement",
    )
    op.execute(
        "INSERT INTO engagement.board_finishes (run_id, user_id, position)"
        " SELECT run_id, user_id, position FROM engagement.leaderboard_cache ORDER BY run_id, user_id"
    )
    op.drop_constraint(op.f(_BY_MEMBER), "leaderboard_cache", schema="engagement")
    op.drop_column("leaderboard_cache", "id", schema="engagement")


def downgrade() -> None:
    op.add_column(
        "leaderboard_cache",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        schema="engagement",
    )
    op.create_unique_constraint(op.f(_BY_MEMBER), "leaderboard_cache", ["user_id", "run_id"], schema="engagement")
    op.drop_table("board_finishes", schema="engagement")
