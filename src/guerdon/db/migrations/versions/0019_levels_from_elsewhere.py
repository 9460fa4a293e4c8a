"""Levels of badges that members bring along from another system."""

from alembic import op

revision = "0019_levels_from_elsewhere"
down_revision = "0018_former_zones"
branch_labels = None
depends_on = None

NAME = "chk_earned_levels_how"


def upgrade() -> None:
    _say("'criteria', 'hand', 'elsewhere'")


def downgrade() -> None:
    op.execute("UPDATE engagement.earned_levels SET how = 'criteria' WHERE how = 'elsewhere'")
    _say("'criteria', 'hand'")


def _say(ways: str) -> None:
    op.drop_constraint(op.f(NAME), "earned_levels", schema="engagement", type_="check")
    op.create_check_constraint(op.f(NAME), "earned_levels", f"how IN ({ways})", schema="engagement")
