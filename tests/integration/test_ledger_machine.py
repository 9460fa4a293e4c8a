"""Random operations on the real ledger and on a plain-Python one: after each step, both tell the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from guerdon.core.ids import new_id
from guerdon.db.embedded import EmbeddedServer
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.errors import LedgerError
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, SystemAccount
from support.databases import on_database
from support.ledger import CREDIT, MOVING_TABLES, POINT, Ledger
from support.ledger_model import Model, content, owner_of

HOUR = timedelta(hours=1)
AMOUNTS = st.integers(1, 12)
OWNERS = st.integers(0, 3)
UNITS = st.sampled_from((POINT, CREDIT))
CLOSED = {"closed_account": "closed", "unknown_account": "closed"}
FEW_KEYS = st.sampled_from([f"shared {n}" for n in range(12)])
DUES = st.one_of(st.none(), st.integers(1, 8))
SIMPLE_ITEM = st.tuples(
    st.sampled_from(("award", "spend", "gift", "hold", "pending", "zero", "same")),
    *(OWNERS, OWNERS, UNITS, AMOUNTS, DUES),
    st.one_of(st.none(), FEW_KEYS),
)


class LedgerMachine(RuleBasedStateMachine):
    """Three members and a bounded part of the system do whatever Hypothesis thinks of."""

    ledger: Ledger
    superuser_dsn: str

    @initialize(floor=st.integers(-20, 0))
    def begin(self, floor: int) -> None:
        """An empty ledger."""
        with psycopg.connect(self.superuser_dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(f"TRUNCATE {', '.join('ledger.' + table for table in MOVING_TABLES)} CASCADE")
        self.owners = [self.ledger.member() for _ in range(3)]
        self.owners.append(self.ledger.budget("test.pool", POINT, floor))
        self.ledger.do(service.open_system_owner, "test.pool", CREDIT, floor_minor=floor)
        self.model = Model(self.ledger.now, floors={self.owners[3]: floor})

    # what the rules below are made of

    def item(self, drawn: Any) -> Posting:
        """A posting from a drawn tuple."""
        kind, giver, receiver, unit, amount, due, key = drawn
        owner, other = self.owners[giver], self.owners[receiver]
        key = key or self.ledger.key()
        due_at = self.model.now + due * HOUR if due is not None else None
        issuance, account = SystemAccount("issuance", unit), Account(owner, unit)
        if kind == "award":
            return Posting(issuance, account, amount, "award", key)
        if kind == "spend":
            return Posting(account, SystemAccount("redemption", unit), amount, "spend", key)
        if kind == "gift":
            return Posting(account, Account(other, unit), amount, "gift", key)
        if kind == "hold":
            return Posting(account, Account(owner, unit, Pocket.HELD), amount, "hold", key, due_at=due_at)
        if kind == "pending":
            return Posting(issuance, Account(owner, unit, Pocket.PENDING), amount, "award", key, due_at=due_at)
        if kind == "zero":
            return Posting(issuance, account, 0, "award", key)
        return Posting(account, account, amount, "gift", key)

    @contextmanager
    def refused(self, expected: str) -> Iterator[None]:
        """What is refused leaves no trace."""
        before = self.ledger.snapshot()
        with pytest.raises(LedgerError) as caught:
            yield
        assert CLOSED.get(caught.value.verdict, caught.value.verdict) == expected
        assert self.ledger.snapshot() == before

    def expect(self, posting: Posting, call: Any, *args: Any, **options: Any) -> None:
        """A single posting comes out as the model says."""
        verdict = self.model.judge(posting)
        if verdict not in ("posted", "replayed"):
            with self.refused(verdict):
                self.ledger.do(call, *args, **options)
            return
        posted = self.ledger.do(call, *args, **options)
        assert posted.verdict == verdict
        self.learn(posting, posted)

    def learn(self, posting: Posting, posted: Posted) -> None:
        """The model follows what stands, and compares balances after it."""
        if posted.replayed:
            first = self.model.used[owner_of(posting), posting.key]
            assert content(self.model.transfers[posted.transfer_id].posting) == content(first)
            return
        assert self.model.post(posting) == "posted"
        self.model.name(posting, posted.transfer_id)

    def some_hold(self, number: int) -> UUID:
        assume(self.model.holds)
        return list(self.model.holds)[number % len(self.model.holds)]

    # single operations

    @rule(drawn=SIMPLE_ITEM)
    def post_one(self, drawn: Any) -> None:
        posting = self.item(drawn)
        self.expect(posting, service.post, posting, self.model.now)

    @rule(number=st.integers(0, 99), change=st.sampled_from((0, 0, 1)))
    def post_again(self, number: int, change: int) -> None:
        """With the same content it is a replay, with other content a conflict."""
        assume(self.model.used)
        posting = list(self.model.used.values())[number % len(self.model.used)]
        same = {name: getattr(posting, name) for name in Posting.__slots__}
        again = Posting(**{**same, "amount_minor": posting.amount_minor + change})
        assert self.model.judge(again) == ("idempotency_conflict" if change else "replayed")
        before = self.ledger.snapshot()
        self.expect(again, service.post, again, self.model.now)
        after = self.ledger.snapshot()
        assert after["transfers"] == before["transfers"] or self.something_fell_due(before, after)

    def something_fell_due(self, before: Any, after: Any) -> bool:
        """A posting of any kind writes down what was due; nothing else may have been added."""
        return len(after["transfers"]) > len(before["transfers"]) and len(after["holds"]) == len(before["holds"])

    @rule(number=st.integers(0, 99), amount=st.one_of(st.none(), AMOUNTS), to=st.one_of(st.none(), OWNERS))
    def capture(self, number: int, amount: int | None, to: int | None) -> None:
        hold_id = self.some_hold(number)
        hold = self.model.holds[hold_id]
        owner, unit, pocket = hold.box
        target = Account(self.owners[to], unit) if to is not None else SystemAccount("redemption", unit)
        assume(target != Account(owner, unit))
        left = hold.left or self.model.transfers[hold_id].posting.amount_minor
        key = self.ledger.key()
        posting = Posting(Account(owner, unit, pocket), target, amount or left, "capture", key, hold_id=hold_id)
        options = {"key": key, "at": self.model.now, "amount_minor": amount, "to": target}
        if amount is None and hold.due_at is not None and hold.due_at <= self.model.now:
            posting = Posting(Account(owner, unit, pocket), target, 1, "capture", key, hold_id=hold_id)
        self.expect(posting, service.capture, owner, hold_id, **options)

    @rule(number=st.integers(0, 99), amount=AMOUNTS)
    def release(self, number: int, amount: int) -> None:
        hold_id = self.some_hold(number)
        owner, unit, pocket = self.model.holds[hold_id].box
        key = self.ledger.key()
        kind = "mature" if pocket is Pocket.PENDING else "release"
        posting = Posting(Account(owner, unit, pocket), Account(owner, unit), amount, kind, key, hold_id=hold_id)
        options = {"key": key, "at": self.model.now, "amount_minor": amount}
        self.expect(posting, service.release, owner, hold_id, **options)

    @rule(number=st.integers(0, 99), amount=st.one_of(st.none(), AMOUNTS))
    def reverse(self, number: int, amount: int | None) -> None:
        assume(self.model.transfers)
        transfer_id = list(self.model.transfers)[number % len(self.model.transfers)]
        original = self.model.transfers[transfer_id].posting
        key = self.ledger.key()
        side = original.credit if isinstance(original.credit, Account) else original.debit
        options = {"key": key, "at": self.model.now, "amount_minor": amount}
        posting = self.model.reversal(transfer_id, amount, key)
        if posting is None:
            with self.refused("not_reversible"):
                self.ledger.do(service.reverse, side.owner_id, transfer_id, **options)
            return
        self.expect(posting, service.reverse, side.owner_id, transfer_id, **options)

    @rule(owner=OWNERS, unit=UNITS, amount=st.integers(-12, 12).filter(bool))
    def adjust(self, owner: int, unit: str, amount: int) -> None:
        account, system, key = Account(self.owners[owner], unit), SystemAccount("adjustment", unit), self.ledger.key()
        sides = (system, account) if amount > 0 else (account, system)
        posting = Posting(*sides, abs(amount), "adjustment", key, detail={"reason": "Counted twice"})
        options = {"reason": "Counted twice", "actor_id": new_id(), "key": key, "at": self.model.now}
        self.expect(posting, service.adjust, account, amount, **options)

    # many at once

    @rule(drawn=st.lists(SIMPLE_ITEM, min_size=1, max_size=8), all_or_nothing=st.booleans())
    def post_many(self, drawn: Any, all_or_nothing: bool) -> None:
        """A dry run says what the real run will answer, and does nothing."""
        items = [self.item(each) for each in drawn]
        expected = self.foresee(items)
        faults = [verdict for verdict in expected if verdict not in ("posted", "replayed")]
        before = self.ledger.snapshot()
        if all_or_nothing and faults:
            seen_early = [verdict for verdict in faults if verdict == "amount_not_positive"]
            for call in (service.dry_run, service.post_batch):
                with self.refused((seen_early or faults)[0]):
                    self.ledger.do(call, items, self.model.now)
            return
        foretold = self.ledger.do(service.dry_run, items, self.model.now, all_or_nothing=all_or_nothing)
        assert self.ledger.snapshot() == before
        posted = self.ledger.do(service.post_batch, items, self.model.now, all_or_nothing=all_or_nothing)
        assert [CLOSED.get(each.verdict, each.verdict) for each in posted] == expected
        assert [self.telling(each) for each in foretold] == [self.telling(each) for each in posted]
        for item, outcome in zip(items, posted, strict=True):
            if outcome.accepted:
                self.learn(item, outcome)

    def foresee(self, items: list[Posting]) -> list[str]:
        """The verdicts on items, each judged after those before it."""
        future = self.model.copy()
        return [future.post(item) for item in items]

    @staticmethod
    def telling(posted: Posted) -> Any:
        """What a dry run has in common with the real one: all but the ids."""
        problem = {name: each for name, each in posted.problem.items() if name != "transfer_id"}
        return posted.item, posted.verdict, posted.debit_after, posted.credit_after, problem

    # time, jobs, closing

    @rule(hours=st.integers(1, 5))
    def time_passes(self, hours: int) -> None:
        self.ledger.clock.move(hours * HOUR)
        self.model.pass_time(self.ledger.now)

    @rule()
    def the_job_settles(self) -> None:
        self.ledger.do(service.settle_due, self.model.now)

    @rule()
    def the_job_folds(self) -> None:
        self.ledger.do(service.fold_system_balances)

    @rule(owner=OWNERS)
    def read_a_statement(self, owner: int) -> None:
        """Its running balance begins where the balance stands and has no gap."""
        for unit in (POINT, CREDIT):
            entries = self.ledger.do(service.statement, self.owners[owner], self.model.now, unit=unit, limit=1000)
            expected = self.model.of((self.owners[owner], unit, Pocket.AVAILABLE))
            for entry in entries:
                assert entry.balance_after_minor == expected
                assert entry.balance_before_minor + entry.amount_minor == expected
                expected = entry.balance_before_minor
            assert expected == 0

    @precondition(lambda self: len(self.model.closed) < 2 and len(self.model.used) > 3)
    @rule(owner=st.integers(0, 2))
    def close(self, owner: int) -> None:
        owner_id = self.owners[owner]
        # Only what has been written down counts here: the job runs first.
        self.ledger.do(service.settle_due, self.model.now)
        if any(amount for box, amount in self.model.boxes.items() if box[0] == owner_id):
            with self.refused("account_not_empty"):
                self.ledger.do(service.close_owner, owner_id)
        else:
            self.ledger.do(service.close_owner, owner_id)
            self.model.closed.add(owner_id)

    # what is true at all times

    @invariant()
    def balances_are_the_models(self) -> None:
        for owner in self.owners:
            for balance in self.ledger.do(service.balances, owner, self.model.now):
                box = (owner, balance.unit, balance.pocket)
                assert balance.balance_minor == self.model.of(box)
                assert balance.earned_minor == self.model.earned.get(box, 0)
                assert balance.spent_minor == self.model.spent.get(box, 0)
                assert balance.floor_minor is not None
                assert balance.balance_minor >= balance.floor_minor == self.model.floor(box)
        for hold_id, hold in self.model.holds.items():
            real = self.ledger.do(service.get_hold, hold.box[0], hold_id)
            written = 0 if real.due_at is not None and real.due_at <= self.model.now else real.remaining
            assert written == hold.left

    @invariant()
    def no_unit_is_lost_or_invented(self) -> None:
        system = {(each.account, each.unit): each.balance_minor for each in self.ledger.do(service.system_balances)}
        assert {name: amount for name, amount in system.items() if amount} == {
            name: amount for name, amount in self.model.system.items() if amount
        }
        with self.ledger.database.transaction() as session:
            total = text(
                "SELECT coalesce(max(abs(total)), 0) FROM (SELECT sum(balance) AS total FROM"
                " (SELECT unit_id, balance FROM ledger.accounts UNION ALL"
                " SELECT unit_id, balance FROM ledger.system_account_balances) AS parts GROUP BY unit_id) AS totals"
            )
            assert session.execute(total).scalar_one() == 0

    @invariant()
    def verification_finds_nothing(self) -> None:
        assert self.ledger.faults() == []


@pytest.fixture
def machine(ledger: Ledger, database_server: EmbeddedServer, database_name: str, recorded: None) -> Any:
    """The machine over this test's database."""
    from guerdon.kernel import acts

    acts._recorders[:] = [lambda session, act: None]
    dsn = on_database(database_server.superuser_dsn, database_name)
    return type("BoundLedgerMachine", (LedgerMachine,), {"ledger": ledger, "superuser_dsn": dsn})


COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_the_ledger_does_what_the_model_does(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=30, **COMMON))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_ledger_does_what_the_model_does_for_long(machine):
    run_state_machine_as_test(machine, settings=settings(max_examples=400, stateful_step_count=60, **COMMON))
