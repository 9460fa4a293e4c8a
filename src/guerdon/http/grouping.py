"""Many small requests in one transaction: what arrives while one runs goes into the next one together.

A commit costs the same for one fact and for a hundred. Whoever asks alone waits for nothing but their own
transaction; under load a group forms by itself, and each caller still gets a verdict of their own, after the commit.

Those whom a group has just answered ask again at once, most of them. Would the next group begin without them, two
groups of half the size would take turns from then on, each at the cost of a whole one. So it waits for them, a moment
at most.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from guerdon.db.database import Database
from guerdon.http.admission import Admission
from guerdon.http.errors import OverloadedError

Item = TypeVar("Item")
Verdict = TypeVar("Verdict")

TOGETHER_MAX = 256
"""The most that share a transaction: what one of them waits for stays short."""
WAITING_MAX = 2048
"""The most that wait; whoever comes beyond is sent away at once, instead of waiting for what takes too long."""
LINGER_S = 0.004
"""How long a group waits at most for those whom the last one has answered: less than a transaction takes."""

log = structlog.get_logger("guerdon.http")


@dataclass(slots=True)
class _Lane(Generic[Item, Verdict]):
    """What waits on one event loop, and whoever sees to it.

    Attributes:
        expected: how many the next group will be if all come again whom the last one has answered.
        until_s: the moment, by the loop's clock, until which it waits for them.
        complete: done when that many wait; None while no group is waiting for more.
    """

    waiting: "deque[tuple[Item, asyncio.Future[Verdict]]]" = field(default_factory=deque)
    busy: "asyncio.Task[None] | None" = None
    expected: int = 1
    until_s: float = 0.0
    complete: "asyncio.Future[None] | None" = None


class Grouping(Generic[Item, Verdict]):
    """Posts what several requests bring in one transaction.

    Args:
        database: where; the group takes one of its connections at a time.
        admission: of the same application; a group holds one place.
        post: does the work for a group in a session: one verdict for each item, in order. A verdict that is an
            exception is raised to its caller alone. Called in a thread, and again with parts of the group when it
            raises.
        together_max, waiting_max, linger_s: see the constants of the same names.
    """

    def __init__(
        self,
        database: Database,
        admission: Admission,
        post: Callable[[Session, Sequence[Item]], Sequence[Verdict | Exception]],
        *,
        together_max: int = TOGETHER_MAX,
        waiting_max: int = WAITING_MAX,
        linger_s: float = LINGER_S,
    ) -> None:
        self._database = database
        self._admission = admission
        self._post = post
        self._together_max = together_max
        self._waiting_max = waiting_max
        self._linger_s = linger_s
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lane[Item, Verdict]] = WeakKeyDictionary()

    async def submit(self, item: Item) -> Verdict:
        """Have an item posted, and wait until it is committed.

        Raises:
            OverloadedError: too many wait already; nothing was done.
            Exception: what ``post`` gave or raised for this item; nothing of it stands.
        """
        loop = asyncio.get_running_loop()
        lane = self._lanes.setdefault(loop, _Lane())
        if len(lane.waiting) >= self._waiting_max:
            raise OverloadedError
        verdict: asyncio.Future[Verdict] = loop.create_future()
        lane.waiting.append((item, verdict))
        if lane.busy is None:
            lane.busy = loop.create_task(self._empty(lane))
        elif lane.complete is not None and len(lane.waiting) >= lane.expected and not lane.complete.done():
            lane.complete.set_result(None)
        return await verdict

    def _settle(self, items: Sequence[Item]) -> list[Verdict | Exception]:
        return settle(self._database, self._post, items)

    async def _empty(self, lane: _Lane[Item, Verdict]) -> None:
        try:
            while lane.waiting:
                await self._gather(lane)
                await self._serve(lane)
        finally:
            lane.busy = None

    async def _gather(self, lane: _Lane[Item, Verdict]) -> None:
        """Wait for those who were just answered, unless that was long ago or all of them are back."""
        loop = asyncio.get_running_loop()
        left_s = lane.until_s - loop.time()
        if left_s <= 0 or len(lane.waiting) >= lane.expected:
            return
        lane.complete = loop.create_future()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await lane.complete
        finally:
            lane.complete = None

    async def _serve(self, lane: _Lane[Item, Verdict]) -> None:
        """Post one group. Those who gave up waiting before it begins are left out: they were told nothing."""
        try:
            async with self._admission.place():
                size = min(len(lane.waiting), self._together_max)
                taken = [lane.waiting.popleft() for _ in range(size)]
                group = [pair for pair in taken if not pair[1].done()]
                verdicts = await run_in_threadpool(self._settle, [item for item, _ in group])
        except OverloadedError as exc:
            group, verdicts = list(lane.waiting), [exc] * len(lane.waiting)
            lane.waiting.clear()
        lane.expected = min(len(group) + len(lane.waiting), self._together_max)
        lane.until_s = asyncio.get_running_loop().time() + self._linger_s
        for (_, waiting), verdict in zip(group, verdicts, strict=True):
            if waiting.done():
                continue
            if isinstance(verdict, Exception):
                waiting.set_exception(verdict)
            else:
                waiting.set_result(verdict)


def settle(
    database: Database,
    post: Callable[[Session, Sequence[Item]], Sequence[Verdict | Exception]],
    items: Sequence[Item],
) -> list[Verdict | Exception]:
    """Post items now, in this thread, committed when it returns: one verdict or exception for each, in order.

    What makes a transaction fail is looked for by halves, so that it cannot spoil its neighbours.
    """
    if not items:
        return []
    try:
        return list(database.run(lambda session: post(session, items)))
    except Exception as exc:
        if len(items) == 1 or _is_nobodys_fault(exc):
            return [exc] * len(items)
        log.warning("a group is posted in halves", error=type(exc).__name__, items=len(items))
    middle = len(items) // 2
    return settle(database, post, items[:middle]) + settle(database, post, items[middle:])


def _is_nobodys_fault(exc: Exception) -> bool:
    """Whether it would happen to any item: the database does not answer."""
    return isinstance(exc, PoolTimeoutError) or (isinstance(exc, DBAPIError) and exc.connection_invalidated)
