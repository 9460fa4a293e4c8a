"""How many requests work at a time: as many as connections are kept for, and more only beside those that take long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from guerdon.http.admission import Admission
from guerdon.http.errors import OverloadedError


class Hall:
    """Requests that hold a place until they are told to go, and how many of them were inside at once."""

    def __init__(self, kept: int, capacity: int, *, timeout_s: float = 5, slow_after_s: float = 60) -> None:
        self.admission = Admission(kept, capacity, timeout_s, slow_after_s=slow_after_s)
        self.inside: list[int] = []
        self.most = 0
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.ends: dict[int, asyncio.Event] = {}

    async def come(self, *numbers: int) -> None:
        """Requests arrive, one after the other."""
        for number in numbers:
            self.ends[number] = asyncio.Event()
            self.tasks[number] = asyncio.create_task(self._work(number))
            await self.settle()

    async def go(self, *numbers: int) -> None:
        """Requests end, one after the other."""
        for number in numbers:
            self.ends[number].set()
            await self.tasks[number]
            await self.settle()

    async def _work(self, number: int) -> None:
        async with self.admission.place():
            self.inside.append(number)
            self.most = max(self.most, len(self.inside))
            try:
                await self.ends[number].wait()
            finally:
                self.inside.remove(number)

    @staticmethod
    async def settle() -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def with_time() -> None:
        async with asyncio.timeout(10):
            await scene()

    asyncio.run(with_time())


def test_no_more_work_at_once_than_connections_are_kept_for_and_all_get_their_turn() -> None:
    async def scene() -> None:
        hall = Hall(kept=2, capacity=6)
        await hall.come(1, 2, 3, 4, 5)
        assert hall.inside == [1, 2]
        await hall.go(2)
        assert hall.inside == [1, 3]
        await hall.go(1, 3, 4, 5)
        assert hall.most == 2

    play(scene)


def test_those_who_wait_come_before_those_who_arrive() -> None:
    async def scene() -> None:
        hall = Hall(kept=1, capacity=1)
        await hall.come(1, 2)
        hall.ends[1].set()
        await hall.come(3)
        assert hall.inside == [2]
        await hall.go(2, 3)

    play(scene)


def test_beside_those_that_take_long_others_are_let_in_up_to_the_capacity() -> None:
    async def scene() -> None:
        hall = Hall(kept=2, capacity=5, slow_after_s=0.05)
        await hall.come(*range(1, 10))
        assert hall.inside == [1, 2]
        while len(hall.inside) < 4:
            await asyncio.sleep(0.01)
        assert hall.inside == [1, 2, 3, 4]
        while len(hall.inside) < 5:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert hall.inside == [1, 2, 3, 4, 5]
        await hall.go(*range(1, 10))

    play(scene)


def test_once_the_long_ones_are_gone_no_more_work_at_once_than_before() -> None:
    async def scene() -> None:
        hall = Hall(kept=2, capacity=6, slow_after_s=0.5)
        await hall.come(1, 2)
        await asyncio.sleep(0.6)
        await hall.come(3, 4, 5, 6)
        assert hall.inside == [1, 2, 3, 4]
        await hall.go(1, 2)
        assert hall.inside == [3, 4]
        await hall.go(3)
        assert hall.inside == [4, 5]
        await hall.go(4, 5, 6)

    play(scene)


def test_who_waits_too_long_is_sent_away_and_takes_no_place() -> None:
    async def scene() -> None:
        hall = Hall(kept=1, capacity=1, timeout_s=0.05)
        await hall.come(1, 2)
        with pytest.raises(OverloadedError):
            await hall.tasks[2]
        await hall.come(3)
        await hall.go(1, 3)

    play(scene)


def test_who_gives_up_while_waiting_or_at_their_turn_takes_no_place() -> None:
    async def scene() -> None:
        hall = Hall(kept=1, capacity=1)
        await hall.come(1, 2, 3, 4)
        hall.tasks[2].cancel()
        await hall.settle()
        hall.ends[1].set()
        await asyncio.sleep(0)  # the first one has gone, and the third has been given its place but does not know yet
        hall.tasks[3].cancel()
        await hall.settle()
        assert hall.inside == [4]
        assert all(hall.tasks[number].cancelled() for number in (2, 3))
        await hall.go(4)
        await hall.come(5)
        assert hall.inside == [5]
        await hall.go(5)

    play(scene)


def test_each_event_loop_has_places_of_its_own() -> None:
    admission = Admission(1, 1, 5)

    async def scene() -> None:
        async with admission.place():
            pass

    for _ in range(2):
        play(scene)
