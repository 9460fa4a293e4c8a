"""Watching the ledger's door: what is earned or taken back there advances counters, and whoever follows them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Row
from guerdon.kernel.engagement.activities.schemas import Batch
from guerdon.kernel.engagement.activities.service import earning
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.activities.service.concluding import conclude
from guerdon.kernel.engagement.activities.service.members import reaching_all
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Posted
from guerdon.kernel.ledger.service.door import watch

_OWNER, _KIND, _PEER = 0, 5, 13
"""Where the ledger's rows have them."""


def install() -> None:
    """Watch what goes through the ledger's door."""
    watch("engagement.earned", follow_postings)


def follow_postings(session: Session, rows: Sequence[Row], posted: Sequence[Posted], at: datetime) -> None:
    """Count what was posted, if it earns, and let everybody follow."""
    kinds = catalogue(session).earning_kinds
    transfers: list[tuple[UUID, UUID]] = []
    for row, each in zip(rows, posted, strict=True):
        if each.transfer_id is not None and each.accepted and not each.replayed and row[_KIND] in kinds:
            transfers += [(owner_id, each.transfer_id) for owner_id in (row[_OWNER], row[_PEER]) if owner_id]
    if transfers:
        with reaching_all(session):
            changes = earning.count(session, transfers)
            if changes:
                owners = sorted({each.owner_id for each in changes})
                conclude(session, at, Batch((), changes, owners, time_zone(session)))
