"""How somebody proves that a mailbox, a telephone or an account elsewhere is theirs: links, codes, providers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, UuidKey
from guerdon.kernel.identity.models.accounts import User


class PasswordResetToken(Base):
    """A link with which a forgotten password can be replaced, once; only its hash is known."""

    __tablename__ = "password_reset_tokens"
    __table_args__ = (
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("uq_password_reset_tokens_token_hash", "token_hash", unique=True),
        Index("idx_password_reset_tokens_user_id", "user_id"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    token_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[CreatedAt]


class OneTimeCode(Base):
    """Six digits sent to a telephone or a mailbox. Code and destination are kept as keyed hashes."""

    __tablename__ = "one_time_codes"
    __table_args__ = (
        CheckConstraint("purpose IN ('sign_in', 'password_reset', 'change_phone', 'provider_email')", name="purpose"),
        CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
        CheckConstraint("octet_length(destination) = 32 AND octet_length(code_hash) = 32", name="hash_length"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("idx_one_time_codes_destination", "destination", "purpose"),
        Index("idx_one_time_codes_expires_at", "expires_at"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    purpose: Mapped[str] = mapped_column(Text)
    destination: Mapped[bytes] = mapped_column(LargeBinary)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class EmailConfirmation(Base):
    """A link sent to a mailbox: whoever follows it has it. For signing up it holds what the account will be made of."""

    __tablename__ = "email_confirmations"
    __table_args__ = (
        CheckConstraint("(purpose = 'sign_up') = (user_id IS NULL)", name="whose"),
        CheckConstraint("purpose IN ('sign_up', 'change_email')", name="purpose"),
        CheckConstraint("(purpose = 'sign_up') = (name IS NOT NULL AND password_hash IS NOT NULL)", name="sign_up"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("uq_email_confirmations_token_hash", "token_hash", unique=True),
        Index("idx_email_confirmations_expires_at", "expires_at"),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    purpose: Mapped[str] = mapped_column(Text)
    user_id: Mapped[UUID | None] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(Text)
    # The application's role cannot read it; it asks identity.waiting_password_hash(id).
    password_hash: Mapped[str | None] = mapped_column(Text, deferred=True)
    locale: Mapped[str] = mapped_column(String(16))
    time_zone: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LinkedProvider(Base):
    """An account elsewhere with which somebody signs in here."""

    __tablename__ = "linked_providers"
    __table_args__ = (
        CheckConstraint("provider IN ('google', 'apple', 'facebook')", name="provider"),
        Index("uq_linked_providers_subject", "provider", "subject", unique=True),
        Index("uq_linked_providers_user_id", "user_id", "provider", unique=True),
        {"schema": "identity"},
    )

    id: Mapped[UuidKey]
    user_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), ForeignKey(User.id))
    provider: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(254))
    linked_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
