"""The ledger once it is large: as fast as an empty one, and how much room it takes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench import batches, scripts
from bench.arena import MEMBERS, Arena, Place
from bench.driver import tps
from bench.figures import Figure, Progress, Rounds
from bench.plan import BATCH, Plan

LOADERS = 2
BYTES_MAX = 350

_LOAD = """
SELECT count(*) FROM ledger.post(ARRAY(
    SELECT (bench.member(random(1, %(members)s)), 1, 100, 1, random(1, 1000), 1, gen_random_uuid(),
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::ledger.posting
    FROM generate_series(1, %(size)s)))
"""


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """The room that a large ledger takes, and its pace."""
    large = _filled(arena, plan, progress)
    return _size(large, plan) + _pace(arena, large, plan, progress)


def _filled(arena: Arena, plan: Plan, progress: Progress) -> Place:
    """A ledger with many transfers, each posted through the door, so that its indexes have grown as they would."""
    place = arena.place("large")
    with ThreadPoolExecutor(LOADERS) as pool:
        shares = [pool.submit(_load, place, plan.large // BATCH // LOADERS, progress) for _ in range(LOADERS)]
        for share in shares:
            share.result()
    with place.app() as app:
        app.execute("SELECT ledger.fold_system_balances()")
    arena.tidy(place, checkpoint=False)
    return place


def _load(place: Place, count: int, progress: Progress) -> None:
    with place.app() as app:
        for _ in range(count):
            app.execute(_LOAD, {"members": MEMBERS, "size": BATCH})
            progress("loading")


def _pace(arena: Arena, large: Place, plan: Plan, progress: Progress) -> list[Figure]:
    """Posting into the large ledger and into an empty one."""
    empty = arena.place("empty")
    singly = Rounds(
        {name: _singles(place, plan) for name, place in (("large", large), ("empty", empty))},
        plan.single_rounds,
        progress,
    )
    with large.owner() as owner, large.app() as app, empty.owner() as empty_owner, empty.app() as empty_app:
        batched = Rounds(
            {
                "large": lambda: batches.rate(owner, batches.door(app), BATCH),
                "empty": lambda: batches.rate(empty_owner, batches.door(empty_app), BATCH),
            },
            plan.batch_rounds,
            progress,
        )
    count = f"{plan.large:,}"
    return [
        singly.figure(f"single transfers at {count}", "large", "empty", "an empty ledger", 0.8),
        batched.figure(f"batches of {BATCH:,} at {count}", "large", "empty", "an empty ledger", 0.8),
    ]


def _size(place: Place, plan: Plan) -> list[Figure]:
    """Bytes on disk for each transfer with its indexes, nothing in its detail."""
    with place.owner() as owner:
        row = owner.execute(
            "SELECT (pg_total_relation_size('ledger.transfers') + pg_total_relation_size('ledger.system_deltas'))"
            " / (SELECT count(*) FROM ledger.transfers)::float8"
        ).fetchone()
    taken = float(row[0]) if row else 0.0
    return [
        Figure(
            f"bytes on disk for each of {plan.large:,} transfers",
            "with its indexes, without a detail document",
            taken,
            None,
            "bytes",
            taken,
            1,
            BYTES_MAX,
            at_most=True,
        )
    ]


def _singles(place: Place, plan: Plan) -> Callable[[], float]:
    return lambda: tps(place.app_dsn, scripts.door(), plan.seconds)
