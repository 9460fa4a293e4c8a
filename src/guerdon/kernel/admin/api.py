"""``/api/v1/admin``."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Row

from guerdon.http.access import Principal, requires
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.schemas import Moment, Text
from guerdon.http.transaction import SessionDep
from guerdon.kernel.admin import audit
from guerdon.kernel.admin.models import AuditLog
from guerdon.kernel.admin.schemas import AuditEntry

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])

Auditor = Annotated[Principal, Depends(requires("admin:audit"))]


@router.get("/audit")
def list_audit(
    _who: Auditor,
    session: SessionDep,
    actor_id: Annotated[UUID | None, Query()] = None,
    action: Annotated[
        Text | None, Query(max_length=100, description="A whole action, or a prefix ending in a dot.")
    ] = None,
    resource_type: Annotated[Text | None, Query(max_length=50)] = None,
    resource_id: Annotated[UUID | None, Query()] = None,
    since: Annotated[Moment | None, Query()] = None,
    until: Annotated[Moment | None, Query(description="Not included.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[AuditEntry]:
    """What was done, the latest first."""
    before = decode_cursor(cursor, datetime, UUID)
    found = audit.search(
        session,
        actor_id=actor_id,
        action=action,
        resource_type=resource_type,
        resource_id=resource_id,
        since=since,
        until=until,
        before=(before[0], before[1]) if before else None,
        limit=limit,
    )
    return page_of(found, limit, show=_show, key=_key)


def _show(row: Row[AuditLog, str]) -> AuditEntry:
    entry, actor_name = row[0], row[1]
    return AuditEntry(
        id=entry.id,
        timestamp=entry.timestamp,
        actor_user_id=entry.actor_user_id,
        actor_name=actor_name,
        actor_type=entry.actor_type,
        actor_ip=str(entry.actor_ip) if entry.actor_ip else None,
        action=entry.action,
        resource_type=entry.resource_type,
        resource_id=entry.resource_id,
        old_values=entry.old_values,
        new_values=entry.new_values,
        reason=entry.reason,
        metadata=entry.context,
        request_id=entry.request_id,
        user_agent=entry.user_agent,
    )


def _key(row: Row[AuditLog, str]) -> tuple[datetime, UUID]:
    return row[0].timestamp, row[0].id
