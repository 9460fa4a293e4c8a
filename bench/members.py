"""Who the bench's members are: numbered, with ids as people get them who join one after the other."""

from uuid import UUID

JOINED_MS = 1_735_689_600_000
APART_MS = 300_000
"""One joins every five minutes since the start of 2025, so that their UUIDv7s differ where real ones do: sorting them,
the server compares the first eight bytes at once, and the rest only if those are equal."""

_REST = "70008000000000000000"

VALUES = {"joined_ms": JOINED_MS, "apart_ms": APART_MS, "rest": int(_REST)}
"""What ``bench.member`` in ``sql/members.sql`` is made of."""

BY_MOMENT = f"('0' || to_hex(:joined::bigint) || '{_REST}')::uuid"
"""The member that ``numbered`` chose, in a script of pgbench."""


def member(number: int) -> UUID:
    """The id of the member with that number, as ``bench.member`` makes it on the server."""
    return UUID(f"0{JOINED_MS + APART_MS * number:x}{_REST}")


def numbered(number: str) -> str:
    """Choose a member in a script of pgbench, by an expression of its own such as ``random(1, 10)``."""
    return f"\\set joined {JOINED_MS} + {APART_MS} * {number}\n"
