"""Members as recording sees them: locked in the order of their ids, and what expressions read of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement, savepoint
from guerdon.kernel.engagement.activities.service import wire
from guerdon.kernel.engagement.ladders.service import keeping

_LOCK = Statement(
    """
    SELECT owner_id, last_activity_id, time_zone, locale, country_code, created_at, verified
    FROM engagement.lock_members(CAST(engagement.apart(:ids) AS uuid[]))
    """
)
_READ_OF = ("time_zone", "locale", "country", "created_at", "verified")
"""What ``_LOCK`` tells of each, as expressions name it."""
_REACH_ALL = """
    SELECT former,
        set_config('guerdon.acting_as', CASE WHEN former IN ('staff', 'system') THEN former ELSE 'system' END, true)
    FROM (SELECT coalesce(current_setting('guerdon.acting_as', true), '') OFFSET 0) AS acting (former)
"""
_ACT_AS = {former: f"SELECT set_config('guerdon.acting_as', '{former}', true)" for former in ("", "member")}
"""What gives the right back: to nobody in particular, or to the member who asks."""


@contextmanager
def reaching_all(session: Session) -> Iterator[None]:
    """Let what a member does be recorded of others too: a meeting counts for both, whoever reports it.

    Row-level security follows the request, which may be a member's. A savepoint takes the right back whatever happens,
    and makes recording whole or nothing.
    """
    session.flush()
    with savepoint(session, _REACH_ALL) as inside:
        former, acting_as = inside.row
        if acting_as != former:
            inside.last = _ACT_AS[former]
        yield


@dataclass(frozen=True, slots=True)
class Locked:
    """Members whose rows are locked.

    Attributes:
        read: what expressions read of each.
        last_activity_id: the largest id of an activity that any of them has.
    """

    read: dict[UUID, dict[str, Any]]
    last_activity_id: UUID | None


def lock(session: Session, ids: Iterable[UUID]) -> Locked:
    """Lock members, in the order of their ids.

    Who has no row yet gets one first, in the same order and before anything is locked, so that nobody waits in a
    circle. Who does not exist, or not any more, is left out.
    """
    rows = _LOCK.rows(session, ids=wire.uuids(set(ids)))
    return Locked(
        {owner_id: dict(zip(_READ_OF, seen, strict=True)) for owner_id, _, *seen in rows},
        max((row[1] for row in rows if row[1] is not None), default=None),
    )


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
