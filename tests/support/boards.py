"""A metric of the garden's, counters written as recording writes them, and boards over it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.boards.models import BoardRun
from guerdon.kernel.engagement.boards.schemas import Draft, Own, Stretch
from guerdon.kernel.engagement.boards.service import managing, reading, upkeep
from guerdon.kernel.identity.models import User

from .databases import connected

WEEK = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Boards:
    """A board on a metric of nobody's, members, and counters that are written as recording writes them."""

    database: Database
    clock: FixedClock
    person: Callable[..., User]
    metric_id: int

    def do(self, call: Any, *args: Any, **options: Any) -> Any:
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def sql(self, statement: str, **values: Any) -> Sequence[Any]:
        with self.database.transaction() as session:
            found = session.execute(text(statement), values)
            return found.all() if found.returns_rows else []

    def member(self, name: str) -> UUID:
        return self.person(name).id

    def count(self, who: UUID, value: int, *, at: datetime = NOON, start: date = WEEK, period: str = "week") -> None:
        self.sql(
            "INSERT INTO engagement.counters AS c VALUES (:who, :metric, :period, :start, :value, :at)"
            " ON CONFLICT (owner_id, metric_id, period, period_start)"
            " DO UPDATE SET value = excluded.value, reached_at = excluded.reached_at",
            who=who,
            metric=self.metric_id,
            period=period,
            start=start,
            value=value,
            at=at,
        )

    def define(self, code: str = "visits", **options: Any) -> reading.Shown:
        draft = Draft("garden", code, "Visits", "garden:visits", **{"periods": ("week", "life"), **options})
        self.do(managing.define, draft, actor_id=None)
        return self.do(managing.activate, "garden", code, self.clock.now(), actor_id=None)  # type: ignore[no-any-return]

    def run(self, shown: reading.Shown, start: date = WEEK, period: str = "week") -> BoardRun:
        found = self.do(reading.run, shown, period, start, self.clock.now())
        assert found is not None
        return found  # type: ignore[no-any-return]

    def top(self, shown: reading.Shown, reader: UUID | None = None, **options: Any) -> list[Stretch]:
        options.setdefault("limit", 100)
        start = options.pop("start", WEEK)
        return self.do(reading.top, shown, self.run(shown, start), reader, **options)  # type: ignore[no-any-return]

    def own(self, shown: reading.Shown, who: UUID, start: date = WEEK, **options: Any) -> Own:
        return self.do(reading.own, shown, self.run(shown, start), who, **options)  # type: ignore[no-any-return]

    def listed(self, **options: Any) -> list[reading.Shown]:
        """The garden's boards, as members or staff find them."""
        return [each for each in self.do(reading.boards, **options) if each.board.program == "garden"]

    def weeks(self) -> list[date]:
        """The weeks that any board knows."""
        found = self.sql("SELECT period_start FROM engagement.board_runs WHERE period = 'week' ORDER BY 1")
        return [start for (start,) in found]

    def faults(self) -> list[Any]:
        return [tuple(row) for row in self.do(upkeep.verify)]

    def close_due(self) -> list[int | None]:
        due = self.do(upkeep.end_due, self.clock.now())
        return [self.do(upkeep.close, run_id, self.clock.now()) for run_id in due]


@pytest.fixture
def boards(garden: Database, clock: FixedClock, person: Callable[..., User], owner_dsn: str) -> Boards:
    """Boards of the garden, over a metric without a past."""
    with connected(owner_dsn) as connection:
        row = connection.execute(
            "INSERT INTO engagement.metrics (program, code, title, activity_kinds, aggregate)"
            " VALUES ('garden', 'visits', 'Visits', '{garden.visit}', 'count') RETURNING id"
        ).fetchone()
    assert row is not None
    return Boards(garden, clock, person, row[0])
