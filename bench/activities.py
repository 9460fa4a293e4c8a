"""Activities in batches, with five rules in force, against the ledger alone posting the transfers that they make.

Two processes take part, each with members of its own and one connection, because that is what two cores are for. The
ledger posts exactly the postings that recording a batch of the same facts makes, from Python, in the same processes.
"""

import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from uuid import uuid4

from sqlalchemy import text

from bench.arena import Arena, Place
from bench.figures import Figure, Progress, Rounds
from bench.members import member
from bench.plan import BATCH, Plan
from guerdon.core.clock import SystemClock
from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import ActivityKind, Aggregate, Fact, MetricSeed
from guerdon.kernel.engagement.activities.service import installing
from guerdon.kernel.engagement.activities.service.recording import record
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.ledger.schemas import Account, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service import post_batch

WORKERS = 2
MEMBERS_EACH = 2_000
CROWDS = 5
"""Each process takes the batches of so many crowds in turn, so that nobody walks so much that caps hold them back."""
PER_SECOND = 10_000
SHARE = 0.5
TRANSFERS_EACH = 2
"""What the five rules make of a walk on average: all look at it, about two grant something."""
ACROSS = timedelta(days=1)
"""The facts of a batch are up to a day old, as what devices report in a batch is."""

KINDS = (ActivityKind("bench.walk", "A walk", {"metres": int, "minutes": int, "park": str}, outside=True),)
METRICS = (
    MetricSeed("walks", "Walks", ("bench.walk",)),
    MetricSeed("metres", "Metres", ("bench.walk",), Aggregate.SUM, "metres"),
)
RULES = (
    RuleSeed(
        "walk",
        "bench.walk",
        "BENCH",
        "1 + ratio(activity.metres * params.points_per_km, 1000)",
        params={"points_per_km": 10},
    ),
    RuleSeed(
        "long", "bench.walk", "BENCH", "params.points", condition="activity.metres >= 7000", params={"points": 20}
    ),
    RuleSeed(
        "brisk",
        "bench.walk",
        "BENCH",
        "5",
        condition="activity.metres > activity.minutes * 80",
        caps={"day": 250, "month": 5000},
    ),
    RuleSeed("seventh", "bench.walk", "BENCH", "50", condition="counters.walks.week == 7"),
    RuleSeed(
        "opening",
        "bench.walk",
        "BENCH",
        "25",
        condition='activity.park == "north" && member.account_age_days < 2',
        multipliers=("params.boost_bp",),
        params={"boost_bp": 15000},
        cool_down_s=86_400,
    ),
)


@dataclass(frozen=True, slots=True)
class Job:
    """A batch to be made up and recorded or posted: where, whose members, and what chance begins with."""

    dsn: str
    worker: int
    seed: int


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Activities a second, and that against half of what the ledger alone posts."""
    place = arena.place("activities")
    prepare(place)
    arena.tidy(place)
    seeds = count(1)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:

        def together(work: Callable[[Job], tuple[int, float]]) -> float:
            jobs = [Job(place.app_dsn, worker, next(seeds)) for worker in range(WORKERS)]
            done = list(pool.map(work, jobs))
            return sum(items for items, _ in done) / max(seconds for _, seconds in done)

        def record_transfers() -> float:
            rate = together(record_batch)
            activities.append(rate / TRANSFERS_EACH)
            return rate

        activities: list[float] = []
        for _ in range(CROWDS):
            together(record_batch)  # opens members and accounts, compiles rules
        rounds = Rounds(
            {"activities": record_transfers, "ledger": lambda: together(_post)}, plan.batch_rounds, progress
        )
    rate = median(activities)
    title = f"batches of {BATCH:,} activities, {len(RULES)} active rules, {WORKERS} processes"
    return [
        Figure(title, "", rate, None, "activities/s", rate, rounds.count, PER_SECOND),
        rounds.figure(
            f"transfers that such batches make, {TRANSFERS_EACH} for each activity",
            "activities",
            "ledger",
            "the ledger alone posting as many from Python",
            SHARE,
        ),
    ]


def prepare(place: Place) -> None:
    """Members, the kind, its metrics and the five rules."""
    database = Database(place.owner_dsn)
    with database.transaction() as session:
        session.execute(
            text(
                """
                INSERT INTO identity.users (id, email, name, email_verified_at, created_at)
                SELECT o.id, 'walker' || row_number() OVER () || '@example.org', 'Walker', now(),
                    now() - interval '1 day' * (hashtext(o.id::text) & 127)
                FROM ledger.owners AS o WHERE o.kind = 'member' ORDER BY o.id LIMIT :members
                """
            ),
            {"members": WORKERS * CROWDS * MEMBERS_EACH},
        )
        installing.install_kinds(session, "bench", KINDS)
        installing.install_metrics(session, "bench", METRICS)
        rules.install(session, "bench", RULES)
    database.dispose()


def facts(worker: int, seed: int, now: datetime) -> list[Fact]:
    """A batch of made-up walks."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    first = (worker * CROWDS + seed // WORKERS % CROWDS) * MEMBERS_EACH
    made = []
    for _ in range(BATCH):
        metres = chance.randint(200, 10_000)
        made.append(
            Fact(
                member(first + chance.randrange(MEMBERS_EACH) + 1),
                "bench",
                "bench.walk",
                now - timedelta(seconds=chance.randrange(int(ACROSS.total_seconds()))),
                {"metres": metres, "minutes": metres // chance.randint(60, 120), "park": chance.choice("abcdefgh")},
                str(uuid4()),
                source="bench",
            )
        )
    return made


def record_batch(job: Job) -> tuple[int, float]:
    """Record a batch: how many transfers it made, in how many seconds."""
    database = Database(job.dsn)
    try:
        clock = SystemClock()
        made = facts(job.worker, job.seed, clock.now())
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            start = perf_counter()
            outcomes = record(session, clock, made)
            session.commit()
            seconds = perf_counter() - start
        awards = sum(len(each.awards) for each in outcomes)
        if any(each.refused or each.replayed or not each.awards for each in outcomes):
            raise RuntimeError("a walk was refused, replayed or earned nothing")
        if not abs(awards / len(made) - TRANSFERS_EACH) < TRANSFERS_EACH / 5:
            raise RuntimeError(f"{awards} awards for {len(made)} walks are not {TRANSFERS_EACH} for each")
        return awards, seconds
    finally:
        database.dispose()


def _post(job: Job) -> tuple[int, float]:
    database = Database(job.dsn)
    try:
        postings = _postings(facts(job.worker, job.seed, datetime.now(UTC)))
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            start = perf_counter()
            post_batch(session, postings, datetime.now(UTC))
            session.commit()
            return len(postings), perf_counter() - start
    finally:
        database.dispose()


def _postings(made: list[Fact]) -> list[Posting]:
    """As many transfers as rules make of the facts, each as they make it."""
    return [
        Posting(
            SystemAccount("issuance", "BENCH"),
            Account(fact.owner_id, "BENCH"),
            10,
            "award",
            str(uuid4()),
            reference=Reference(installing.REFERENCE, uuid4()),
            happened_at=fact.happened_at,
        )
        for fact in made
        for _ in range(TRANSFERS_EACH)
    ]
