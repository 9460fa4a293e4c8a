"""A member of the walking club, week by week."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.streaks.service import reading
from guerdon.kernel.engagement.streaks.service.definitions import Definition, by_code

from .databases import START_OF_TIME
from .walkers import advance, beans

MONDAY = START_OF_TIME.date()
WEEK = timedelta(days=7)


class Walking:
    """One member, week by week; the clock moves with them."""

    def __init__(self, database: Database, clock: FixedClock, owner_id: UUID) -> None:
        self.database = database
        self.clock = clock
        self.owner_id = owner_id

    def week(self, number: int, walks: int = 1, *, withdrawn: bool = False) -> None:
        """Walk in the week of that number, or have it withdrawn, whatever the clock says."""
        with self.database.transaction() as session:
            day = MONDAY + number * WEEK
            advance(session, self.clock.now(), self.owner_id, day, withdrawn=withdrawn, walks=walks)

    def to(self, number: int) -> None:
        """Move the clock to the Monday of a week."""
        self.clock.move(START_OF_TIME + number * WEEK - self.clock.now())

    def weekly(self, session: Session) -> Definition:
        """The club's streak."""
        return by_code(session, "walkers", "weekly")

    def stands(self) -> reading.MemberStreak:
        """Where the member stands."""
        with self.database.transaction() as session:
            return reading.one_of_member(session, self.clock.now(), self.owner_id, self.weekly(session))

    def has(self) -> int:
        """The member's beans."""
        with self.database.transaction() as session:
            return beans(session, self.owner_id)

    def bonus(self) -> int:
        """What the streak has paid, net of what was taken back."""
        with self.database.transaction() as session:
            query = text(
                "SELECT coalesce(sum(CASE WHEN t.reverses_id IS NULL THEN t.amount ELSE -t.amount END), 0)"
                " FROM ledger.transfers AS t JOIN ledger.transfer_kinds AS k ON k.id = t.kind_id"
                " WHERE k.code = 'streak.bonus' AND t.owner_id = :owner_id"
            )
            return int(session.scalars(query, {"owner_id": self.owner_id}).one())


@pytest.fixture
def walking(walkers: Database, clock: FixedClock, person: Callable[..., Any]) -> Walking:
    """Somebody who has not walked yet."""
    return Walking(walkers, clock, person("ibis").id)
