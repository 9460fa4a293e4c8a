"""Posting from Python, as a program does: values made before the clock starts, encoded and sent while it runs.

Other questions put whoever watches the ledger into this process, to count what is earned; here nobody is told, so that
a whole run measures the same as this question alone.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar
from uuid import uuid4

from bench.arena import MEMBERS, Place
from bench.members import member
from guerdon.db.database import Database
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from guerdon.kernel.ledger.service import post, post_batch
from guerdon.kernel.ledger.service.door import unwatched

WARM = 1_000
"""What a connection posts in one batch before it is measured."""

Item = TypeVar("Item")


@contextmanager
def ledger(place: Place, connections: int) -> Iterator[Database]:
    """The application's connections, each of which has posted before.

    A pool hands them out in turn, so that whoever needs one should have no more.
    """
    database = Database(place.app_dsn, pool_size=connections)
    try:
        side_by_side(singly(database), postings(connections), connections)
        in_turn(whole(database), postings(WARM * connections), WARM)
        yield database
    finally:
        database.dispose()


def postings(count: int) -> list[Posting]:
    """Awards to members far from each other, under keys of their own."""
    source = SystemAccount("issuance", "BENCH")
    # 7919 is prime, so that nearly every posting meets another member.
    targets = (Account(member(number * 7919 % MEMBERS + 1), "BENCH") for number in range(count))
    return [Posting(source, target, 10, "award", str(uuid4())) for target in targets]


def singly(database: Database) -> Callable[[Posting], object]:
    """One posting in a transaction of its own."""

    def send(posting: Posting) -> None:
        with database.transaction() as session, unwatched(session):
            post(session, posting, datetime.now(UTC))

    return send


def whole(database: Database) -> Callable[[list[Posting]], object]:
    """A batch in one transaction."""

    def send(batch: list[Posting]) -> None:
        with database.transaction() as session, unwatched(session):
            post_batch(session, batch, datetime.now(UTC))

    return send


def side_by_side(send: Callable[[Item], object], items: Sequence[Item], threads: int) -> float:
    """Items a second, one at a time by each of the threads."""
    shares = [items[first::threads] for first in range(threads)]

    def work(share: Sequence[Item]) -> None:
        for item in share:
            send(item)

    with ThreadPoolExecutor(threads) as pool:
        start = perf_counter()
        for _ in pool.map(work, shares):
            pass
        return len(items) / (perf_counter() - start)


def in_turn(send: Callable[[list[Item]], object], items: list[Item], size: int) -> float:
    """Items a second, in batches of a size, one after the other."""
    batches = [items[first : first + size] for first in range(0, len(items), size)]
    start = perf_counter()
    for batch in batches:
        send(batch)
    return len(items) / (perf_counter() - start)
