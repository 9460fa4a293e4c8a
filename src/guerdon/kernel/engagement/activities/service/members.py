"""Members as recording sees them: locked in the order of their ids, and what expressions read of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.ladders.service import keeping

_MISSING = text(
    """
    SELECT u.id FROM identity.users AS u
    WHERE u.id = ANY(:ids) AND u.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM engagement.members AS m WHERE m.owner_id = u.id)
    ORDER BY u.id
    """
)
_OPEN = text(
    """
    WITH opened AS (
        INSERT INTO engagement.members (owner_id) SELECT id FROM unnest(CAST(:ids AS uuid[])) AS i(id) ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING owner_id
    )
    SELECT ledger.open_member(owner_id) FROM opened
    """
)
_LOCK = text(
    """
    SELECT m.owner_id, u.time_zone, u.locale, u.country_code, u.created_at,
        u.email_verified_at IS NOT NULL OR u.phone_verified_at IS NOT NULL AS verified
    FROM engagement.members AS m
    JOIN identity.users AS u ON u.id = m.owner_id
    WHERE m.owner_id = ANY(:ids) AND u.deleted_at IS NULL
    ORDER BY m.owner_id
    FOR NO KEY UPDATE OF m
    """
)


@contextmanager
def reaching_all(session: Session) -> Iterator[None]:
    """Let what a member does be recorded of others too: a meeting counts for both, whoever reports it.

    Row-level security follows the request, which may be a member's. A savepoint takes the right back whatever happens,
    and makes recording whole or nothing.
    """
    with session.begin_nested():
        former = session.execute(text("SELECT current_setting('guerdon.acting_as', true)")).scalar_one()
        if former in ("staff", "system"):
            yield
            return
        change = text("SELECT set_config('guerdon.acting_as', :to, true)")
        session.execute(change, {"to": "system"})
        yield
        session.execute(change, {"to": former or ""})


def lock(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Lock members, in the order of their ids, and tell what expressions read of each.

    Who has no row yet gets one first, in the same order and before anything is locked, so that nobody waits in a
    circle. Who does not exist, or not any more, is left out.
    """
    wanted = sorted(set(ids))
    missing = session.scalars(_MISSING, {"ids": wanted}).all()
    if missing:
        session.execute(_OPEN, {"ids": list(missing)})
    return {
        row.owner_id: {
            "time_zone": row.time_zone,
            "locale": row.locale,
            "country": row.country_code,
            "created_at": row.created_at,
            "verified": row.verified,
        }
        for row in session.execute(_LOCK, {"ids": wanted})
    }


def zones(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The time zone of each member."""
    rows = session.execute(text("SELECT id, time_zone FROM identity.users WHERE id = ANY(:ids)"), {"ids": list(ids)})
    return {row[0]: row[1] for row in rows}


def add_tiers(session: Session, members: Mapping[UUID, dict[str, Any]], now: datetime) -> None:
    """Tell of each member on which tier of each program they stand."""
    found = keeping.current(session, keeping.ladders(session), list(members), now)
    for owner_id, member in members.items():
        member["tiers"] = found[owner_id]


def read(member: Mapping[str, Any], path: Sequence[str], moment: datetime) -> Any:
    """What ``member.<path>`` gives as of the moment of a fact; None where there is nothing."""
    if path[0] == "account_age_days":
        return max((moment - member["created_at"]).days, 0)
    value: Any = member if path[0] != "created_at" else None
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def whole(member: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """Everything that ``member`` gives, as an object."""
    shown = {name: value for name, value in member.items() if name != "created_at"}
    return {**shown, "account_age_days": read(member, ("account_age_days",), moment)}
