"""The audit log's part of a copy of personal data: what the person did. It stays when they leave, without a name."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.admin.models import AuditLog
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    own = select(AuditLog).where(AuditLog.actor_user_id == user_id).order_by(AuditLog.timestamp, AuditLog.id)
    yield json_file(
        "acts.json",
        [
            {
                "action": entry.action,
                "resource_type": entry.resource_type,
                "resource_id": entry.resource_id,
                "reason": entry.reason,
                "timestamp": entry.timestamp,
                "address": str(entry.actor_ip) if entry.actor_ip else None,
                "user_agent": entry.user_agent,
            }
            for entry in session.scalars(own)
        ],
    )


PART = PersonalData("audit", _export)
