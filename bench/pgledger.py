"""pgledger, the best-known ledger in plain PostgreSQL, from a copy of its SQL that the caller has."""

from pathlib import Path
from time import perf_counter

from bench import batches, scripts
from bench.arena import Arena, Connection
from bench.driver import tps
from bench.figures import Figure, Progress, Rounds
from bench.plan import BATCH, Plan

MEMBERS = 1_000
BATCH_ROUNDS = 3


def obstacle(path: Path) -> str | None:
    """What keeps it from being measured; None if nothing does."""
    missing = [file for file in _files(path) if not file.is_file()]
    return f"no SQL at {missing[0]}" if missing else None


def figures(path: Path, arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """The same work for both: issuing to members from one account, singly and in batches.

    Raises:
        FileNotFoundError: no SQL under ``path``.
    """
    theirs = arena.bare("pgledger")
    with theirs.owner() as owner:
        for file in _files(path):
            owner.cursor().execute(file.read_text(encoding="utf-8").encode())
        owner.execute(
            "CREATE TABLE bench_members AS SELECT n, (pgledger_create_account('member ' || n, 'BENCH')).id"
            " FROM generate_series(0, %s) AS n",
            (MEMBERS,),
        )
        owner.execute("CREATE UNIQUE INDEX ON bench_members (n) INCLUDE (id)")
    arena.tidy(theirs)
    ours = arena.place("beside_pgledger")
    singly = Rounds(
        {
            "ours": lambda: tps(ours.app_dsn, scripts.door(), plan.seconds),
            "theirs": lambda: tps(theirs.owner_dsn, _single(f"random(1, {MEMBERS})"), plan.seconds),
            "ours, two accounts": lambda: tps(ours.app_dsn, scripts.door(member=scripts.ONE_MEMBER), plan.seconds),
            "theirs, two accounts": lambda: tps(theirs.owner_dsn, _single("1"), plan.seconds),
        },
        max(3, plan.single_rounds // 2),
        progress,
    )
    with ours.owner() as staging, ours.app() as app, theirs.owner() as owner:
        batched = Rounds(
            {"ours": lambda: batches.rate(staging, batches.door(app), BATCH), "theirs": lambda: _batch(owner)},
            BATCH_ROUNDS,
            progress,
        )
    return [
        singly.figure("all from one account", "ours", "theirs", "pgledger, all from one account", 5.0),
        batched.figure(f"batches of {BATCH:,}", "ours", "theirs", f"pgledger in batches of {BATCH:,}", 10.0),
        singly.figure(
            "all from one account to one member",
            "ours, two accounts",
            "theirs, two accounts",
            "pgledger, all between two accounts",
        ),
    ]


def _files(path: Path) -> list[Path]:
    """Its files in the order that it needs: the functions that it borrows, then its own."""
    if path.is_file():
        return [*sorted(path.parent.rglob("*ulid*.sql")), path]
    return [*sorted(path.rglob("*ulid*.sql")), next(iter(path.rglob("pgledger.sql")), path / "pgledger.sql")]


def _single(member: str) -> str:
    return (
        f"\\set n {member}\n"
        "SELECT * FROM pgledger_create_transfer((SELECT id FROM bench_members WHERE n = 0),"
        " (SELECT id FROM bench_members WHERE n = :n), 10);\n"
    )


def _batch(owner: Connection) -> float:
    start = perf_counter()
    owner.execute(
        "SELECT count(*) FROM pgledger_create_transfers(ARRAY(SELECT ((SELECT id FROM bench_members WHERE n = 0), m.id,"
        " 10)::transfer_request FROM (SELECT random(1, %s) AS n FROM generate_series(1, %s)) AS r"
        " JOIN bench_members AS m USING (n)))",
        (MEMBERS, BATCH),
    )
    return BATCH / (perf_counter() - start)
