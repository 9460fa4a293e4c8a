"""The least that an activity over HTTP can cost here: a server without a framework that writes the rows and no more.

It asks nobody who they are, reads the event as JSON and looks at nothing in it, judges by no rule and answers all with
the same bytes. What it writes was recorded before by Guerdon: activities, transfers, balances and counters, as many as
are asked for, by plain prepared statements in groups, on tables with the same indexes and constraints. What rules have
granted is left out. A server that records anything at all can only be slower.
"""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import uvicorn

from bench import activities
from bench.arena import Arena, Place
from guerdon.core.settings import Settings

DSN = "BENCH_LEAST_DSN"
"""In the environment of the server: the database that ``prepare`` has made."""
BATCHES = 10
ANSWER_BYTES = 1_900
"""About as long as the answer to an activity of the bench."""
LINGER_S = 0.004
KEYS = 2**128

WRITE_ACTIVITIES = """
WITH written AS (
    INSERT INTO least.activities SELECT * FROM engagement.activities
    WHERE idempotency_key > %(after)s AND idempotency_key <= %(until)s
    ORDER BY idempotency_key LIMIT %(rows)s RETURNING idempotency_key)
SELECT count(*), max(idempotency_key::text)::uuid FROM written
"""
WRITE_TRANSFERS = """
INSERT INTO least.transfers SELECT t.* FROM engagement.activities AS a
JOIN ledger.transfers AS t ON t.reference_id = a.id AND t.owner_id = a.owner_id
WHERE a.idempotency_key > %(after)s AND a.idempotency_key <= %(last)s
"""
WRITE_BALANCES = """
UPDATE least.accounts AS b SET balance = b.balance + t.amount FROM (
    SELECT t.owner_id, t.unit_id, t.credit, sum(t.amount)::bigint AS amount FROM engagement.activities AS a
    JOIN ledger.transfers AS t ON t.reference_id = a.id AND t.owner_id = a.owner_id
    WHERE a.idempotency_key > %(after)s AND a.idempotency_key <= %(last)s
    GROUP BY t.owner_id, t.unit_id, t.credit) AS t
WHERE b.owner_id = t.owner_id AND b.unit_id = t.unit_id AND b.pocket = t.credit
"""
WRITE_COUNTERS = """
INSERT INTO least.counters AS c (owner_id, metric_id, period, period_start, value, reached_at)
SELECT a.owner_id, m.id, p.period, engagement.period_start(p.period, (a.happened_at AT TIME ZONE 'UTC')::date),
    count(*), max(a.happened_at)
FROM engagement.activities AS a, engagement.metrics AS m, unnest(ARRAY['day', 'week', 'month', 'life']) AS p (period)
WHERE a.idempotency_key > %(after)s AND a.idempotency_key <= %(last)s AND m.program = a.program
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (owner_id, metric_id, period, period_start) DO UPDATE
SET value = c.value + excluded.value, reached_at = greatest(c.reached_at, excluded.reached_at)
"""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def prepare(arena: Arena) -> Place:
    """A database with activities that were recorded, and the tables into which the server writes them again."""
    place = arena.place("least")
    activities.prepare(place)
    for seed in range(BATCHES):
        activities.record_batch(activities.Job(place.app_dsn, seed % activities.WORKERS, seed))
    arena.run_sql(place, "least.sql")
    arena.tidy(place)
    return place


class Rows:
    """Writes rows in a thread of its own, through one connection: each process those of its own share of the keys.

    Args:
        processes: in how many the server runs.
    """

    def __init__(self, dsn: str, processes: int) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._connection = psycopg.connect(dsn)
        self._connection.prepare_threshold = 0
        (share,) = self._one("SELECT nextval('least.share')")
        self._first = UUID(int=KEYS * share // processes)
        self._until = UUID(int=KEYS * (share + 1) // processes - 1)
        self._after = self._first

    async def write(self, rows: int) -> None:
        """Commit so many activities and what belongs to them."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows)

    def _write(self, rows: int) -> None:
        written, last = self._activities(rows)
        if written < rows:
            self._begin_anew()
            written, last = self._activities(rows)
        told = {"after": self._after, "last": last}
        for statement in (WRITE_TRANSFERS, WRITE_BALANCES, WRITE_COUNTERS):
            self._connection.execute(statement, told)
        self._connection.commit()
        self._after = last

    def _activities(self, rows: int) -> tuple[int, UUID]:
        written, last = self._one(WRITE_ACTIVITIES, {"after": self._after, "until": self._until, "rows": rows})
        return written, last

    def _begin_anew(self) -> None:
        self._connection.rollback()
        self._connection.execute("TRUNCATE least.activities, least.transfers")
        self._connection.commit()
        self._after = self._first

    def _one(self, statement: LiteralString, told: dict[str, object] | None = None) -> tuple[Any, ...]:
        found = self._connection.execute(statement, told).fetchone()
        if found is None:
            raise RuntimeError(f"no row from {statement}")
        return found


class Application:
    """ASGI, and nothing else: requests that wait go into one transaction, which begins when all are back."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._waiting: list[asyncio.Future[None]] = []
        self._expected = 1
        self._complete: asyncio.Future[None] | None = None
        self._busy: asyncio.Task[None] | None = None
        self._body = json.dumps({"earned": "x" * ANSWER_BYTES}).encode()
        length = str(len(self._body)).encode()
        self._headers = [(b"content-type", b"application/json"), (b"content-length", length)]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request."""
        message = await receive()
        body = message["body"]
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        if scope["method"] == "POST":
            json.loads(body)
            await self._written()
        await send({"type": "http.response.start", "status": 201, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})

    async def _written(self) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append(done)
        if self._busy is None:
            self._busy = loop.create_task(self._empty())
        elif self._complete is not None and len(self._waiting) >= self._expected and not self._complete.done():
            self._complete.set_result(None)
        await done

    async def _empty(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                group, self._waiting = self._waiting, []
                try:
                    await self._rows.write(len(group))
                except Exception as exc:
                    for each in group:
                        each.set_exception(exc)
                    raise
                self._expected = len(group) + len(self._waiting)
                for each in group:
                    each.set_result(None)
        finally:
            self._busy = None

    async def _gather(self) -> None:
        if len(self._waiting) < self._expected:
            self._complete = asyncio.get_running_loop().create_future()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._complete, LINGER_S)
            self._complete = None


if __name__ == "__main__":
    config = uvicorn.Config(
        Application(Rows(os.environ[DSN], Settings().web_processes)),
        log_level="error",
        access_log=False,
        server_header=False,
        http="h11",
        proxy_headers=False,
        lifespan="off",
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
