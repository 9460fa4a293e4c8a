"""The ledger: units, owners, accounts, transfers, holds and the balances of system accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

revision = "0001_foundation"
down_revision = None
branch_labels = ("kernel",)
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA ledger")
    op.create_table(
        "holds",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("pocket", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("chk_holds_amount_positive")),
        sa.CheckConstraint("remaining BETWEEN 0 AND amount", name=op.f("chk_holds_remaining")),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_holds")),
        schema="ledger",
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "idx_holds_due", "holds", ["due_at"], unique=False, schema="ledger", postgresql_where=sa.text("remaining > 0")
    )
    op.create_index(
        "idx_holds_open",
        "holds",
        ["owner_id", "unit_id", "due_at"],
        unique=False,
        schema="ledger",
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), server_default="member", nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(kind = 'system') = (code IS NOT NULL)", name=op.f("chk_owners_system_has_code")),
        sa.CheckConstraint("kind IN ('member', 'system')", name=op.f("chk_owners_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
        sa.UniqueConstraint("code", name=op.f("uq_owners_code")),
        schema="ledger",
    )
    op.create_table(
        "pockets",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.CheckConstraint("id BETWEEN 1 AND 99", name=op.f("chk_pockets_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pockets")),
        sa.UniqueConstraint("code", name=op.f("uq_pockets_code")),
        schema="ledger",
    )
    op.create_table(
        "reference_types",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_types")),
        sa.UniqueConstraint("code", name=op.f("uq_reference_types_code")),
        schema="ledger",
    )
    op.create_table(
        "system_accounts",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.CheckConstraint("id >= 100", name=op.f("chk_system_accounts_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_accounts")),
        sa.UniqueConstraint("code", name=op.f("uq_system_accounts_code")),
        schema="ledger",
    )
    op.create_table(
        "system_deltas",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(38, 0), nullable=False),
        schema="ledger",
    )
    op.create_table(
        "transfer_kinds",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("effect", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("effect BETWEEN 0 AND 2", name=op.f("chk_transfer_kinds_effect")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_kinds")),
        sa.UniqueConstraint("code", name=op.f("uq_transfer_kinds_code")),
        schema="ledger",
    )
    op.create_table(
        "transfers",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("debit_before", sa.BigInteger(), nullable=True),
        sa.Column("debit_after", sa.BigInteger(), nullable=True),
        sa.Column("credit_before", sa.BigInteger(), nullable=True),
        sa.Column("credit_after", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("debit", sa.SmallInteger(), nullable=False),
        sa.Column("credit", sa.SmallInteger(), nullable=False),
        sa.Column("kind_id", sa.SmallInteger(), nullable=False),
        sa.Column("reference_type_id", sa.SmallInteger(), nullable=True),
        sa.Column("reference_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("peer_owner_id", sa.Uuid(), nullable=True),
        sa.Column("hold_id", sa.Uuid(), nullable=True),
        sa.Column("detail", postgresql.JSONB(none_as_null=True, astext_type=Text()), nullable=True),
        sa.CheckConstraint(
            "amount > 0 AND debit <> credit AND (debit < 100 OR credit < 100)"
            " AND (debit_after IS NOT NULL) = (debit < 100) AND (credit_after IS NOT NULL) = (credit < 100)",
            name=op.f("chk_transfers_sound"),
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("owner_id", "idempotency_key", name="uq_transfers_idempotency_key"),
        schema="ledger",
    )
    op.create_index(
        "idx_transfers_reverses",
        "transfers",
        ["owner_id", "reverses_id"],
        unique=False,
        schema="ledger",
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{1,31}$'", name=op.f("chk_units_code")),
        sa.CheckConstraint("kind IN ('points', 'credits', 'coins', 'token', 'fiat')", name=op.f("chk_units_kind")),
        sa.CheckConstraint("scale BETWEEN 0 AND 9", name=op.f("chk_units_scale")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
        schema="ledger",
    )
    op.create_table(
        "accounts",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("pocket", sa.SmallInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("floor", sa.BigInteger(), server_default=sa.text("0"), nullable=True),
        sa.Column("earned", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False),
        sa.Column("spent", sa.Numeric(38, 0), server_default=sa.text("0"), nullable=False),
        sa.Column("last_transfer_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("floor IS NULL OR balance >= floor", name=op.f("chk_accounts_floor")),
        sa.ForeignKeyConstraint(["owner_id"], ["ledger.owners.id"], name=op.f("fk_accounts_owner_id")),
        sa.ForeignKeyConstraint(["pocket"], ["ledger.pockets.id"], name=op.f("fk_accounts_pocket")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_accounts_unit_id")),
        sa.PrimaryKeyConstraint("owner_id", "unit_id", "pocket", name=op.f("pk_accounts")),
        schema="ledger",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "system_balances",
        sa.Column("unit_id", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.SmallInteger(), nullable=False),
        sa.Column("balance", sa.Numeric(38, 0), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["ledger.system_accounts.id"], name=op.f("fk_system_balances_account")),
        sa.ForeignKeyConstraint(["unit_id"], ["ledger.units.id"], name=op.f("fk_system_balances_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", "account", name=op.f("pk_system_balances")),
        schema="ledger",
    )


def downgrade() -> None:
    op.execute("DROP SCHEMA ledger CASCADE")
