"""Accounts and their passwords."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import conv

from guerdon.db.base import Base, CreatedAt, UuidKey

LIVING = text("deleted_at IS NULL")


class User(Base):
    """An account. It is closed and pseudonymised, never deleted: ledger and audit refer to it for ever."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "phone IS NOT NULL OR email IS NOT NULL OR deleted_at IS NOT NULL", name=conv("check_contact_method")
        ),
        CheckConstraint(
            "roles <@ ARRAY['user', 'partner', 'staff', 'admin', 'super_admin'] AND cardinality(roles) > 0",
            name="roles",
        ),
        CheckConstraint("auth_provider IN ('password', 'phone', 'google', 'apple', 'facebook')", name="auth_provider"),
        CheckConstraint("country_code ~ '^[A-Z]{2}$'", name="country_code"),
        CheckConstraint("phone ~ '^\\+[1-9][0-9]{6,14}$'", name="phone_e164"),
        CheckConstraint("username ~ '^[A-Za-z0-9_.-]{3,32}$'", name="username"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 120", name="name_length"),
        Index("uq_users_email_living", text("lower(email)"), unique=True, postgresql_where=LIVING),
        Index("uq_users_username_living", text("lower(username)"), unique=True, postgresql_where=LIVING),
        # As written, beside the index on lower(email): for queries that compare the column itself.
        Index("idx_users_email", "email", unique=True, postgresql_where=LIVING),
        Index("idx_users_phone", "phone", unique=True, postgresql_where=LIVING),
        Index("idx_users_roles", "roles", postgresql_using="gin"),
        Index("idx_users_name", text("lower(name)"), "id"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(20))
    username: Mapped[str | None] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(Text)
    auth_provider: Mapped[str] = mapped_column(Text, server_default="password")
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("ARRAY['user']"))
    locale: Mapped[str] = mapped_column(String(16), server_default="en")
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    country_code: Mapped[str | None] = mapped_column(String(2))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    email_verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    phone_verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    last_login_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Credential(Base):
    """A password's hash. The application's role cannot read the column; it asks ``identity.password_hash(user)``."""

    __tablename__ = "credentials"
    __table_args__ = ({"schema": "identity"},)

    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id), primary_key=True)
    password_hash: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[CreatedAt]
