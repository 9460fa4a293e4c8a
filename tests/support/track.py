"""A running track: a program of the tests' own with facts, metrics and rules of every sort."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.core.money import Unit, UnitKind
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, Fact, MetricSeed, Outcome, Zone
from guerdon.kernel.engagement.activities.service import installing, watching
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger.catalogue import register_units
from guerdon.kernel.ledger.service.door import _watchers

from .databases import connected
from .ledger import snapshot as ledger_snapshot

LAP = Unit("LAP", 0, UnitKind.POINTS, "laps")
KINDS = (
    ActivityKind(
        "track.run",
        "A run",
        {"metres": int, "route": str, "night": bool | None, "friends": list | None},
        outside=True,
    ),
    ActivityKind("track.rest", "A rest", {}),
)
METRICS = (
    MetricSeed("runs", "Runs", ("track.run",)),
    MetricSeed("metres", "Metres", ("track.run",), Aggregate.SUM, "metres"),
    MetricSeed("routes", "Routes", ("track.run",), Aggregate.DISTINCT, "route"),
    MetricSeed("longest", "Longest run", ("track.run",), Aggregate.MAX, "metres"),
    MetricSeed("long_runs", "Long runs", ("track.run",), condition="activity.metres >= 5000", zone=Zone.MEMBER),
    MetricSeed("days_off", "Rests", ("track.rest",), zone=Zone.MEMBER),
)
TABLES = (
    *("members", "activities", "activity_withdrawals", "counters", "distinct_values", "rule_grants"),
    *("rules", "metrics", "activity_kinds"),
)


def rule(code: str, amount: str = "10", **options: Any) -> RuleSeed:
    """A rule for runs that pays in laps."""
    return RuleSeed(code, "track.run", "LAP", amount, **options)


def together(work: Callable[[int], Any], times: int) -> list[Exception]:
    """Do something from several threads at the same moment; what they raised."""
    barrier, raised = Barrier(times), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except Exception as exc:
            raised.append(exc)

    threads = [Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def snapshot(dsn: str) -> dict[str, list[str]]:
    """Every row of engagement and ledger, as text."""
    with connected(dsn) as connection:
        found = {
            table: [
                row[0]
                for row in connection.execute(
                    sql.SQL("SELECT t::text FROM engagement.{} AS t ORDER BY 1").format(sql.Identifier(table))
                )
            ]
            for table in TABLES
        }
    return {**found, **ledger_snapshot(dsn)}


@dataclass
class Track:
    """The track of a test; ``do`` runs one call in a transaction of its own."""

    database: Database
    owner_dsn: str
    clock: FixedClock
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    def install(self, *seeds: RuleSeed) -> None:
        """Put rules in, as a migration would."""
        owner = Database(self.owner_dsn)
        with owner.transaction() as session:
            register_units(session, (LAP,))
            installing.install_kinds(session, "track", KINDS)
            installing.install_metrics(session, "track", METRICS)
            rules.install(session, "track", seeds)
        owner.dispose()

    def member(self, name: str | None = None, zone: str = "UTC") -> UUID:
        """A new member."""
        name = name or f"runner{next(self._keys)}"
        with self.database.transaction() as session:
            account = create_account(
                session, self.clock, email=f"{name}@example.org", name=name, password=None, time_zone=zone
            )
            return account.id

    def do(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """``call(session, …)`` in a transaction."""
        with self.database.transaction() as session:
            return call(session, *args, **options)

    def fact(
        self,
        owner_id: UUID,
        metres: int = 1000,
        route: str = "river",
        *,
        at: datetime | None = None,
        key: str | None = None,
        **properties: Any,
    ) -> Fact:
        """A run, now unless told otherwise."""
        given = {"metres": metres, "route": route, **properties}
        key = key or f"key {next(self._keys)}"
        return Fact(owner_id, "track", "track.run", at or self.clock.now(), given, key)

    def record(self, *facts: Fact) -> list[Outcome]:
        """Record facts in one transaction."""
        outcomes: list[Outcome] = self.do(record, self.clock, facts)
        return outcomes

    def run(self, owner_id: UUID, metres: int = 1000, route: str = "river", **options: Any) -> Outcome:
        """Record one run."""
        return self.record(self.fact(owner_id, metres, route, **options))[0]

    def counters(self, owner_id: UUID, code: str, program: str = "track") -> dict[str, int]:
        """A member's counters of a metric: ``{"day 2026-03-02": 1, …}``."""
        query = text(
            """
            SELECT c.period || CASE c.period WHEN 'life' THEN '' ELSE ' ' || c.period_start END, c.value
            FROM engagement.counters AS c JOIN engagement.metrics AS m ON m.id = c.metric_id
            WHERE c.owner_id = :owner AND m.program = :program AND m.code = :code
            """
        )
        with self.database.transaction() as session:
            rows = session.execute(query, {"owner": owner_id, "program": program, "code": code})
            return {row[0]: row[1] for row in rows}

    def laps(self, owner_id: UUID) -> int:
        """What a member has earned, net, by the ledger."""
        query = text("SELECT coalesce(sum(earned), 0)::bigint FROM ledger.accounts WHERE owner_id = :owner")
        with self.database.transaction() as session:
            earned: int = session.execute(query, {"owner": owner_id}).scalar_one()
            return earned

    def snapshot(self) -> dict[str, list[str]]:
        """Everything that could have changed."""
        return snapshot(self.owner_dsn)


@pytest.fixture
def track(database: Database, owner_dsn: str, clock: FixedClock, recorded: None) -> Iterator[Track]:
    """The program without rules; a test installs its own."""
    made = Track(database, owner_dsn, clock)
    made.install()
    former = dict(_watchers)
    watching.install()
    yield made
    _watchers.clear()
    _watchers.update(former)
