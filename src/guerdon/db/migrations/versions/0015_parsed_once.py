"""What a posting writes, held to a domain and to no precision: PostgreSQL works both out once, not for each statement."""

from alembic import op

revision = "0015_parsed_once"
down_revision = "0014_room_for_updates"
branch_labels = None
depends_on = None

_SUMS = (("accounts", "earned"), ("accounts", "spent"), ("system_deltas", "amount"))


def upgrade() -> None:
    op.execute("CREATE DOMAIN ledger.amount AS bigint CONSTRAINT chk_amount_positive CHECK (VALUE > 0)")
    op.drop_constraint(op.f("chk_transfers_sound"), "transfers", schema="ledger", type_="check")
    _retype("transfers", "amount", "ledger.amount")
    for table, column in _SUMS:
        _retype(table, column, "numeric")


def downgrade() -> None:
    for table, column in _SUMS:
        _retype(table, column, "numeric(38, 0)")
    _retype("transfers", "amount", "bigint")
    op.create_check_constraint(
        op.f("chk_transfers_sound"), "transfers", "amount > 0 AND debit <> credit", schema="ledger"
    )
    op.execute("DROP DOMAIN ledger.amount")


def _retype(table: str, column: str, kind: str) -> None:
    op.execute(f"ALTER TABLE ledger.{table} ALTER COLUMN {column} TYPE {kind}")
