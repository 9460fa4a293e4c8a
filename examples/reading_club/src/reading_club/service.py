"""Recording what members have read."""

from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.activities.schemas import Fact, Outcome
from guerdon.kernel.engagement.activities.service.recording import record


def read(session: Session, clock: Clock, user_id: UUID, book: str, pages: int, *, key: str) -> Outcome:
    """Record that a member has read ``pages`` of ``book`` now; raises why not, and does nothing twice for one key."""
    facts = [Fact(user_id, "reading", "reading.read", clock.now(), {"pages": pages, "book": book}, key, user_id)]
    outcome = record(session, clock, facts)[0]
    if outcome.refused:
        raise outcome.refused
    return outcome
