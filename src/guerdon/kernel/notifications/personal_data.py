"""The outbox's part of a copy of personal data: which messages went out, not what they said. Leaving deletes them."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.notifications.models import OutboxMessage
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    own = select(OutboxMessage).where(OutboxMessage.user_id == user_id).order_by(OutboxMessage.created_at)
    yield json_file(
        "messages.json",
        [
            {
                "kind": each.kind,
                "channel": each.channel,
                "recipient": each.recipient_hint,
                "state": each.state,
                "created_at": each.created_at,
                "settled_at": each.settled_at,
            }
            for each in session.scalars(own)
        ],
    )


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    del clock
    session.execute(delete(OutboxMessage).where(OutboxMessage.user_id == user_id))


PART = PersonalData("notifications", _export, _erase)
