"""A walking club of the tests' own: weeks in a row, badges of every kind, beans for both."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon import boot
from guerdon.core.money import Unit, UnitKind
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import (
    ActivityKind,
    Aggregate,
    Batch,
    CounterChange,
    MetricSeed,
)
from guerdon.kernel.engagement.activities.service.concluding import conclude
from guerdon.kernel.engagement.badges.seeds import BadgeLevel, BadgeSeed, Criteria
from guerdon.kernel.engagement.streaks.seeds import StreakBonus, StreakSeed
from guerdon.kernel.ledger.service import open_member
from guerdon.kernel.program import Program

BEAN = Unit("BEAN", 0, UnitKind.POINTS, "beans")
WALKERS = Program(
    name="walkers",
    title="Walking club",
    package="guerdon.kernel.home",
    units=(BEAN,),
    activity_kinds=(ActivityKind("walkers.walked", "Walked", {"steps": int, "route": str}, outside=True),),
    metrics=(
        MetricSeed("walks", "Walks", ("walkers.walked",)),
        MetricSeed("steps", "Steps", ("walkers.walked",), Aggregate.SUM, "steps"),
        MetricSeed("routes", "Routes", ("walkers.walked",), Aggregate.DISTINCT, "route"),
    ),
    streaks=(
        StreakSeed("weekly", "Weeks in a row", "walks", bonus=StreakBonus.rising("BEAN", 5, 50)),
        StreakSeed("daily", "Days with 5,000 steps", "steps", period="day", minimum=5000, freeze_every=0),
    ),
    badges=(
        BadgeSeed(
            "walker",
            "Walker",
            "Comes along.",
            Criteria.total("walks"),
            (BadgeLevel(1, "BEAN", 10), BadgeLevel(3, "BEAN", 30), BadgeLevel(5)),
        ),
        BadgeSeed("explorer", "Explorer", "Knows the ways.", Criteria.total("routes"), (BadgeLevel(2, "BEAN", 20),)),
        BadgeSeed("far", "Far walker", "A long day.", Criteria.best("steps", "day"), (BadgeLevel(10_000),)),
        BadgeSeed(
            "steady", "Steady", "Many days of a month.", Criteria.days("steps", 5000), (BadgeLevel(3), BadgeLevel(6))
        ),
        BadgeSeed("loyal", "Loyal", "Week after week.", Criteria.longest("weekly"), (BadgeLevel(2), BadgeLevel(4))),
        BadgeSeed("secret", "Secret", "Nobody knows.", Criteria.total("steps"), (BadgeLevel(50_000),), hidden=True),
        BadgeSeed("helper", "Helper", "Helped.", Criteria.by_hand(), (BadgeLevel(1, "BEAN", 100),)),
    ),
)


def plant(owner_dsn: str) -> None:
    """Put the program into a database, as a migration would."""
    database = Database(owner_dsn)
    with database.transaction() as session:
        boot._install_program(WALKERS, session)
    database.dispose()


@pytest.fixture
def walkers(owner_dsn: str, database: Database, recorded: None, tmp_path: Any) -> Database:
    """The test's database with the club in it."""
    boot.prepare(Settings(data_dir=tmp_path, secret_key="s" * 40))
    plant(owner_dsn)
    return database


def beans(session: Session, owner_id: UUID) -> int:
    """What somebody has."""
    query = text(
        "SELECT coalesce(sum(balance), 0) FROM ledger.accounts AS a JOIN ledger.units AS u ON u.id = a.unit_id"
        " WHERE u.code = 'BEAN' AND owner_id = :owner_id AND pocket = 1"
    )
    return int(session.scalars(query, {"owner_id": owner_id}).one())


_ADVANCE = text(
    "INSERT INTO engagement.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)"
    " SELECT :owner_id, m.id, p.period, engagement.period_start(p.period, :day), :more, :at"
    " FROM engagement.metrics AS m, unnest(ARRAY['day', 'life', 'month', 'week']) AS p(period)"
    " WHERE m.program = 'walkers' AND m.code = :metric"
    " ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE SET value = c.value + excluded.value"
    " RETURNING c.metric_id, c.period, c.period_start, c.value"
)


def advance(session: Session, now: datetime, owner_id: UUID, day: date, *, withdrawn: bool = False, **more: int) -> Any:
    """Advance counters of a day by so much, by metric, and let streaks and badges follow, as the recording does."""
    at = datetime.combine(day, time(12), UTC)
    open_member(session, owner_id)
    changes = [
        CounterChange(owner_id, row.metric_id, row.period, row.period_start, row.value - by, row.value, at)
        for metric, by in more.items()
        for row in session.execute(
            _ADVANCE, {"owner_id": owner_id, "metric": metric, "day": day, "more": by, "at": at}
        ).all()
    ]
    return conclude(session, now, Batch((), changes, (owner_id,), "UTC", withdrawn=withdrawn))
