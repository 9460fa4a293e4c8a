"""Many do everything to the value of a few at once: taken one after the other, the plain ledger in Python agrees."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest

from guerdon.db.database import Database
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.errors import LedgerError
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, SystemAccount
from support.ledger import CREDIT, POINT, Ledger, award, gift, spend
from support.ledger_model import Model, owner_of

CONNECTIONS = 12
ACTS = 10
"""What each connection does in a round. Between two rounds time passes, and more of what is held falls due."""
HOUR = timedelta(hours=1)
LEGAL = {
    *("insufficient_balance", "hold_exceeded", "hold_closed", "hold_expired", "hold_not_found"),
    *("reversal_exceeded", "not_reversible"),
}


class Patient(Ledger):
    """Does again what PostgreSQL asks to do again, as everybody does."""

    def do(self, call: Any, *args: Any, **options: Any) -> Any:
        return self.database.run(lambda session: call(session, *args, **options))


@dataclass(frozen=True)
class Done:
    """What somebody asked for and the ledger did: the posting as the model is to judge it, when its turn comes."""

    transfer_id: UUID
    posting: Callable[[Model], Posting | None]


class Teller:
    """One connection, with a chance of its own."""

    def __init__(self, ledger: Ledger, owners: list[UUID], model: Model, number: int, chance: random.Random) -> None:
        self.ledger, self.owners, self.model, self.number, self.chance = ledger, owners, model, number, chance
        self.done: list[Done] = []
        self.refused: set[str] = set()

    def work(self, begin: Barrier) -> list[Done]:
        """Do this and that."""
        acts = (
            self.one,
            self.one,
            self.shared,
            self.many,
            self.hold,
            self.hold,
            self.capture,
            self.release,
            self.reverse,
        )
        begin.wait()
        for number in range(ACTS):
            try:
                self.chance.choice(acts)(f"{self.model.now} {self.number} {number}")
            except LedgerError as refused:
                self.refused.add(refused.verdict)
        return self.done

    def learn(self, posted: Posted, posting: Posting) -> None:
        if posted.verdict == "posted" and posted.transfer_id is not None:
            self.done.append(Done(posted.transfer_id, lambda _: posting))

    def simple(self, key: str) -> Posting:
        unit, amount = self.chance.choice((POINT, CREDIT)), self.chance.randint(1, 30)
        giver, receiver = self.chance.sample(self.owners, 2)
        made = (award(giver, amount, key, unit), spend(giver, amount, key, unit))
        return self.chance.choice((*made, gift(giver, receiver, amount, key, unit)))

    def one(self, key: str) -> None:
        posting = self.simple(key)
        self.learn(self.ledger.post(posting), posting)

    def shared(self, _key: str) -> None:
        """The same as others do at this moment."""
        number = self.chance.randint(0, 5)
        posting = award(self.owners[number % len(self.owners)], 7, f"{self.model.now} shared {number}")
        self.learn(self.ledger.post(posting), posting)

    def many(self, key: str) -> None:
        postings = [self.simple(f"{key}.{place}") for place in range(self.chance.randint(2, 6))]
        whole = self.chance.random() < 0.5
        outcomes = self.ledger.do(service.post_batch, postings, self.ledger.now, all_or_nothing=whole)
        for posted, posting in zip(outcomes, postings, strict=True):
            assert posted.accepted or posted.verdict in LEGAL
            self.learn(posted, posting)

    def hold(self, key: str) -> None:
        owner, unit = self.chance.choice(self.owners), self.chance.choice((POINT, CREDIT))
        due = self.chance.choice((None, self.ledger.now + self.chance.randint(1, 3) * HOUR))
        pending = self.chance.random() < 0.3
        aside = Account(owner, unit, Pocket.PENDING if pending else Pocket.HELD)
        source = SystemAccount("issuance", unit) if pending else Account(owner, unit)
        amount = self.chance.randint(1, 20)
        posting = Posting(source, aside, amount, "award" if pending else "hold", key, due_at=due)
        self.learn(self.ledger.post(posting), posting)

    def some_hold(self) -> UUID | None:
        return self.chance.choice(list(self.model.holds)) if self.model.holds else None

    def capture(self, key: str) -> None:
        hold_id = self.some_hold()
        if hold_id is None:
            return
        owner, unit, pocket = self.model.holds[hold_id].box
        amount, to = self.chance.randint(1, 12), SystemAccount("redemption", unit)
        options = {"key": key, "at": self.ledger.now, "amount_minor": amount, "to": to}
        posting = Posting(Account(owner, unit, pocket), to, amount, "capture", key, hold_id=hold_id)
        self.learn(self.ledger.do(service.capture, owner, hold_id, **options), posting)

    def release(self, key: str) -> None:
        hold_id = self.some_hold()
        if hold_id is None:
            return
        owner, unit, pocket = self.model.holds[hold_id].box
        amount = self.chance.randint(1, 12)
        kind = "mature" if pocket is Pocket.PENDING else "release"
        posting = Posting(Account(owner, unit, pocket), Account(owner, unit), amount, kind, key, hold_id=hold_id)
        options = {"key": key, "at": self.ledger.now, "amount_minor": amount}
        self.learn(self.ledger.do(service.release, owner, hold_id, **options), posting)

    def reverse(self, key: str) -> None:
        if not self.model.transfers:
            return
        transfer_id = self.chance.choice(list(self.model.transfers))
        amount = self.chance.choice((None, self.chance.randint(1, 12)))
        owner = owner_of(self.model.transfers[transfer_id].posting)
        options = {"key": key, "at": self.ledger.now, "amount_minor": amount}
        posted: Posted = self.ledger.do(service.reverse, owner, transfer_id, **options)
        if posted.transfer_id is not None:
            self.done.append(Done(posted.transfer_id, lambda model: model.reversal(transfer_id, amount, key)))


def jobs(ledger: Ledger, begin: Barrier) -> None:
    """What the worker does meanwhile."""
    begin.wait()
    for _ in range(3):
        ledger.do(service.settle_due, ledger.now)
        ledger.do(service.fold_system_balances)


def play(ledger: Ledger, seed: int, rounds: int) -> None:
    """Some rounds between new members; after each the ledger is compared with the model."""
    owners = [ledger.member() for _ in range(3)]
    model = Model(ledger.now)
    chance = random.Random(seed)
    with ThreadPoolExecutor(CONNECTIONS + 1) as pool:
        for _ in range(rounds):
            begin = Barrier(CONNECTIONS + 1)
            tellers = [
                Teller(ledger, owners, model, number, random.Random(chance.random())) for number in range(CONNECTIONS)
            ]
            working: list[Any] = [pool.submit(each.work, begin) for each in tellers]
            settling = pool.submit(jobs, ledger, begin)
            done = [each for work in working for each in work.result()]
            settling.result()
            assert set().union(*(each.refused for each in tellers)) <= LEGAL
            follow(model, done)
            compare(ledger, model, owners)
            ledger.clock.move(HOUR)
            model.pass_time(ledger.now)


def follow(model: Model, done: list[Done]) -> None:
    """What stands, one after the other by the ids, was legal when its turn came."""
    assert len({each.transfer_id for each in done}) == len(done)
    for each in sorted(done, key=lambda each: each.transfer_id):
        posting = each.posting(model)
        assert posting is not None
        assert model.post(posting) == "posted", posting
        model.name(posting, each.transfer_id)


def compare(ledger: Ledger, model: Model, owners: list[UUID]) -> None:
    for owner in owners:
        balances = ledger.do(service.balances, owner, ledger.now)
        found = {(owner, each.unit, each.pocket): each for each in balances}
        for box, balance in found.items():
            told = (balance.balance_minor, balance.earned_minor, balance.spent_minor)
            assert told == (model.of(box), model.earned.get(box, 0), model.spent.get(box, 0)), box
        assert {box for box, amount in model.boxes.items() if box[0] == owner and amount} <= found.keys()
    assert ledger.faults() == []


@pytest.fixture
def crowd(ledger: Ledger, app_dsn: str) -> Iterator[Ledger]:
    """The ledger with a connection for each of many."""
    wide = Database(app_dsn, pool_size=CONNECTIONS + 2, pool_overflow=0)
    yield Patient(wide, ledger.owner_dsn, ledger.clock)
    wide.dispose()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_many_do_at_once_could_have_been_done_one_after_the_other(crowd: Ledger, seed: int) -> None:
    play(crowd, seed, rounds=6)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_what_many_do_at_once_for_long(crowd: Ledger) -> None:
    for seed in range(1000, 1060):
        play(crowd, seed, rounds=25)
