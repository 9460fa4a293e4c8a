"""The ledger against raw statements: single transfers, batches, batch sizes, and one hot system account."""

from functools import partial

from bench import batches, scripts
from bench.arena import Arena, Place
from bench.driver import tps
from bench.figures import Figure, Measurement, Progress, Rounds
from bench.from_python import in_turn, ledger, postings, whole
from bench.plan import BATCH, SIZES, Plan

SPREAD = 64
NOISE = 1.05
"""By how much a larger batch may seem slower for each transfer than the one before it: what two runs of one size
differ by."""

RAW = "UPDATE + INSERT on the same tables, in a transaction"
RAW_BATCH = "INSERT … SELECT + UPDATE of the same rows on the same tables"
YARDSTICK = "UPDATE + INSERT on the four-index table"
YARDSTICK_BATCH = "INSERT … SELECT + UPDATE on the four-index table"


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Everything that is asked of a ledger with little in it."""
    place = _prepare(arena)
    found: list[Figure] = []
    for question in (_singles, _in_batches, _sizes, _from_python):
        found += question(place, plan, progress)
    return found


def _prepare(arena: Arena) -> Place:
    """The database in which the contestants stand side by side."""
    place = arena.place("small")
    for file in ("raw.sql", "yardstick.sql"):
        arena.run_sql(place, file)
    arena.tidy(place)
    return place


def _singles(place: Place, plan: Plan, progress: Progress) -> list[Figure]:
    """Single transfers from 8 connections."""
    rounds = Rounds(
        {
            "door": lambda: tps(place.app_dsn, scripts.door(), plan.seconds),
            "raw": lambda: tps(place.owner_dsn, scripts.RAW, plan.seconds),
            "yardstick": lambda: tps(place.owner_dsn, scripts.YARDSTICK, plan.seconds),
            "spread": lambda: tps(place.app_dsn, scripts.door(accounts=SPREAD), plan.seconds),
        },
        plan.single_rounds,
        progress,
    )
    return [
        rounds.figure("single transfers, 8 connections", "door", "raw", RAW, 0.9),
        rounds.figure("single transfers, 8 connections", "door", "yardstick", YARDSTICK, 1.0),
        rounds.figure(
            "all from one system account", "door", "spread", f"taken at random from {SPREAD} system accounts", 0.95
        ),
    ]


def _in_batches(place: Place, plan: Plan, progress: Progress) -> list[Figure]:
    """Batches of 10,000."""
    with place.owner() as owner, place.app() as app:
        contestants = {
            "door": batches.door(app),
            "raw": batches.raw(owner),
            "yardstick": batches.yardstick(owner),
        }
        rounds = Rounds(
            {name: partial(batches.rate, owner, send, BATCH) for name, send in contestants.items()},
            plan.batch_rounds,
            progress,
        )
    return [
        rounds.figure(f"batches of {BATCH:,}", "door", "raw", RAW_BATCH, 0.6),
        rounds.figure(f"batches of {BATCH:,}", "door", "yardstick", YARDSTICK_BATCH, 1.0),
    ]


def _sizes(place: Place, plan: Plan, progress: Progress) -> list[Figure]:
    """Batches of every size: the time for each transfer must not rise with the size."""

    def posting(size: int) -> Measurement:
        repeat = max(1, min(plan.size_batches_max, plan.size_transfers // size))
        return lambda: batches.rate(owner, send, size, repeat)

    with place.owner() as owner, place.app() as app:
        send = batches.door(app)
        rounds = Rounds({f"{size:,}": posting(size) for size in SIZES}, plan.size_rounds, progress)
    found = []
    for before, size in zip((None, *SIZES), SIZES, strict=False):
        rate = rounds.rate(f"{size:,}")
        if before is None:
            found.append(Figure("batch of 1, one connection", "", rate, None, "transfers/s", rate, rounds.count))
            continue
        smaller = rounds.rate(f"{before:,}")
        found.append(
            Figure(
                f"time for each transfer in batches of {size:,}",
                f"in batches of {before:,}; {NOISE - 1:.0%} allowed for noise",
                1e6 / rate,
                1e6 / smaller,
                "µs",
                smaller / rate,
                rounds.count,
                NOISE,
                at_most=True,
            )
        )
    return found


def _from_python(place: Place, plan: Plan, progress: Progress) -> list[Figure]:
    """Batches of 10,000 values made in Python, through ``post_batch``."""
    with ledger(place, connections=1) as database:
        send = whole(database)
        rounds = Rounds({"client": lambda: in_turn(send, postings(BATCH), BATCH)}, plan.client_rounds, progress)
    rate = rounds.rate("client")
    return [
        Figure(
            f"batches of {BATCH:,} from Python, one connection",
            "",
            rate,
            None,
            "transfers/s",
            rate,
            rounds.count,
        )
    ]
