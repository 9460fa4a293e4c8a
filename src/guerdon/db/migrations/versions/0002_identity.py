"""The HTTP edge, identity and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_identity"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
UUIDV7 = sa.text("uuidv7()")
LIVING = sa.text("deleted_at IS NULL")


def moment(name: str, *, nullable: bool = False, now: bool = False) -> sa.Column[object]:
    """A timestamptz column."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=NOW if now else None)


def upgrade() -> None:
    for schema in ("http", "identity", "admin"):
        op.execute(f"CREATE SCHEMA {schema}")
    create_http()
    create_users()
    create_credentials_and_sessions()
    create_audit_logs()


def downgrade() -> None:
    for schema in ("admin", "identity", "http"):
        op.execute(f"DROP SCHEMA {schema} CASCADE")


def create_http() -> None:
    op.create_table(
        "idempotency_records",
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        moment("created_at", now=True),
        sa.CheckConstraint("octet_length(request_hash) = 32", name=op.f("chk_idempotency_records_request_hash_length")),
        sa.CheckConstraint("status BETWEEN 200 AND 399", name=op.f("chk_idempotency_records_status")),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency_records")),
        schema="http",
    )
    op.create_index(op.f("idx_idempotency_records_created_at"), "idempotency_records", ["created_at"], schema="http")
    op.create_table(
        "rate_windows",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        moment("due_at", now=True),
        sa.PrimaryKeyConstraint("rule", "subject", name=op.f("pk_rate_windows")),
        schema="http",
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("idx_rate_windows_due_at"), "rate_windows", ["due_at"], schema="http")


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), server_default=UUIDV7, nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("phone", sa.String(20), nullable=True),
        sa.Column("username", sa.String(32), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("auth_provider", sa.Text(), server_default="password", nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("ARRAY['user']"), nullable=False),
        sa.Column("locale", sa.String(16), server_default="en", nullable=False),
        sa.Column("time_zone", sa.String(64), server_default="UTC", nullable=False),
        sa.Column("country_code", sa.String(2), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        moment("email_verified_at", nullable=True),
        moment("phone_verified_at", nullable=True),
        moment("created_at", now=True),
        moment("updated_at", now=True),
        moment("last_login_at", nullable=True),
        moment("deleted_at", nullable=True),
        sa.CheckConstraint(
            "phone IS NOT NULL OR email IS NOT NULL OR deleted_at IS NOT NULL",
            name=op.f("chk_users_contact_method"),
        ),
        sa.CheckConstraint(
            "roles <@ ARRAY['user', 'partner', 'staff', 'admin', 'super_admin'] AND cardinality(roles) > 0",
            name=op.f("chk_users_roles"),
        ),
        sa.CheckConstraint(
            "auth_provider IN ('password', 'phone', 'google', 'apple', 'facebook')",
            name=op.f("chk_users_auth_provider"),
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("chk_users_country_code")),
        sa.CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name=op.f("chk_users_phone_e164")),
        sa.CheckConstraint("username ~ '^[A-Za-z0-9_.-]{3,32}$'", name=op.f("chk_users_username")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 120", name=op.f("chk_users_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        schema="identity",
    )
    for name, column in (
        ("uq_users_email_living", sa.text("lower(email)")),
        ("uq_users_username_living", sa.text("lower(username)")),
        ("uq_users_phone_living", "phone"),
    ):
        op.create_index(name, "users", [column], unique=True, schema="identity", postgresql_where=LIVING)
    op.create_index("idx_users_roles", "users", ["roles"], schema="identity", postgresql_using="gin")
    op.create_index("idx_users_name", "users", [sa.text("lower(name)"), "id"], schema="identity")


def create_credentials_and_sessions() -> None:
    op.create_table(
        "credentials",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        moment("changed_at", now=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_credentials_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_credentials")),
        schema="identity",
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.UUID(), server_default=UUIDV7, nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("device_info", postgresql.JSONB(), nullable=True),
        sa.Column("ip_address", postgresql.INET(), nullable=True),
        moment("created_at", now=True),
        moment("last_used_at", now=True),
        moment("expires_at"),
        sa.Column("is_revoked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("chk_user_sessions_expires_later")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_user_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        schema="identity",
    )
    op.create_index("uq_user_sessions_token_hash", "user_sessions", ["token_hash"], unique=True, schema="identity")
    op.create_index("idx_user_sessions_user_id", "user_sessions", ["user_id"], schema="identity")
    op.create_index("idx_user_sessions_expires_at", "user_sessions", ["expires_at"], schema="identity")


def create_audit_logs() -> None:
    op.create_table(
        "audit_logs",
        sa.Column("id", sa.UUID(), server_default=UUIDV7, nullable=False),
        sa.Column("actor_user_id", sa.UUID(), nullable=True),
        sa.Column("actor_type", sa.String(20), nullable=False),
        sa.Column("actor_ip", postgresql.INET(), nullable=True),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("resource_type", sa.String(50), nullable=False),
        sa.Column("resource_id", sa.UUID(), nullable=True),
        sa.Column("old_values", postgresql.JSONB(), nullable=True),
        sa.Column("new_values", postgresql.JSONB(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=True),
        moment("timestamp", now=True),
        sa.Column("request_id", sa.String(100), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        moment("created_at", now=True),
        sa.CheckConstraint("actor_type IN ('user', 'system', 'api')", name=op.f("chk_audit_logs_actor_type")),
        sa.ForeignKeyConstraint(["actor_user_id"], ["identity.users.id"], name=op.f("fk_audit_logs_actor_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_logs")),
        schema="admin",
    )
    op.create_index(
        "idx_audit_logs_actor_user_id",
        "audit_logs",
        ["actor_user_id"],
        schema="admin",
        postgresql_where=sa.text("actor_user_id IS NOT NULL"),
    )
    op.create_index("idx_audit_logs_action", "audit_logs", ["action"], schema="admin")
    op.create_index("idx_audit_logs_timestamp", "audit_logs", ["timestamp", "id"], schema="admin")
    op.create_index("idx_audit_logs_resource", "audit_logs", ["resource_type", "resource_id"], schema="admin")
