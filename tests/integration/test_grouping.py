"""Requests that share a transaction: few commits, a verdict for each, and nobody spoils another's."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from guerdon.core.errors import NotFoundError
from guerdon.db.database import Database
from guerdon.http.admission import Admission
from guerdon.http.errors import OverloadedError
from guerdon.http.grouping import Grouping

INSERT = text(
    "INSERT INTO engagement.tiers (program, code, name, unit_id, threshold_minor) VALUES ('g', :c, :c, 1, :n)"
)


def place(session: Session, items: Sequence[int]) -> list[int | Exception]:
    """A row for each number: negative ones break a constraint, multiples of 100 are refused. Gives the transaction."""
    transaction: int = session.execute(text("SELECT txid_current()")).scalar_one()
    verdicts: list[int | Exception] = []
    for number in items:
        if number % 100 == 0:
            verdicts.append(NotFoundError(what="number"))
            continue
        session.execute(INSERT, {"c": str(number), "n": number})
        verdicts.append(transaction)
    return verdicts


def present(database: Database) -> set[int]:
    with database.transaction() as session:
        found = session.scalars(text("SELECT threshold_minor FROM engagement.tiers WHERE program = 'g'"))
        return set(found)


def send(group: Grouping[int, int], numbers: Sequence[int]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(group.submit(number) for number in numbers), return_exceptions=True)

    return asyncio.run(all_at_once())


@pytest.fixture
def group(database: Database) -> "Grouping[int, int]":
    return Grouping(database, Admission(database.kept, database.capacity, 5), place)


def test_what_comes_together_shares_transactions(group: "Grouping[int, int]", database: Database) -> None:
    numbers = [number for number in range(1, 321) if number % 100]
    transactions = send(group, numbers)
    assert len(set(transactions)) <= 3
    assert present(database) == set(numbers)


def test_a_verdict_comes_after_the_commit(group: "Grouping[int, int]", database: Database) -> None:
    async def one_after_the_other() -> None:
        for number in (1, 2, 3):
            await group.submit(number)
            seen = await asyncio.to_thread(present, database)
            assert number in seen

    asyncio.run(one_after_the_other())


def test_one_that_fails_spoils_no_other(group: "Grouping[int, int]", database: Database) -> None:
    verdicts = send(group, [1, 2, -3, 100, 4, 5, -6, 7])
    assert [type(verdict) for verdict in verdicts[:2]] == [int, int]
    assert isinstance(verdicts[2], DBAPIError)
    assert isinstance(verdicts[3], NotFoundError)
    assert isinstance(verdicts[6], DBAPIError)
    assert present(database) == {1, 2, 4, 5, 7}


def test_too_many_are_sent_away_and_leave_nothing(database: Database) -> None:
    group: Grouping[int, int] = Grouping(database, Admission(1, 1, 5), place, together_max=4, waiting_max=10)
    verdicts = send(group, list(range(1, 16)))
    refused = [verdict for verdict in verdicts if isinstance(verdict, OverloadedError)]
    assert len(refused) == 5
    assert present(database) == set(range(1, 11))
    assert send(group, [50]) != []
    assert 50 in present(database)


def test_without_a_connection_all_are_told(database: Database) -> None:
    admission = Admission(1, 1, 0.05)
    group: Grouping[int, int] = Grouping(database, admission, place)

    async def while_taken() -> list[Any]:
        async with admission.place():
            return await asyncio.gather(group.submit(1), group.submit(2), return_exceptions=True)

    assert [type(verdict) for verdict in asyncio.run(while_taken())] == [OverloadedError, OverloadedError]
    assert present(database) == set()
    assert isinstance(send(group, [3])[0], int)


def test_a_broken_connection_fails_the_group_once(group: "Grouping[int, int]", database: Database) -> None:
    calls: list[int] = []

    def broken(session: Session, items: Sequence[int]) -> list[int | Exception]:
        calls.append(len(items))
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return []

    failing: Grouping[int, int] = Grouping(database, Admission(5, 5, 5), broken)
    verdicts = send(failing, [1, 2, 3])
    assert all(isinstance(verdict, DBAPIError) for verdict in verdicts)
    assert calls == [3]


def test_who_gave_up_before_is_left_out(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session, items: Sequence[int]) -> list[int | Exception]:
        begun.set()
        go_on.wait(5)
        return place(session, items)

    group: Grouping[int, int] = Grouping(database, Admission(5, 5, 5), slow)

    async def run() -> None:
        first = asyncio.create_task(group.submit(1))
        await asyncio.to_thread(begun.wait, 5)
        second = asyncio.create_task(group.submit(2))
        await asyncio.sleep(0)
        second.cancel()
        go_on.set()
        await first
        await group.submit(3)

    asyncio.run(run())
    assert present(database) == {1, 3}


def test_those_who_were_just_answered_are_waited_for(database: Database) -> None:
    group: Grouping[int, int] = Grouping(database, Admission(5, 5, 5), place, linger_s=5)

    async def ask_again_and_again(who: int) -> list[int]:
        transactions = []
        for turn in range(5):
            await asyncio.sleep(0.002 * who)
            transactions.append(await group.submit(1 + who * 10 + turn))
        return transactions

    async def all_of_them() -> list[list[int]]:
        await asyncio.gather(*(group.submit(91 + who) for who in range(4)))
        return await asyncio.gather(*map(ask_again_and_again, range(4)))

    turns = [set(turn) for turn in zip(*asyncio.run(all_of_them()), strict=True)]
    assert [len(transactions) for transactions in turns] == [1] * 5


def test_who_asks_alone_waits_for_nobody(database: Database) -> None:
    group: Grouping[int, int] = Grouping(database, Admission(5, 5, 5), place, linger_s=60)

    async def one_after_the_other() -> None:
        async with asyncio.timeout(10):
            for number in range(1, 6):
                await group.submit(number)

    asyncio.run(one_after_the_other())
    assert present(database) == set(range(1, 6))


def test_who_does_not_come_back_is_waited_for_once(database: Database) -> None:
    group: Grouping[int, int] = Grouping(database, Admission(5, 5, 5), place, linger_s=2)

    async def times() -> list[float]:
        loop = asyncio.get_running_loop()
        await asyncio.gather(group.submit(1), group.submit(2))
        moments = [loop.time()]
        for number in (3, 4, 5):
            await group.submit(number)
            moments.append(loop.time())
        return moments

    began, waited, *rest = asyncio.run(times())
    assert waited - began > 1.9
    assert rest[-1] - waited < 1.9
