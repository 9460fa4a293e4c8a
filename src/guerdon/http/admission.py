"""How many requests work at a time: as many as the pool keeps connections for; the others wait without a thread.

Without it, requests that wait for a connection could hold every thread of the server, and those that have one could
never go on to give it back. And where more work at a time than there are connections to keep, the pool opens one for
each of the others and closes it again right after, which costs several times as much as the request.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, cast
from weakref import WeakKeyDictionary

from fastapi import Depends, Request

from guerdon.http.errors import OverloadedError

SLOW_AFTER_S = 0.25
"""How long a request may hold a place before another one is let in beside it."""


class Admission:
    """Lets requests in, first come, first served.

    Args:
        kept: how many the pool keeps connections for.
        capacity: how many it has connections for at most. Beyond ``kept`` one is let in for each that takes longer than
            ``slow_after_s``: it waits for a lock or makes something large, and keeps its connection to itself.
        timeout_s: how long a request waits before it is sent away.
    """

    def __init__(self, kept: int, capacity: int, timeout_s: float, *, slow_after_s: float = SLOW_AFTER_S) -> None:
        self._kept = kept
        self._capacity = capacity
        self._timeout_s = timeout_s
        self._slow_after_s = slow_after_s
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            OverloadedError: none became free in time.
        """
        loop = asyncio.get_running_loop()
        gate = self._gates.get(loop)
        if gate is None:
            gate = self._gates[loop] = _Gate(loop, self._kept, self._capacity, self._slow_after_s)
        holder = _Holder()
        if not gate.let_in(holder):
            try:
                async with asyncio.timeout(self._timeout_s):
                    await gate.queue(holder)
            except TimeoutError as exc:
                raise OverloadedError from exc
        try:
            yield
        finally:
            gate.leave(holder)


@dataclass(slots=True, eq=False)
class _Holder:
    """Who holds a place, and since when by the loop's clock."""

    since_s: float = 0.0


@dataclass(slots=True)
class _Gate:
    """The places of one event loop.

    Attributes:
        brisk: who has held a place for a short time, the longest first.
        slow: who has held one for long.
        waiting: who waits, the longest first; a future is done once they were let in, or gave up.
        timer: when the next of the brisk becomes slow, while anybody waits for that.
    """

    loop: asyncio.AbstractEventLoop
    kept: int
    capacity: int
    slow_after_s: float
    brisk: dict[_Holder, None] = field(default_factory=dict)
    slow: set[_Holder] = field(default_factory=set)
    waiting: "deque[tuple[_Holder, asyncio.Future[None]]]" = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None

    def let_in(self, holder: _Holder) -> bool:
        """Give a place to somebody, if there is one and nobody waits for it."""
        if self.waiting or not self._has_room():
            return False
        self._enter(holder)
        return True

    async def queue(self, holder: _Holder) -> None:
        """Wait for a place."""
        turn: asyncio.Future[None] = self.loop.create_future()
        self.waiting.append((holder, turn))
        self._call_up()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # let in and gone in the same breath
                self.leave(holder)
            raise

    def leave(self, holder: _Holder) -> None:
        """Give a place back."""
        self.slow.discard(holder)
        self.brisk.pop(holder, None)
        self._call_up()

    def _enter(self, holder: _Holder) -> None:
        holder.since_s = self.loop.time()
        self.brisk[holder] = None

    def _has_room(self) -> bool:
        return len(self.brisk) < self.kept and len(self.brisk) + len(self.slow) < self.capacity

    def _call_up(self) -> None:
        """Let in whoever there is room for, and come back when the next of the brisk has become slow."""
        if not self.waiting:
            return
        self._sort_out()
        while self.waiting and self._has_room():
            holder, turn = self.waiting.popleft()
            if not turn.done():
                self._enter(holder)
                turn.set_result(None)
        if self.waiting and self.timer is None and self.brisk:
            oldest = next(iter(self.brisk))
            self.timer = self.loop.call_at(oldest.since_s + self.slow_after_s, self._time_is_up)

    def _sort_out(self) -> None:
        slow_since_s = self.loop.time() - self.slow_after_s
        while self.brisk and (oldest := next(iter(self.brisk))).since_s <= slow_since_s:
            del self.brisk[oldest]
            self.slow.add(oldest)

    def _time_is_up(self) -> None:
        self.timer = None
        self._call_up()


def admission_of(request: Request) -> Admission:
    """The application's."""
    return cast(Admission, request.app.state.admission)


async def admit(request: Request) -> AsyncIterator[None]:
    """Hold a place as long as the request's transaction lasts."""
    async with admission_of(request).place():
        yield


Admitted = Annotated[None, Depends(admit, scope="function")]
"""A place, held until the request's transaction has ended."""
