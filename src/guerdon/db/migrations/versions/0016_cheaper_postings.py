"""What a posting writes, held to what PostgreSQL works out once and not for each statement and row."""

from alembic import op

revision = "0016_cheaper_postings"
down_revision = "0015_short_outcomes"
branch_labels = None
depends_on = None

_SUMS = (("accounts", "earned"), ("accounts", "spent"), ("system_deltas", "amount"))
_KEYS = ("owner_id", "unit_id", "pocket")


def upgrade() -> None:
    op.execute("CREATE DOMAIN ledger.amount AS bigint CONSTRAINT chk_amount_positive CHECK (VALUE > 0)")
    op.drop_constraint(op.f("chk_transfers_sound"), "transfers", schema="ledger", type_="check")
    _retype("transfers", "amount", "ledger.amount")
    for table, column in _SUMS:
        _retype(table, column, "numeric")
    # Enforced, they are looked at again with each change of a balance, although an account never changes hands.
    for column in _KEYS:
        _alter_key(column, "NOT ENFORCED")


def downgrade() -> None:
    for column in _KEYS:
        _alter_key(column, "ENFORCED")
    for table, column in _SUMS:
        _retype(table, column, "numeric(38, 0)")
    _retype("transfers", "amount", "bigint")
    op.create_check_constraint(
        op.f("chk_transfers_sound"), "transfers", "amount > 0 AND debit <> credit", schema="ledger"
    )
    op.execute("DROP DOMAIN ledger.amount")


def _retype(table: str, column: str, kind: str) -> None:
    op.execute(f"ALTER TABLE ledger.{table} ALTER COLUMN {column} TYPE {kind}")


def _alter_key(column: str, how: str) -> None:
    op.execute(f"ALTER TABLE ledger.accounts ALTER CONSTRAINT fk_accounts_{column} {how}")
