"""The ledger's part of a copy of personal data: the whole statement. It stays when the person leaves."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.ledger.service import statement
from guerdon.kernel.ledger.service.exporting import record
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file

_PAGE = 1000


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    entries: list[dict[str, Any]] = []
    before = before_pocket = None
    while True:
        page = statement(
            session,
            user_id,
            clock.now(),
            pocket=None,
            before=before,
            before_pocket=before_pocket,
            limit=_PAGE,
        )
        entries += [record(entry) for entry in page]
        if len(page) < _PAGE:
            break
        before, before_pocket = page[-1].transfer_id, page[-1].pocket
    yield json_file("statement.json", entries)


PART = PersonalData("ledger", _export)
