"""Room on their pages for a second version of every row that batches change."""

from alembic import op

revision = "0014_room_for_updates"
down_revision = "0013_cheaper_checks"
branch_labels = None
depends_on = None

_TABLES = (("ledger.accounts", 70), ("engagement.counters", 80), ("engagement.rule_grants", 80))
_HALF = 50


def upgrade() -> None:
    for table, _ in _TABLES:
        _fill(table, _HALF)


def downgrade() -> None:
    for table, before in _TABLES:
        _fill(table, before)


def _fill(table: str, percent: int) -> None:
    op.execute(f"ALTER TABLE {table} SET (fillfactor = {percent})")
