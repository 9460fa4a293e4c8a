"""Many at once: nothing is lost, nothing is done twice, and no reader sees a wrong total."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from guerdon.core.ids import new_id
from guerdon.db.database import Database
from guerdon.kernel.ledger import errors, service
from guerdon.kernel.ledger.schemas import Account
from support.ledger import CREDIT, POINT, Ledger, award, gift, spend

HOUR = timedelta(hours=1)


@pytest.fixture
def crowd(ledger: Ledger, app_dsn: str) -> Iterator[Ledger]:
    """The ledger with a connection for each of many."""
    wide = Database(app_dsn, pool_size=34, pool_overflow=0)
    yield Ledger(wide, ledger.owner_dsn, ledger.clock)
    wide.dispose()


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Let ``number`` threads begin together; gives what each returned, or the ledger's refusal."""
    barrier = threading.Barrier(number)

    def begin(n: int) -> Any:
        barrier.wait()
        try:
            return act(n)
        except errors.LedgerError as exc:
            return exc

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def told(outcomes: list[Any]) -> Counter[str]:
    return Counter(each.verdict for each in outcomes)


@pytest.mark.parametrize("make", ["plain", "gift", "hold"])
def test_one_key_at_once_is_one_transfer(crowd: Ledger, make: str):
    owner, other = crowd.member(), crowd.member()
    crowd.award(owner, 100)
    if make == "hold":
        call = lambda _: crowd.do(service.hold, Account(owner, POINT), 60, key="same", at=crowd.now)  # noqa: E731
    else:
        posting = spend(owner, 60, "same") if make == "plain" else gift(owner, other, 60, "same")
        call = lambda _: crowd.post(posting)  # noqa: E731
    outcomes = at_once(32, call)
    assert told(outcomes) == {"posted": 1, "replayed": 31}
    assert len({each.transfer_id for each in outcomes}) == 1
    assert crowd.balances(owner)["available"] == 40
    assert crowd.faults() == []


def test_one_key_at_once_for_two_units(crowd: Ledger):
    owner = crowd.member()
    crowd.award(owner, 100)
    crowd.award(owner, 100, CREDIT)
    outcomes = at_once(
        16, lambda n: crowd.do(service.hold, Account(owner, (POINT, CREDIT)[n % 2]), 1, key="same", at=crowd.now)
    )
    assert told(outcomes) == {"posted": 1, "replayed": 7, "idempotency_conflict": 8}
    assert crowd.faults() == []


def test_a_first_gift_to_many_new_accounts(crowd: Ledger):
    """Accounts are opened by whoever needs them first; nobody waits in a circle and nobody is refused."""
    owners = [crowd.member() for _ in range(8)]
    for owner in owners:
        crowd.award(owner, 1000)
    for _ in range(5):
        new = [crowd.member() for _ in range(4)]
        pairs = [(random.choice(owners), random.choice(new)) for _ in range(16)]
        outcomes = at_once(16, lambda n, pairs=pairs: crowd.post(gift(*pairs[n], 1, crowd.key() + str(n))))
        assert told(outcomes) == {"posted": 16}
    batches = at_once(
        8,
        lambda n: crowd.do(
            service.post_batch,
            [award(owner, 1, f"b{n}.{i}", CREDIT) for i, owner in enumerate(random.sample(owners, 8))],
            crowd.now,
        ),
    )
    assert all(each.verdict == "posted" for batch in batches for each in batch)
    assert crowd.faults() == []


def test_a_budget_gives_out_what_it_has(crowd: Ledger):
    budget, members = crowd.budget("test.budget"), [crowd.member() for _ in range(5)]
    crowd.award(budget, 100)
    with crowd.database.transaction() as session:
        for member in members:
            service.post(session, award(member, 1, "first"), crowd.now)
    outcomes = at_once(
        25, lambda n: (crowd_post(crowd, budget, members, 2 * n), crowd_post(crowd, budget, members, 2 * n + 1))
    )
    verdicts = Counter(verdict for pair in outcomes for verdict in pair)
    assert verdicts == {"posted": 33, "insufficient_balance": 17}
    assert crowd.balances(budget) == {"available": 1}
    assert crowd.faults() == []


def crowd_post(crowd: Ledger, budget: Any, members: list[Any], n: int) -> str:
    try:
        return crowd.post(gift(budget, members[n % 5], 3, f"debit {n}")).verdict
    except errors.LedgerError as exc:
        return exc.verdict


def test_two_captures_of_one_hold(crowd: Ledger):
    owner = crowd.member()
    crowd.award(owner, 100)
    hold_id = crowd.hold(owner, 100)
    outcomes = at_once(
        2, lambda n: crowd.do(service.capture, owner, hold_id, key=f"c{n}", at=crowd.now, amount_minor=60)
    )
    assert told(outcomes) == {"posted": 1, "hold_exceeded": 1}
    assert crowd.balances(owner) == {"held": 40}


def test_a_capture_and_a_release_of_all(crowd: Ledger):
    owner = crowd.member()
    crowd.award(owner, 100)
    hold_id = crowd.hold(owner, 100)
    outcomes = at_once(
        2, lambda n: crowd.do((service.capture, service.release)[n], owner, hold_id, key=f"c{n}", at=crowd.now)
    )
    assert told(outcomes) in ({"posted": 1, "hold_closed": 1}, {"posted": 1, "hold_exceeded": 1})
    assert crowd.faults() == []


def test_two_reversals_of_one_transfer(crowd: Ledger):
    owner = crowd.member()
    made = crowd.award(owner, 100)
    crowd.award(owner, 1000)
    outcomes = at_once(
        2,
        lambda n: crowd.do(service.reverse, owner, made.transfer_id, key=f"r{n}", at=crowd.now, amount_minor=60),
    )
    assert told(outcomes) == {"posted": 1, "reversal_exceeded": 1}
    assert crowd.balances(owner) == {"available": 1040}


def test_what_is_due_is_settled_once_however_many_come(crowd: Ledger):
    owners = [crowd.member() for _ in range(4)]
    for owner in owners:
        crowd.award(owner, 100)
        for _ in range(5):
            crowd.hold(owner, 20, due_at=crowd.now + HOUR)
    crowd.clock.move(HOUR)

    def act(n: int) -> Any:
        if n % 4 == 0:
            return crowd.do(service.settle_due, crowd.now)
        if n % 4 == 1:
            return crowd.do(service.statement, owners[n % 4], crowd.now)
        giver, receiver = random.sample(owners, 2)
        return crowd.post(gift(giver, receiver, 1, f"g{n}"))

    at_once(24, act)
    assert sum(crowd.balances(owner)["available"] for owner in owners) == 400
    settled = [
        entry
        for owner in owners
        for entry in crowd.do(service.statement, owner, crowd.now, limit=1000)
        if entry.kind == "release"
    ]
    assert len(settled) == 20
    assert crowd.faults() == []


def test_batches_and_singles(crowd: Ledger):
    owners = [crowd.member() for _ in range(6)]
    for owner in owners:
        crowd.award(owner, 500)

    def act(n: int) -> Any:
        chance = random.Random(n)
        pairs = [tuple(chance.sample(owners, 2)) for _ in range(40)]
        postings = [gift(*pair, 1, f"{n}.{i}") for i, pair in enumerate(pairs)]
        if n % 2:
            return [crowd.post(posting) for posting in postings]
        return crowd.do(service.post_batch, postings, crowd.now, all_or_nothing=n % 4 == 0)

    outcomes = at_once(12, act)
    assert all(each.verdict == "posted" for batch in outcomes for each in batch)
    assert sum(crowd.balances(owner)["available"] for owner in owners) == 3000
    assert crowd.faults() == []


def test_closing_an_owner_while_others_pay_in(crowd: Ledger):
    """Whoever comes first wins: either it is closed and empty, or it is open and has what was paid in."""
    for round_number in range(6):
        owner = crowd.member()
        outcomes = at_once(
            6,
            lambda n, owner=owner, r=round_number: (
                crowd.do(service.close_owner, owner) if n == 0 else crowd.award(owner, 1, key=f"{r}.{n}")
            ),
        )
        closed = outcomes[0] is None
        assert sum(getattr(each, "verdict", "") == "posted" for each in outcomes) == (0 if closed else 5)
        assert crowd.balances(owner) == ({} if closed else {"available": 5})
    assert crowd.faults() == []


BANKERS = 32
HOT_ACCOUNTS = 8
POST = (
    "SELECT verdict FROM ledger.post(ARRAY[ROW(%s, ledger.unit_id('TEST_POINT'), 1, 1, %s, 4, %s, NULL, NULL, NULL,"
    " NULL, NULL, NULL, %s, NULL, NULL)::ledger.posting], p_verdicts => true)"
)
TOTAL = "SELECT sum(balance) FROM ledger.accounts WHERE unit_id = ledger.unit_id('TEST_POINT')"


def run_bank(ledger: Ledger, app_dsn: str, transfers: int) -> None:
    """Everybody pays everybody, one transfer a transaction, while somebody counts the money."""
    owners = [ledger.member() for _ in range(HOT_ACCOUNTS)]
    for owner in owners:
        ledger.award(owner, 1000)
    done = threading.Event()
    verdicts: Counter[str] = Counter()
    totals: set[int] = set()
    guard = threading.Lock()

    def banker(n: int) -> None:
        chance = random.Random(n)
        mine: Counter[str] = Counter()
        with psycopg.connect(app_dsn, autocommit=True) as connection:
            for _ in range(transfers // BANKERS + (n < transfers % BANKERS)):
                giver, receiver = chance.sample(owners, 2)
                row = connection.execute(POST, (giver, chance.randint(1, 300), new_id(), receiver)).fetchone()
                assert row is not None
                mine[row[0]] += 1
        with guard:
            verdicts.update(mine)

    def reader() -> None:
        # As a job counts: a member's request would see that member's accounts alone.
        with psycopg.connect(app_dsn, autocommit=True, options="-c guerdon.acting_as=system") as connection:
            while not done.is_set():
                row = connection.execute(TOTAL).fetchone()
                assert row is not None
                totals.add(int(row[0]))

    with ThreadPoolExecutor(BANKERS + 1) as pool:
        counting = pool.submit(reader)
        for each in [pool.submit(banker, n) for n in range(BANKERS)]:
            each.result()
        done.set()
        counting.result()
    assert totals == {1000 * HOT_ACCOUNTS}
    assert set(verdicts) == {"posted", "insufficient_balance"}
    assert verdicts.total() == transfers
    assert ledger.faults() == []


@pytest.mark.timeout(600)
def test_the_bank(ledger: Ledger, app_dsn: str):
    run_bank(ledger, app_dsn, 50_000)
