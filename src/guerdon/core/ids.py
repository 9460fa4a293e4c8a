"""Identifiers: UUIDv7 for rows, and the digest that idempotency keys are stored as."""

import hashlib
from uuid import UUID

import uuid_utils
from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): sorts by the time of its making."""
    return uuid7()


def new_id_text() -> str:
    """One as text, for what is shown and never kept: a fifth of the time of making the object and writing it."""
    return str(uuid_utils.uuid7())


def idempotency_uuid(key: str) -> UUID:
    """The 16 bytes under which an idempotency key of any length is stored.

    The first 128 bits of SHA-256, marked as UUIDv8 (RFC 9562, section 5.8), which leaves 122 bits: no two keys
    of one owner will ever meet. ``ledger.idempotency_uuid(text)`` computes the same in SQL.
    """
    return UUID(int=idempotency_int(key))


def idempotency_int(key: str) -> int:
    """The same as a whole number, for those who handle thousands at once: making a UUID takes as long as the digest."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16]) & _KEPT | _MARKS


_KEPT = ~(0xF << 76 | 0x3 << 62)
_MARKS = 0x8 << 76 | 0x2 << 62
"""Version and variant: the upper half of byte 6, and the upper two bits of byte 8."""
