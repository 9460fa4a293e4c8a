"""What all parts of an import share: where it goes, what it reads, who and what is there already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.service.sets import among
from guerdon.programs.events.models import Attendance, Event, Payment, Registration
from guerdon.programs.events.service.importing.keys import Keys
from guerdon.programs.events.service.importing.report import Report
from guerdon.programs.events.service.importing.source import Row, Source

WHY = "Imported"
"""The reason of what an import makes, where rows have to have one."""

Kind = TypeVar("Kind", Event, Registration, Payment)
Pair = tuple[UUID, UUID]
"""A member and an event."""
People = dict[str, UUID | None]
"""Accounts by the user's id in the source; None for somebody who came and has left since."""


@dataclass(slots=True)
class Context:
    """An import under way.

    Attributes:
        key: turns a table and an id of the source into the id that the row has here.
        zone: in which events take place (IANA name).
        currency: of payments (ISO 4217).
        locale: in which members who come in are written to, until they choose one.
        events: those that are here now, by their id in the source.
        new_events: their ids here, of those that came in just now.
    """

    session: Session
    clock: Clock
    source: Source
    report: Report
    key: Keys
    zone: str
    currency: str
    locale: str
    people: People = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    new_events: set[UUID] = field(default_factory=set)

    def owner(self, table: str, row: int, user: str) -> UUID | None:
        """The account of a row's user; None if there is none, which is a fault, or if they have left, which is not."""
        if user not in self.people:
            self.report.fault(table, row, "user_id", f"users has no row {user} that could be brought in")
        return self.people.get(user)

    def pair(self, table: str, row: int, user: str, event: str) -> Pair | None:
        """Member and event of a row; None where nothing can be made of it."""
        owner = self.owner(table, row, user)
        found = self.events.get(event)
        if found is None:
            self.report.fault(table, row, "event_id", f"events has no row {event} that could be brought in")
        return None if owner is None or found is None else (owner, found.id)

    def starts(self) -> dict[UUID, datetime]:
        """When events begin."""
        return {event.id: event.start_time for event in self.events.values()}

    def here(self, model: type[Kind], table: str, rows: Sequence[Row]) -> dict[UUID, Kind]:
        """Rows of the source that came in before, by their id here."""
        found = self.session.scalars(select(model).where(among(model.id, [self.key(table, row.id) for row in rows])))
        return {each.id: each for each in found}

    def keep(self, made: Sequence[Registration | Attendance | Payment]) -> None:
        """Write rows down, unless something is wrong: the database would refuse them for it."""
        if not self.report.faults:
            self.session.add_all(made)
            self.session.flush()
