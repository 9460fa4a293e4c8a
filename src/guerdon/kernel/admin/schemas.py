"""What goes out of administration's API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from guerdon.http.schemas import Schema


class AuditEntry(Schema):
    """One act on record."""

    id: UUID
    timestamp: datetime
    actor_user_id: UUID | None
    actor_name: str | None
    actor_type: str
    actor_ip: str | None
    action: str = Field(examples=["identity.role_granted"])
    resource_type: str
    resource_id: UUID | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    reason: str | None
    metadata: dict[str, Any] | None
    request_id: str | None
    user_agent: str | None
