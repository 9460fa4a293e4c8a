"""People: profiles, addresses, guardians, proofs of identity, copies of one's data, closings, consents, retention."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_people"
down_revision = "0005_access"
branch_labels = None
depends_on = None

TABLES = (
    "profiles",
    "avatars",
    "user_addresses",
    "guardianships",
    "verifications",
    "verification_documents",
    "exports",
    "export_files",
    "erasures",
    "consents",
)
"""In the schema of identity, in the order in which they refer to each other."""


def upgrade() -> None:
    create_profiles()
    create_avatars()
    create_user_addresses()
    create_guardianships()
    create_verifications()
    create_verification_documents()
    create_exports()
    create_export_files()
    create_erasures()
    create_consents()
    create_retention_policies()
    give_profiles()
    # The views of the seeds' accounts; the programs of these names take the schemas over.
    for schema in ("events", "steps"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS account_has_profile ON identity.users")
    for schema in ("steps", "events"):
        op.execute(f"DROP SCHEMA {schema} CASCADE")
    op.drop_table("retention_policies", schema="admin")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE identity.{table} CASCADE")
    op.execute(
        """
        DROP FUNCTION IF EXISTS identity.profile_from_account(), identity.account_from_profile(),
            identity.public_profile(uuid), identity.visible_avatar(uuid), identity.came_of_age_on(date),
            identity.may_guard(uuid, timestamptz), identity.alone_until(uuid), identity.guard_guardianship(),
            identity.show_guardianship()
        """
    )


def give_profiles() -> None:
    op.execute(
        """
        INSERT INTO identity.profiles (user_id, full_name, locale, timezone, created_at, updated_at)
        SELECT id, name, locale, time_zone, created_at, updated_at FROM identity.users WHERE deleted_at IS NULL
        """
    )


def create_profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("full_name", sa.String(length=255), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("locale", sa.String(length=16), server_default="fr-SN", nullable=False),
        sa.Column("timezone", sa.String(length=64), server_default="Africa/Dakar", nullable=False),
        sa.Column("avatar_url", sa.String(length=500), nullable=True),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("guardian_user_id", sa.UUID(), nullable=True),
        sa.Column("relationship_type", sa.String(length=50), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=True, comment="Encrypted; only its reviewers' code can read it"),
        sa.Column("id_type", sa.String(length=20), nullable=True),
        sa.Column("id_country", sa.String(length=3), nullable=True),
        sa.Column(
            "id_hash", sa.String(length=64), nullable=True, comment="Keyed hash of the number, to find duplicates"
        ),
        sa.Column("id_media_url", sa.String(length=500), nullable=True),
        sa.Column("id_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id_verified_by", sa.UUID(), nullable=True),
        sa.Column("is_profile_public", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("allow_contact_by_sponsors", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "notification_preferences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text('\'{"email": true, "sms": true, "whatsapp": true}\''),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "date_of_birth >= DATE '1890-01-01' AND date_of_birth < (updated_at AT TIME ZONE 'UTC')::date",
            name=op.f("chk_profiles_born_in_the_past"),
        ),
        sa.CheckConstraint("id_country ~ '^[A-Z]{3}$'", name=op.f("chk_profiles_id_country")),
        sa.CheckConstraint(
            "id_type IN ('passport', 'national_id', 'birth_certificate')", name=op.f("chk_profiles_id_type")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(notification_preferences) = 'object'", name=op.f("chk_profiles_preferences_object")
        ),
        sa.CheckConstraint(
            "relationship_type IN ('parent', 'guardian', 'grandparent', 'aunt_uncle', 'sibling', 'foster_parent')",
            name=op.f("chk_profiles_relationship_type"),
        ),
        sa.CheckConstraint(
            "(guardian_user_id IS NULL) = (relationship_type IS NULL) AND guardian_user_id IS DISTINCT FROM user_id"
            " AND (guardian_user_id IS NULL OR date_of_birth IS NOT NULL)",
            name=op.f("check_minor_has_guardian"),
        ),
        sa.CheckConstraint("char_length(bio) <= 2000", name=op.f("chk_profiles_bio_length")),
        sa.ForeignKeyConstraint(["guardian_user_id"], ["identity.users.id"], name=op.f("fk_profiles_guardian_user_id")),
        sa.ForeignKeyConstraint(["id_verified_by"], ["identity.users.id"], name=op.f("fk_profiles_id_verified_by")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_profiles_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_profiles")),
        schema="identity",
    )
    op.create_index("idx_profiles_date_of_birth", "profiles", ["date_of_birth"], unique=False, schema="identity")
    op.create_index(
        "idx_profiles_guardian_user_id",
        "profiles",
        ["guardian_user_id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("guardian_user_id IS NOT NULL"),
    )
    op.create_index(
        "idx_profiles_id_hash",
        "profiles",
        ["id_hash"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("id_hash IS NOT NULL"),
    )


def create_avatars() -> None:
    op.create_table(
        "avatars",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("media_type = 'image/webp'", name=op.f("chk_avatars_media_type")),
        sa.CheckConstraint("octet_length(content) BETWEEN 1 AND 1048576", name=op.f("chk_avatars_size")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_avatars_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_avatars")),
        schema="identity",
    )
    op.create_index("uq_avatars_user_id", "avatars", ["user_id"], unique=True, schema="identity")


def create_user_addresses() -> None:
    op.create_table(
        "user_addresses",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.String(length=20), server_default="primary", nullable=False),
        sa.Column("street_address", sa.Text(), nullable=True),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("region", sa.String(length=100), nullable=True),
        sa.Column("country", sa.String(length=3), server_default="SEN", nullable=False),
        sa.Column("postal_code", sa.String(length=10), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{3}$'", name=op.f("chk_user_addresses_country")),
        sa.CheckConstraint("type IN ('primary', 'billing', 'delivery')", name=op.f("chk_user_addresses_type")),
        sa.CheckConstraint("char_length(street_address) <= 500", name=op.f("chk_user_addresses_street_length")),
        sa.CheckConstraint(
            "num_nonnulls(street_address, city, region, postal_code) > 0", name=op.f("chk_user_addresses_not_empty")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_user_addresses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_addresses")),
        schema="identity",
    )
    op.create_index("idx_user_addresses_user_id", "user_addresses", ["user_id"], unique=False, schema="identity")
    op.create_index(
        "uq_user_addresses_default",
        "user_addresses",
        ["user_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("is_default"),
    )


def create_guardianships() -> None:
    op.create_table(
        "guardianships",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("minor_id", sa.UUID(), nullable=False),
        sa.Column("guardian_id", sa.UUID(), nullable=False),
        sa.Column("relationship_type", sa.String(length=50), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="requested", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column(
            "fault", sa.String(length=40), nullable=True, comment="What the nightly check found wrong; for staff"
        ),
        sa.CheckConstraint(
            "(status IN ('consented', 'revoked', 'ended')) <= (consented_at IS NOT NULL)",
            name=op.f("chk_guardianships_consent"),
        ),
        sa.CheckConstraint(
            "(status IN ('requested', 'consented')) = (ended_at IS NULL)", name=op.f("chk_guardianships_ended")
        ),
        sa.CheckConstraint(
            "relationship_type IN ('parent', 'guardian', 'grandparent', 'aunt_uncle', 'sibling', 'foster_parent')",
            name=op.f("chk_guardianships_relationship_type"),
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'consented', 'refused', 'withdrawn', 'revoked', 'ended')",
            name=op.f("chk_guardianships_status"),
        ),
        sa.CheckConstraint("minor_id <> guardian_id", name=op.f("chk_guardianships_not_oneself")),
        sa.ForeignKeyConstraint(["guardian_id"], ["identity.users.id"], name=op.f("fk_guardianships_guardian_id")),
        sa.ForeignKeyConstraint(["minor_id"], ["identity.users.id"], name=op.f("fk_guardianships_minor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guardianships")),
        schema="identity",
    )
    op.create_index(
        "idx_guardianships_fault",
        "guardianships",
        ["fault"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("fault IS NOT NULL"),
    )
    op.create_index("idx_guardianships_guardian_id", "guardianships", ["guardian_id"], unique=False, schema="identity")
    op.create_index("idx_guardianships_minor_id", "guardianships", ["minor_id"], unique=False, schema="identity")
    op.create_index(
        "uq_guardianships_live",
        "guardianships",
        ["minor_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("status IN ('requested', 'consented')"),
    )


def create_verifications() -> None:
    op.create_table(
        "verifications",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("id_type", sa.String(length=20), nullable=False),
        sa.Column("id_country", sa.String(length=3), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id_country ~ '^[A-Z]{3}$'", name=op.f("chk_verifications_id_country")),
        sa.CheckConstraint(
            "id_type IN ('passport', 'national_id', 'birth_certificate')", name=op.f("chk_verifications_id_type")
        ),
        sa.CheckConstraint(
            "status <> 'approved' OR (decided_at IS NOT NULL AND expires_at IS NOT NULL)",
            name=op.f("chk_verifications_approved"),
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR reason IS NOT NULL", name=op.f("chk_verifications_rejected_with_reason")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')",
            name=op.f("chk_verifications_status"),
        ),
        sa.CheckConstraint("decided_by <> user_id", name=op.f("chk_verifications_decided_by_another")),
        sa.ForeignKeyConstraint(["decided_by"], ["identity.users.id"], name=op.f("fk_verifications_decided_by")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_verifications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        schema="identity",
    )
    op.create_index("idx_verifications_id_hash", "verifications", ["id_hash"], unique=False, schema="identity")
    op.create_index(
        "idx_verifications_queue",
        "verifications",
        ["created_at", "id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("idx_verifications_user_id", "verifications", ["user_id"], unique=False, schema="identity")
    op.create_index(
        "uq_verifications_approved",
        "verifications",
        ["user_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("status = 'approved'"),
    )
    op.create_index(
        "uq_verifications_pending",
        "verifications",
        ["user_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("status = 'pending'"),
    )


def create_verification_documents() -> None:
    op.create_table(
        "verification_documents",
        sa.Column("verification_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')",
            name=op.f("chk_verification_documents_media_type"),
        ),
        sa.CheckConstraint("octet_length(content) BETWEEN 1 AND 8400000", name=op.f("chk_verification_documents_size")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_verification_documents_user_id")),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["identity.verifications.id"],
            name=op.f("fk_verification_documents_verification_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verification_id", name=op.f("pk_verification_documents")),
        schema="identity",
    )
    op.create_index(
        "idx_verification_documents_user_id", "verification_documents", ["user_id"], unique=False, schema="identity"
    )


def create_exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="queued", nullable=False),
        sa.Column("parts_done", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("parts_total", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('ready', 'fetched')) <= (expires_at IS NOT NULL)", name=op.f("chk_exports_ready")
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'ready', 'fetched', 'expired', 'failed')", name=op.f("chk_exports_status")
        ),
        sa.CheckConstraint("parts_done BETWEEN 0 AND parts_total", name=op.f("chk_exports_progress")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_exports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        schema="identity",
    )
    op.create_index("idx_exports_user_id", "exports", ["user_id"], unique=False, schema="identity")
    op.create_index(
        "uq_exports_live",
        "exports",
        ["user_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("status IN ('queued', 'ready')"),
    )


def create_export_files() -> None:
    op.create_table(
        "export_files",
        sa.Column("export_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["export_id"], ["identity.exports.id"], name=op.f("fk_export_files_export_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_export_files_user_id")),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_export_files")),
        schema="identity",
    )
    op.create_index("idx_export_files_user_id", "export_files", ["user_id"], unique=False, schema="identity")


def create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="waiting", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name=op.f("chk_erasures_settled")),
        sa.CheckConstraint("status IN ('waiting', 'cancelled', 'done')", name=op.f("chk_erasures_status")),
        sa.CheckConstraint("due_at > requested_at", name=op.f("chk_erasures_due_later")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_erasures_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
        schema="identity",
    )
    op.create_index(
        "idx_erasures_due_at",
        "erasures",
        ["due_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "uq_erasures_waiting",
        "erasures",
        ["user_id"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("status = 'waiting'"),
    )


def create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("purpose ~ '^[a-z][a-z_]{1,39}$'", name=op.f("chk_consents_purpose")),
        sa.CheckConstraint("source IN ('page', 'api', 'staff', 'import', 'sign_up')", name=op.f("chk_consents_source")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_consents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        schema="identity",
    )
    op.create_index("idx_consents_user_id", "consents", ["user_id", "purpose", "id"], unique=False, schema="identity")


def create_retention_policies() -> None:
    op.create_table(
        "retention_policies",
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_removed", sa.Integer(), nullable=True),
        sa.CheckConstraint("code ~ '^[a-z][a-z_]*[.][a-z][a-z_]*$'", name=op.f("chk_retention_policies_code")),
        sa.CheckConstraint("keep_days BETWEEN 1 AND 36500", name=op.f("chk_retention_policies_keep_days")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_retention_policies")),
        schema="admin",
    )
