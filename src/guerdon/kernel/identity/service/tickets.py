"""Tickets: what somebody has proven on one page, carried to the next by their browser, signed and short-lived."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from guerdon.core.clock import Clock

LIFE = timedelta(minutes=15)
LENGTH_MAX = 4000


def seal(key: bytes, kind: str, clock: Clock, data: Mapping[str, str]) -> str:
    """A ticket.

    Args:
        key: ``app.state.ticket_key``.
        kind: what it is for; a ticket of one kind is worthless as another.
        data: it can be read by who holds it, and not changed.
    """
    return str(URLSafeSerializer(key, salt=kind).dumps({"at": int(clock.now().timestamp()), "data": dict(data)}))


def unseal(key: bytes, kind: str, clock: Clock, ticket: str) -> dict[str, str] | None:
    """What a ticket says, or None when it is forged, of another kind, or too old."""
    if len(ticket) > LENGTH_MAX:
        return None
    try:
        content = URLSafeSerializer(key, salt=kind).loads(ticket)
    except BadData:
        return None
    age = clock.now() - datetime.fromtimestamp(content["at"], UTC)
    data: dict[str, str] = content["data"]
    return data if timedelta(0) <= age + timedelta(seconds=5) and age < LIFE else None
