"""Identifiers: UUIDv7 for rows, and the digest that idempotency keys are stored as."""

import hashlib
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562): sorts by the time of its making."""
    return uuid7()


def idempotency_uuid(key: str) -> UUID:
    """The 16 bytes under which an idempotency key of any length is stored.

    The first 128 bits of SHA-256, marked as UUIDv8 (RFC 9562, section 5.8), which leaves 122 bits: no two keys
    of one owner will ever meet. ``ledger.idempotency_uuid(text)`` computes the same in SQL.
    """
    return UUID(bytes=_digest(key))


def idempotency_hex(key: str) -> str:
    """The same as 32 digits, for those who send thousands at once."""
    return _digest(key).hex()


def _digest(key: str) -> bytes:
    digest = bytearray(hashlib.sha256(key.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)
