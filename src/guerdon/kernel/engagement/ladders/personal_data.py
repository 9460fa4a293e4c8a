"""The tiers' part of a copy of personal data, and of what goes when an account is erased."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import delete, inspect, select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.ladders.models import TierChange, TierStandingRow
from guerdon.kernel.personal_data import PersonalData, PersonalFile, json_file


def _export(session: Session, clock: Clock, user_id: UUID) -> Iterator[PersonalFile]:
    del clock
    models: tuple[tuple[str, Any], ...] = (("standings.json", TierStandingRow), ("changes.json", TierChange))
    for path, model in models:
        names = [column.key for column in inspect(model).column_attrs]
        rows = session.scalars(select(model).where(model.owner_id == user_id))
        yield json_file(path, [{name: getattr(row, name) for name in names} for row in rows])


def _erase(session: Session, clock: Clock, user_id: UUID) -> None:
    del clock
    for model in (TierChange, TierStandingRow):
        session.execute(delete(model).where(model.owner_id == user_id))


PART = PersonalData("tiers", _export, _erase)
