"""Ways in: links, codes, providers, refresh tokens, keys, sessions of staff; and the outbox that carries messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_access"
down_revision = "0004_engagement"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
UUIDV7 = sa.text("uuidv7()")
LIVING = sa.text("deleted_at IS NULL")
TABLES = (
    "signing_keys",
    "api_keys",
    "refresh_tokens",
    "admin_sessions",
    "linked_providers",
    "email_confirmations",
    "one_time_codes",
    "password_reset_tokens",
)


def upgrade() -> None:
    name_as_the_contract_does()
    create_proofs()
    create_admin_sessions()
    create_tokens_and_keys()
    create_outbox()


def downgrade() -> None:
    op.execute("DROP SCHEMA notifications CASCADE")
    for table in TABLES:
        op.drop_table(table, schema="identity")
    op.execute("ALTER INDEX identity.idx_user_sessions_token_hash RENAME TO uq_user_sessions_token_hash")
    op.execute("ALTER INDEX identity.idx_users_phone RENAME TO uq_users_phone_living")
    op.drop_index("idx_users_email", "users", schema="identity")
    op.execute("ALTER TABLE identity.users RENAME CONSTRAINT check_contact_method TO chk_users_contact_method")


def name_as_the_contract_does() -> None:
    op.execute("ALTER TABLE identity.users RENAME CONSTRAINT chk_users_contact_method TO check_contact_method")
    op.execute("ALTER INDEX identity.uq_users_phone_living RENAME TO idx_users_phone")
    op.create_index("idx_users_email", "users", ["email"], unique=True, schema="identity", postgresql_where=LIVING)
    op.execute("ALTER INDEX identity.uq_user_sessions_token_hash RENAME TO idx_user_sessions_token_hash")


def moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[object]:
    """A timestamptz column."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=NOW if now else None)


def table(name: str, *parts: object, schema: str = "identity", owned: bool = True) -> None:
    """A table with a UUID key; most belong to an account and end later than they begin."""
    extra: list[object] = []
    if owned:
        extra.append(sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f(f"fk_{name}_user_id")))
    op.create_table(
        name,
        sa.Column("id", sa.UUID(), server_default=UUIDV7, nullable=False),
        *parts,  # type: ignore[arg-type]  # columns and constraints
        *extra,  # type: ignore[arg-type]  # constraints
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        schema=schema,
    )


def check(name: str, what: str, condition: str) -> sa.CheckConstraint:
    """A named check."""
    return sa.CheckConstraint(condition, name=op.f(f"chk_{name}_{what}"))


def index(name: str, relation: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    """An index in schema identity."""
    condition = sa.text(where) if where else None
    op.create_index(name, relation, list(columns), unique=unique, schema="identity", postgresql_where=condition)


def user_id(*, nullable: bool = False) -> sa.Column[object]:
    """Whose row it is."""
    return sa.Column("user_id", sa.UUID(), nullable=nullable)


def create_proofs() -> None:
    table(
        "password_reset_tokens",
        user_id(),
        sa.Column("token_hash", sa.String(64), nullable=False),
        moment("expires_at"),
        moment("used_at", nullable=True),
        moment("created_at", now=True),
        check("password_reset_tokens", "expires_later", "expires_at > created_at"),
    )
    index("uq_password_reset_tokens_token_hash", "password_reset_tokens", "token_hash", unique=True)
    index("idx_password_reset_tokens_user_id", "password_reset_tokens", "user_id")
    table(
        "one_time_codes",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("destination", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        moment("created_at", now=True),
        moment("expires_at"),
        moment("used_at", nullable=True),
        check(
            "one_time_codes",
            "purpose",
            "purpose IN ('sign_in', 'password_reset', 'change_phone', 'provider_email')",
        ),
        check("one_time_codes", "tries", "tries BETWEEN 0 AND 5"),
        check("one_time_codes", "hash_length", "octet_length(destination) = 32 AND octet_length(code_hash) = 32"),
        check("one_time_codes", "expires_later", "expires_at > created_at"),
        owned=False,
    )
    index("idx_one_time_codes_destination", "one_time_codes", "destination", "purpose")
    index("idx_one_time_codes_expires_at", "one_time_codes", "expires_at")
    create_email_confirmations()
    table(
        "linked_providers",
        user_id(),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        moment("linked_at", now=True),
        moment("last_used_at", nullable=True),
        check("linked_providers", "provider", "provider IN ('google', 'apple', 'facebook')"),
    )
    index("uq_linked_providers_subject", "linked_providers", "provider", "subject", unique=True)
    index("uq_linked_providers_user_id", "linked_providers", "user_id", "provider", unique=True)


def create_email_confirmations() -> None:
    table(
        "email_confirmations",
        sa.Column("purpose", sa.Text(), nullable=False),
        user_id(nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        moment("created_at", now=True),
        moment("expires_at"),
        moment("used_at", nullable=True),
        check("email_confirmations", "whose", "(purpose = 'sign_up') = (user_id IS NULL)"),
        check("email_confirmations", "purpose", "purpose IN ('sign_up', 'change_email')"),
        check(
            "email_confirmations",
            "sign_up",
            "(purpose = 'sign_up') = (name IS NOT NULL AND password_hash IS NOT NULL)",
        ),
        check("email_confirmations", "expires_later", "expires_at > created_at"),
    )
    index("uq_email_confirmations_token_hash", "email_confirmations", "token_hash", unique=True)
    index("idx_email_confirmations_expires_at", "email_confirmations", "expires_at")


def create_admin_sessions() -> None:
    table(
        "admin_sessions",
        user_id(),
        sa.Column("session_token_hash", sa.String(64), nullable=False),
        sa.Column("ip_address", postgresql.INET(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("admin_level", sa.String(20), nullable=False),
        sa.Column("permissions_granted", postgresql.ARRAY(sa.Text()), nullable=False),
        moment("created_at", now=True),
        moment("last_activity_at", now=True),
        moment("expires_at"),
        moment("terminated_at", nullable=True),
        sa.Column("termination_reason", sa.String(50), nullable=True),
        sa.Column("is_suspicious", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("security_flags", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        check("admin_sessions", "admin_level", "admin_level IN ('regular', 'super', 'partner', 'sponsor')"),
        check("admin_sessions", "terminated_why", "(terminated_at IS NULL) = (termination_reason IS NULL)"),
        check("admin_sessions", "termination_reason", "termination_reason IN ('logout', 'timeout', 'revoked')"),
        check("admin_sessions", "expires_later", "expires_at > created_at"),
    )
    index("uq_admin_sessions_token_hash", "admin_sessions", "session_token_hash", unique=True)
    index("idx_admin_sessions_user_id", "admin_sessions", "user_id")
    index("idx_admin_sessions_living", "admin_sessions", "last_activity_at", "id", where="terminated_at IS NULL")


def create_tokens_and_keys() -> None:
    table(
        "refresh_tokens",
        user_id(),
        sa.Column("family_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("rotated_to", sa.UUID(), nullable=True),
        sa.Column("device_info", postgresql.JSONB(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        moment("created_at", now=True),
        moment("expires_at"),
        moment("revoked_at", nullable=True),
        check("refresh_tokens", "expires_later", "expires_at > created_at"),
        check("refresh_tokens", "rotated_is_revoked", "rotated_to IS NULL OR revoked_at IS NOT NULL"),
    )
    index("uq_refresh_tokens_token_hash", "refresh_tokens", "token_hash", unique=True)
    for column in ("family_id", "user_id", "expires_at"):
        index(f"idx_refresh_tokens_{column}", "refresh_tokens", column)
    table(
        "api_keys",
        user_id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        moment("created_at", now=True),
        moment("expires_at"),
        moment("last_used_at", nullable=True),
        moment("revoked_at", nullable=True),
        check("api_keys", "scopes", "cardinality(scopes) > 0"),
        check("api_keys", "name_length", "char_length(name) BETWEEN 1 AND 80"),
        check("api_keys", "expires_later", "expires_at > created_at"),
    )
    index("uq_api_keys_key_hash", "api_keys", "key_hash", unique=True)
    index("idx_api_keys_user_id", "api_keys", "user_id")
    op.create_table(
        "signing_keys",
        sa.Column("generation", sa.Integer(), nullable=False, autoincrement=False),
        moment("created_at", now=True),
        moment("retired_at", nullable=True),
        check("signing_keys", "generation", "generation > 0"),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_signing_keys")),
        schema="identity",
    )
    op.execute("INSERT INTO identity.signing_keys (generation) VALUES (1)")


def create_outbox() -> None:
    op.execute("CREATE SCHEMA notifications")
    table(
        "outbox",
        user_id(nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("recipient_hint", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        moment("created_at", now=True),
        moment("claimed_at", nullable=True),
        moment("useful_until", nullable=True),
        moment("settled_at", nullable=True),
        check("outbox", "channel", "channel IN ('email', 'sms')"),
        check("outbox", "state", "state IN ('queued', 'sending', 'sent', 'failed')"),
        check("outbox", "settled_at", "(state IN ('sent', 'failed')) = (settled_at IS NOT NULL)"),
        check("outbox", "claimed_at", "state <> 'sending' OR claimed_at IS NOT NULL"),
        check("outbox", "attempts", "attempts >= 0"),
        schema="notifications",
    )
    op.create_index("uq_outbox_dedupe_key", "outbox", ["dedupe_key"], unique=True, schema="notifications")
    op.create_index("idx_outbox_created_at", "outbox", ["created_at", "id"], schema="notifications")
    op.create_index("idx_outbox_user_id", "outbox", ["user_id"], schema="notifications")
    op.create_index(
        "idx_outbox_open",
        "outbox",
        ["created_at"],
        schema="notifications",
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
