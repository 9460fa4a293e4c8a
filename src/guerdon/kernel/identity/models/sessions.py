"""Where somebody is signed in: browsers, the sessions of staff, programs with refresh tokens, and keys for machines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.kernel.identity.models.accounts import User


class UserSession(Base):
    """A browser in which somebody is signed in; only the hash of its token is known."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("idx_user_sessions_token_hash", "token_hash", unique=True),
        Index("idx_user_sessions_user_id", "user_id"),
        Index("idx_user_sessions_expires_at", "expires_at"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    token_hash: Mapped[str] = mapped_column(String(64))
    device_info: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    ip_address: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    is_revoked: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class AdminSession(Base):
    """What is known besides of a browser in which a partner, staff or an administrator is signed in.

    It has the token's hash in common with the ``UserSession``. Without a living row here, a browser session has the
    rights of an ordinary member only.
    """

    __tablename__ = "admin_sessions"
    __table_args__ = (
        CheckConstraint("admin_level IN ('regular', 'super', 'partner', 'sponsor')", name="admin_level"),
        CheckConstraint("(terminated_at IS NULL) = (termination_reason IS NULL)", name="terminated_why"),
        CheckConstraint("termination_reason IN ('logout', 'timeout', 'revoked')", name="termination_reason"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("uq_admin_sessions_token_hash", "session_token_hash", unique=True),
        Index("idx_admin_sessions_user_id", "user_id"),
        Index("idx_admin_sessions_living", "last_activity_at", "id", postgresql_where=text("terminated_at IS NULL")),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    session_token_hash: Mapped[str] = mapped_column(String(64))
    ip_address: Mapped[str] = mapped_column(INET)
    user_agent: Mapped[str | None] = mapped_column(Text)
    admin_level: Mapped[str] = mapped_column(String(20))
    permissions_granted: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[CreatedAt]
    last_activity_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    terminated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    termination_reason: Mapped[str | None] = mapped_column(String(50))
    is_suspicious: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    security_flags: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class RefreshToken(Base):
    """One link of a chain: each token may be exchanged once, for the next; only its hash is known."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        CheckConstraint("rotated_to IS NULL OR revoked_at IS NOT NULL", name="rotated_is_revoked"),
        Index("uq_refresh_tokens_token_hash", "token_hash", unique=True),
        Index("idx_refresh_tokens_family_id", "family_id"),
        Index("idx_refresh_tokens_user_id", "user_id"),
        Index("idx_refresh_tokens_expires_at", "expires_at"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    family_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True))
    token_hash: Mapped[str] = mapped_column(String(64))
    rotated_to: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True))
    device_info: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    ip_address: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ApiKey(Base):
    """A machine's key: it speaks for its owner, within its scopes; only its hash and its first signs are known."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 80", name="name_length"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("uq_api_keys_key_hash", "key_hash", unique=True),
        Index("idx_api_keys_user_id", "user_id"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SigningKey(Base):
    """A generation of the key that signs access tokens; the key itself is derived from the installation's secret."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        CheckConstraint("generation > 0", name="generation"),
        {"schema": "identity"},
    )

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
