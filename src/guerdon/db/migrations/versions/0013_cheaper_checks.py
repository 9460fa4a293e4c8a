"""Checks of the ledger's hot tables that PostgreSQL parses in a moment, as it does for every statement."""

from alembic import op

revision = "0013_cheaper_checks"
down_revision = "0012_simulations"
branch_labels = None
depends_on = None

_SOUND = "amount > 0 AND debit <> credit"
_SOUND_BEFORE = (
    f"{_SOUND} AND (debit < 100 OR credit < 100)"
    " AND (debit_after IS NOT NULL) = (debit < 100) AND (credit_after IS NOT NULL) = (credit < 100)"
)
_FLOOR = "balance >= floor"
_FLOOR_BEFORE = f"floor IS NULL OR {_FLOOR}"


def upgrade() -> None:
    _replace("transfers", "chk_transfers_sound", _SOUND)
    _replace("accounts", "chk_accounts_floor", _FLOOR)


def downgrade() -> None:
    _replace("transfers", "chk_transfers_sound", _SOUND_BEFORE)
    _replace("accounts", "chk_accounts_floor", _FLOOR_BEFORE)


def _replace(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(name), table, schema="ledger", type_="check")
    op.create_check_constraint(op.f(name), table, condition, schema="ledger")
