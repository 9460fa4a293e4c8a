"""Tables of the people behind the accounts, in the schema of identity.

``Profile`` and ``UserAddress`` have the columns of the seed; what the seed leaves out stands in tables of its own:
pictures, how a guardianship came about, proofs of identity, copies of one's data, closings and consents.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.naming import conv

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.kernel.identity.models import User

SCHEMA = {"schema": "identity"}
RELATIONSHIPS = ("parent", "guardian", "grandparent", "aunt_uncle", "sibling", "foster_parent")
ID_TYPES = ("passport", "national_id", "birth_certificate")
ADDRESS_TYPES = ("primary", "billing", "delivery")
CHANNELS = ("email", "sms", "whatsapp")
PREFERENCES_DEFAULT = '{"email": true, "sms": true, "whatsapp": true}'


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _moment(*, nullable: bool = True) -> Any:
    return mapped_column(DateTime(timezone=True), nullable=nullable)


def _user(*, primary_key: bool = False) -> Any:
    return mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id), primary_key=primary_key)


class Profile(Base):
    """What an account tells of its person; one row for each account that is not closed.

    Name, language and zone are those of ``identity.users``: triggers carry a change of either row to the other.
    """

    __tablename__ = "profiles"
    __table_args__ = (
        # No clock in a CHECK: a birth is held against the row's own last change. Who is a minor is for the service.
        CheckConstraint(
            "date_of_birth >= DATE '1890-01-01' AND date_of_birth < (updated_at AT TIME ZONE 'UTC')::date",
            name="born_in_the_past",
        ),
        CheckConstraint(
            "(guardian_user_id IS NULL) = (relationship_type IS NULL) AND guardian_user_id IS DISTINCT FROM user_id"
            " AND (guardian_user_id IS NULL OR date_of_birth IS NOT NULL)",
            name=conv("check_minor_has_guardian"),
        ),
        CheckConstraint(_among("relationship_type", RELATIONSHIPS), name="relationship_type"),
        CheckConstraint(_among("id_type", ID_TYPES), name="id_type"),
        CheckConstraint("id_country ~ '^[A-Z]{3}$'", name="id_country"),
        CheckConstraint("char_length(bio) <= 2000", name="bio_length"),
        CheckConstraint("jsonb_typeof(notification_preferences) = 'object'", name="preferences_object"),
        Index("idx_profiles_date_of_birth", "date_of_birth"),
        Index(
            "idx_profiles_guardian_user_id",
            "guardian_user_id",
            postgresql_where=text("guardian_user_id IS NOT NULL"),
        ),
        Index("idx_profiles_id_hash", "id_hash", postgresql_where=text("id_hash IS NOT NULL")),
        SCHEMA,
    )

    user_id: Mapped[UUID] = _user(primary_key=True)
    full_name: Mapped[str] = mapped_column(String(255))
    date_of_birth: Mapped[date | None] = mapped_column(Date)
    locale: Mapped[str] = mapped_column(String(16), server_default="fr-SN")
    timezone: Mapped[str] = mapped_column(String(64), server_default="Africa/Dakar")
    avatar_url: Mapped[str | None] = mapped_column(String(500))
    bio: Mapped[str | None] = mapped_column(Text)
    guardian_user_id: Mapped[UUID | None] = _user()
    relationship_type: Mapped[str | None] = mapped_column(String(50))
    id_number: Mapped[str | None] = mapped_column(Text, comment="Encrypted; only its reviewers' code can read it")
    id_type: Mapped[str | None] = mapped_column(String(20))
    id_country: Mapped[str | None] = mapped_column(String(3))
    id_hash: Mapped[str | None] = mapped_column(String(64), comment="Keyed hash of the number, to find duplicates")
    id_media_url: Mapped[str | None] = mapped_column(String(500))
    id_verified_at: Mapped[datetime | None] = _moment()
    id_verified_by: Mapped[UUID | None] = _user()
    is_profile_public: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    allow_contact_by_sponsors: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    notification_preferences: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text(f"'{PREFERENCES_DEFAULT}'")
    )
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class Avatar(Base):
    """The picture of an account, encoded anew; its id changes with it, so that browsers may keep it."""

    __tablename__ = "avatars"
    __table_args__ = (
        CheckConstraint("media_type = 'image/webp'", name="media_type"),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 1048576", name="size"),
        Index("uq_avatars_user_id", "user_id", unique=True),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[CreatedAt]


class UserAddress(Base):
    """Where somebody lives, is billed or gets parcels; one of them is the default."""

    __tablename__ = "user_addresses"
    __table_args__ = (
        CheckConstraint(_among("type", ADDRESS_TYPES), name="type"),
        CheckConstraint("country ~ '^[A-Z]{3}$'", name="country"),
        CheckConstraint("num_nonnulls(street_address, city, region, postal_code) > 0", name="not_empty"),
        CheckConstraint("char_length(street_address) <= 500", name="street_length"),
        Index("idx_user_addresses_user_id", "user_id"),
        Index("uq_user_addresses_default", "user_id", unique=True, postgresql_where=text("is_default")),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    type: Mapped[str] = mapped_column(String(20), server_default="primary")
    street_address: Mapped[str | None] = mapped_column(Text)
    city: Mapped[str | None] = mapped_column(String(100))
    region: Mapped[str | None] = mapped_column(String(100))
    country: Mapped[str] = mapped_column(String(3), server_default="SEN")
    postal_code: Mapped[str | None] = mapped_column(String(10))
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    created_at: Mapped[CreatedAt]


class Guardianship(Base):
    """How somebody came to answer for a minor, and how it ended. A trigger keeps the minor's profile in step."""

    __tablename__ = "guardianships"
    __table_args__ = (
        CheckConstraint(
            "status IN ('requested', 'consented', 'refused', 'withdrawn', 'revoked', 'ended')", name="status"
        ),
        CheckConstraint(_among("relationship_type", RELATIONSHIPS), name="relationship_type"),
        CheckConstraint("minor_id <> guardian_id", name="not_oneself"),
        CheckConstraint("(status IN ('consented', 'revoked', 'ended')) <= (consented_at IS NOT NULL)", name="consent"),
        CheckConstraint("(status IN ('requested', 'consented')) = (ended_at IS NULL)", name="ended"),
        Index(
            "uq_guardianships_live",
            "minor_id",
            unique=True,
            postgresql_where=text("status IN ('requested', 'consented')"),
        ),
        Index("idx_guardianships_guardian_id", "guardian_id"),
        Index("idx_guardianships_minor_id", "minor_id"),
        Index("idx_guardianships_fault", "fault", postgresql_where=text("fault IS NOT NULL")),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    minor_id: Mapped[UUID] = _user()
    guardian_id: Mapped[UUID] = _user()
    relationship_type: Mapped[str] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(20), server_default="requested")
    requested_at: Mapped[CreatedAt]
    consented_at: Mapped[datetime | None] = _moment()
    ended_at: Mapped[datetime | None] = _moment()
    reason: Mapped[str | None] = mapped_column(String(500))
    fault: Mapped[str | None] = mapped_column(String(40), comment="What the nightly check found wrong; for staff")


class Verification(Base):
    """A proof of identity that somebody sent in, and what a reviewer said of it."""

    __tablename__ = "verifications"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')", name="status"),
        CheckConstraint(_among("id_type", ID_TYPES), name="id_type"),
        CheckConstraint("id_country ~ '^[A-Z]{3}$'", name="id_country"),
        CheckConstraint("status <> 'rejected' OR reason IS NOT NULL", name="rejected_with_reason"),
        CheckConstraint("status <> 'approved' OR (decided_at IS NOT NULL AND expires_at IS NOT NULL)", name="approved"),
        CheckConstraint("decided_by <> user_id", name="decided_by_another"),
        Index("uq_verifications_pending", "user_id", unique=True, postgresql_where=text("status = 'pending'")),
        Index("uq_verifications_approved", "user_id", unique=True, postgresql_where=text("status = 'approved'")),
        Index("idx_verifications_queue", "created_at", "id", postgresql_where=text("status = 'pending'")),
        Index("idx_verifications_id_hash", "id_hash"),
        Index("idx_verifications_user_id", "user_id"),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    id_type: Mapped[str] = mapped_column(String(20))
    id_country: Mapped[str] = mapped_column(String(3))
    id_number: Mapped[str] = mapped_column(Text)
    id_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(20), server_default="pending")
    created_at: Mapped[CreatedAt]
    decided_at: Mapped[datetime | None] = _moment()
    decided_by: Mapped[UUID | None] = _user()
    reason: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[datetime | None] = _moment()


class VerificationDocument(Base):
    """The picture or file behind a proof of identity, encrypted."""

    __tablename__ = "verification_documents"
    __table_args__ = (
        CheckConstraint(
            "media_type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')", name="media_type"
        ),
        CheckConstraint("octet_length(content) BETWEEN 1 AND 8400000", name="size"),
        Index("idx_verification_documents_user_id", "user_id"),
        SCHEMA,
    )

    verification_id: Mapped[UUID] = mapped_column(
        PG_UUID(as_uuid=True), ForeignKey(Verification.id, ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = _user()
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[CreatedAt]


class Export(Base):
    """A copy of everything about a person: asked for, made in the background, fetched once."""

    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'ready', 'fetched', 'expired', 'failed')", name="status"),
        CheckConstraint("parts_done BETWEEN 0 AND parts_total", name="progress"),
        CheckConstraint("(status IN ('ready', 'fetched')) <= (expires_at IS NOT NULL)", name="ready"),
        Index("uq_exports_live", "user_id", unique=True, postgresql_where=text("status IN ('queued', 'ready')")),
        Index("idx_exports_user_id", "user_id"),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    status: Mapped[str] = mapped_column(String(20), server_default="queued")
    parts_done: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    parts_total: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    size_bytes: Mapped[int | None] = mapped_column(Integer)
    requested_at: Mapped[CreatedAt]
    ready_at: Mapped[datetime | None] = _moment()
    fetched_at: Mapped[datetime | None] = _moment()
    expires_at: Mapped[datetime | None] = _moment()


class ExportFile(Base):
    """The archive itself, encrypted; gone once it was fetched."""

    __tablename__ = "export_files"
    __table_args__ = (Index("idx_export_files_user_id", "user_id"), SCHEMA)

    export_id: Mapped[UUID] = mapped_column(
        PG_UUID(as_uuid=True), ForeignKey(Export.id, ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = _user()
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Erasure(Base):
    """Somebody's wish to be forgotten; it waits, and can be taken back until it is done."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'cancelled', 'done')", name="status"),
        CheckConstraint("due_at > requested_at", name="due_later"),
        CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name="settled"),
        Index("uq_erasures_waiting", "user_id", unique=True, postgresql_where=text("status = 'waiting'")),
        Index("idx_erasures_due_at", "due_at", postgresql_where=text("status = 'waiting'")),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    status: Mapped[str] = mapped_column(String(20), server_default="waiting")
    requested_at: Mapped[CreatedAt]
    due_at: Mapped[datetime] = _moment(nullable=False)
    settled_at: Mapped[datetime | None] = _moment()


class Consent(Base):
    """Something that a person agreed to or took back. Rows are added; the latest of a purpose counts."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("source IN ('page', 'api', 'staff', 'import', 'sign_up')", name="source"),
        CheckConstraint("purpose ~ '^[a-z][a-z_]{1,39}$'", name="purpose"),
        Index("idx_consents_user_id", "user_id", "purpose", "id"),
        SCHEMA,
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = _user()
    purpose: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(40))
    granted: Mapped[bool] = mapped_column(Boolean)
    source: Mapped[str] = mapped_column(String(20))
    recorded_at: Mapped[CreatedAt]
