"""The ledger's tables.

Every hot table leads its keys with ``owner_id``: statements need no index of their own, and the tables can be
sharded by owner. Pockets, system accounts, kinds and reference types are small codes, because a transfer is written
millions of times and read by people rarely. Foreign keys from transfers would cost as much as the transfer, so
the door (``sql/50_post.sql``) checks what they would, and ``ledger.verify`` checks it again.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import DOMAIN, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from guerdon.db.base import Base, CreatedAt, Moment, UuidKey

SCHEMA = "ledger"
FIRST_SYSTEM_ACCOUNT = 100
"""Account numbers below are pockets of an owner, from here on system accounts."""

AMOUNT = DOMAIN("amount", BigInteger, schema=SCHEMA, check=text("VALUE > 0"), constraint_name="chk_amount_positive")
"""What moves. A domain, because PostgreSQL keeps its constraint as it has parsed it once, and parses that of a table
anew for every statement that writes there."""


class Unit(Base):
    """A unit of value: code, scale and kind."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("scale BETWEEN 0 AND 9", name="scale"),
        CheckConstraint("kind IN ('points', 'credits', 'coins', 'token', 'fiat')", name="kind"),
        CheckConstraint("code ~ '^[A-Z][A-Z0-9_]{1,31}$'", name="code"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(SmallInteger, Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    scale: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)


class Pocket(Base):
    """The pockets that an owner's value of one unit can be in."""

    __tablename__ = "pockets"
    __table_args__ = (
        CheckConstraint(f"id BETWEEN 1 AND {FIRST_SYSTEM_ACCOUNT - 1}", name="number"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text, unique=True)


class SystemAccount(Base):
    """An unbounded account of the system, one for each unit: issuance, redemption, clearing and what programs add."""

    __tablename__ = "system_accounts"
    __table_args__ = (CheckConstraint(f"id >= {FIRST_SYSTEM_ACCOUNT}", name="number"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text, unique=True)


class TransferKind(Base):
    """Why value moves, and whether it counts into what its owner has earned or spent.

    ``effect``: 1 counts as earned when it reaches the owner (and against it when it leaves), 2 as spent when it leaves
    (and against it when it comes back), 0 as neither.
    """

    __tablename__ = "transfer_kinds"
    __table_args__ = (CheckConstraint("effect BETWEEN 0 AND 2", name="effect"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text, unique=True)
    effect: Mapped[int] = mapped_column(SmallInteger)


class ReferenceType(Base):
    """What kind of thing a transfer refers to."""

    __tablename__ = "reference_types"
    __table_args__ = ({"schema": SCHEMA},)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text, unique=True)


class Owner(Base):
    """Who owns accounts: a member, or a bounded part of the system (a budget, a pool, an escrow, a payable)."""

    __tablename__ = "owners"
    __table_args__ = (
        CheckConstraint("kind IN ('member', 'system')", name="kind"),
        CheckConstraint("(kind = 'system') = (code IS NOT NULL)", name="system_has_code"),
        {"schema": SCHEMA},
    )

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(Text, server_default="member")
    code: Mapped[str | None] = mapped_column(Text, unique=True)
    opened_at: Mapped[CreatedAt]
    closed_at: Mapped[Moment | None]


class Account(Base):
    """The balance of one owner, unit and pocket; changed by the door alone.

    ``floor`` NULL means unbounded. ``earned`` and ``spent`` are lifetime sums, net of reversals, kept for the same
    price as the balance. ``last_transfer_id`` keeps the order of ids when the machine's clock steps back.

    The foreign keys are declared, not enforced: PostgreSQL would look at them again with each change of the balance.
    Triggers that look at changes of the keys alone (``sql/20_guards.sql``) enforce them.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        # An account without a floor passes: what compares with NULL is not false.
        CheckConstraint("balance >= floor", name="floor"),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "50"}},
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("ledger.owners.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"), primary_key=True)
    pocket: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger.pockets.id"), primary_key=True)
    balance: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    floor: Mapped[int | None] = mapped_column(BigInteger, server_default=text("0"))
    earned: Mapped[int] = mapped_column(Numeric, server_default=text("0"))
    spent: Mapped[int] = mapped_column(Numeric, server_default=text("0"))
    last_transfer_id: Mapped[UUID | None]
    opened_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    closed_at: Mapped[Moment | None]


class Transfer(Base):
    """One immutable movement of value, seen from the owner whose account it touches.

    ``debit`` and ``credit`` are account numbers: pockets of the owner, or system accounts. A transfer between two
    owners is two rows with one id, each through the clearing account and naming the other as ``peer_owner_id``. The ids
    of an owner's transfers sort in the order in which they were posted.
    """

    __tablename__ = "transfers"
    __table_args__ = (
        # No CHECK: PostgreSQL parses its text anew for every statement, and to say here what makes a transfer sound
        # took a quarter of a posting. The type of ``amount`` says the worst, ``ledger.verify_references`` the rest.
        UniqueConstraint("owner_id", "idempotency_key", name="uq_transfers_idempotency_key"),
        Index(
            "idx_transfers_reverses",
            "owner_id",
            "reverses_id",
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[UUID]
    amount: Mapped[int] = mapped_column(AMOUNT)
    debit_before: Mapped[int | None] = mapped_column(BigInteger)
    debit_after: Mapped[int | None] = mapped_column(BigInteger)
    credit_before: Mapped[int | None] = mapped_column(BigInteger)
    credit_after: Mapped[int | None] = mapped_column(BigInteger)
    happened_at: Mapped[Moment]
    recorded_at: Mapped[Moment]
    unit_id: Mapped[int] = mapped_column(SmallInteger)
    debit: Mapped[int] = mapped_column(SmallInteger)
    credit: Mapped[int] = mapped_column(SmallInteger)
    kind_id: Mapped[int] = mapped_column(SmallInteger)
    reference_type_id: Mapped[int | None] = mapped_column(SmallInteger)
    reference_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    peer_owner_id: Mapped[UUID | None]
    hold_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class Hold(Base):
    """Value set aside in a pocket until it is captured, released or, at ``due_at``, available by itself.

    Its id is that of the transfer that opened it; what is left of it is ``remaining``.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining"),
        Index(
            "idx_holds_open",
            "owner_id",
            "unit_id",
            "due_at",
            postgresql_where=text("remaining > 0"),
        ),
        Index("idx_holds_due", "due_at", postgresql_where=text("remaining > 0")),
        {"schema": SCHEMA, "postgresql_with": {"fillfactor": "80"}},
    )

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(SmallInteger)
    pocket: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[Moment | None]
    opened_at: Mapped[Moment]
    closed_at: Mapped[Moment | None]


system_deltas = Table(
    "system_deltas",
    Base.metadata,
    Column("owner_id", PG_UUID(as_uuid=True), nullable=False),
    Column("unit_id", SmallInteger, nullable=False),
    Column("account", SmallInteger, nullable=False),
    Column("amount", Numeric, nullable=False),
    schema=SCHEMA,
)
"""What postings moved on unbounded system accounts and no fold has taken up yet.

Appended, never updated, so writers do not wait for each other. ``owner_id`` is that of any owner in the posting: it
sends the row to the shard that writes it.
"""


class SystemBalance(Base):
    """The folded balance of an unbounded system account; the truth is this plus the deltas since."""

    __tablename__ = "system_balances"
    __table_args__ = ({"schema": SCHEMA},)

    unit_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger.units.id"), primary_key=True)
    account: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger.system_accounts.id"), primary_key=True)
    balance: Mapped[int] = mapped_column(Numeric(38, 0))
    folded_at: Mapped[CreatedAt]
