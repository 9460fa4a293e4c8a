"""The audit log: who did what to what, when, from where and why."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import Row, Table, insert, select, tuple_
from sqlalchemy.orm import Session

from guerdon.core.ids import new_id
from guerdon.http.context import current_request
from guerdon.kernel import acts
from guerdon.kernel.admin.models import AuditLog
from guerdon.kernel.identity.models import User

SECRET_NAME = re.compile(r"(^|_)(password|secret|token|hash|api_key|one_time_code)$")
# Of the table, not of its class, which would prepare itself anew for each entry.
_INSERT = insert(cast(Table, AuditLog.__table__))
REDACTED = "[redacted]"


def record(
    session: Session,
    *,
    action: str,
    resource_type: str,
    resource_id: UUID | None = None,
    actor_id: UUID | None = None,
    actor_type: Literal["user", "system", "api"] | None = None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> UUID:
    """Put an act on record, in the caller's transaction; address, agent and request id come from the request.

    Args:
        action: past participle, package first (``credits.contribution_approved``).
        resource_type, resource_id: to what.
        actor_id: who; None for the system.
        actor_type: default ``user`` with an actor, ``system`` without.
        old, new: what changed; values under names that speak of secrets are redacted.
        reason: why.
        metadata: anything else worth knowing.
    """
    info = current_request()
    entry_id = new_id()
    session.execute(
        _INSERT,
        {
            "id": entry_id,
            "actor_user_id": actor_id,
            "actor_type": actor_type or ("user" if actor_id else "system"),
            "actor_ip": info.client_address if info else None,
            "action": action,
            "resource_type": resource_type,
            "resource_id": resource_id,
            "old_values": _document(old),
            "new_values": _document(new),
            "reason": reason,
            "metadata": _document(metadata),
            "request_id": info.request_id if info else None,
            "user_agent": info.user_agent if info else None,
        },
    )
    return entry_id


def _document(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    cleaned: dict[str, Any] = to_jsonable_python(_without_secrets(values))
    return cleaned


def _without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: REDACTED
        if SECRET_NAME.search(name.lower())
        else _without_secrets(value)
        if isinstance(value, Mapping)
        else value
        for name, value in values.items()
    }


def _record_act(session: Session, act: acts.Act) -> None:
    record(
        session,
        action=act.action,
        resource_type=act.resource_type,
        resource_id=act.resource_id,
        actor_id=act.actor_id,
        old=act.old,
        new=act.new,
        reason=act.reason,
        metadata=act.detail,
    )


def install() -> None:
    """Record what the kernel's lower packages announce; the composition root calls it once."""
    acts.subscribe(_record_act)


def search(
    session: Session,
    *,
    actor_id: UUID | None = None,
    action: str | None = None,
    resource_type: str | None = None,
    resource_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Row[AuditLog, str]]:
    """Entries with their actors' names, the latest first; one more than ``limit`` when there are more.

    Args:
        actor_id, action, resource_type, resource_id: only these; an action may be a prefix ending in a dot.
        since, until: half-open.
        before: ``(timestamp, id)`` of the last entry of the page before.
    """
    query = select(AuditLog, User.name).outerjoin(User, User.id == AuditLog.actor_user_id)
    if actor_id is not None:
        query = query.where(AuditLog.actor_user_id == actor_id)
    if action:
        query = query.where(
            AuditLog.action.startswith(action, autoescape=True) if action.endswith(".") else AuditLog.action == action
        )
    if resource_type:
        query = query.where(AuditLog.resource_type == resource_type)
    if resource_id is not None:
        query = query.where(AuditLog.resource_id == resource_id)
    if since is not None:
        query = query.where(AuditLog.timestamp >= since)
    if until is not None:
        query = query.where(AuditLog.timestamp < until)
    if before is not None:
        query = query.where(tuple_(AuditLog.timestamp, AuditLog.id) < tuple_(*before))
    query = query.order_by(AuditLog.timestamp.desc(), AuditLog.id.desc()).limit(limit + 1)
    return session.execute(query).all()
