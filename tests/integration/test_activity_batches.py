"""Thousands of activities at once, one on a line: a verdict for each, and what a broken connection leaves."""

import asyncio
import codecs
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import text

from guerdon.kernel.engagement.activities.api import lines
from support.http_client import Client
from support.till import BATCH, PATH, event, ndjson, send
from support.track import Track


class TestBatch:
    def test_a_verdict_for_each_line(self, till: Client, track: Track, runner: UUID) -> None:
        till.post(PATH, json=event(runner, 3))
        body = ndjson(
            event(runner, 1),
            b"\n",
            b"{broken\n",
            event(runner, 3),
            event(runner, 4, type="track.swim"),
            b"x" * (lines.LINE_BYTES_MAX + 10) + b"\n",
            event(runner, 5),
            event(runner, 5, data={"metres": 1, "route": "river"}),
            event(runner, 5),
        )
        told = send(till, body.rstrip(b"\n"))
        assert [(each["line"], each["status"]) for each in told] == [
            (1, 201),
            (3, 422),
            (4, 200),
            (5, 422),
            (6, 422),
            (7, 201),
            (8, 409),
            (9, 200),
        ]
        assert [each["amount"] for each in told[0]["outcome"]["earned"]] == ["6"]
        assert told[1]["problem"]["errors"][0]["code"] == "json-invalid"
        assert told[3]["problem"]["field"] == "type"
        assert told[4]["problem"]["code"] == "activity-line-too-long"
        assert track.counters(runner, "runs")["life"] == 3

    def test_a_file_that_begins_with_a_mark_of_the_byte_order(self, till: Client, track: Track, runner: UUID) -> None:
        lines_of_a_file = ndjson(event(runner, 1), event(runner, 2)).replace(b"\n", b"\r\n")
        told = send(till, codecs.BOM_UTF8 + lines_of_a_file + codecs.BOM_UTF8 + lines_of_a_file)
        assert [(each["line"], each["status"]) for each in told] == [(1, 201), (2, 201), (3, 422), (4, 200)]
        assert track.counters(runner, "runs")["life"] == 2

    def test_sent_again_everything_is_as_it_was(self, till: Client, track: Track, runner: UUID) -> None:
        body = ndjson(*(event(runner, number) for number in range(2500)))
        first = send(till, body)
        assert [each["status"] for each in first] == [201] * 2500
        before = track.snapshot()
        again = send(till, body)
        assert [each["status"] for each in again] == [200] * 2500
        assert [each["outcome"]["activity_id"] for each in again] == [each["outcome"]["activity_id"] for each in first]
        assert track.snapshot() == before

    def test_too_many_lines_are_refused_whole(self, till: Client, track: Track, runner: UUID) -> None:
        before = track.snapshot()
        body = ndjson(event(runner)) + b"\n" * lines.LINES_MAX
        headers = {"content-type": "application/x-ndjson"}
        answer = till.post(BATCH, content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "activity-batch-too-long")
        assert till.post(BATCH, content=ndjson(event(runner)), headers={"content-type": "text/csv"}).status_code == 415
        huge = till.post(BATCH, content=b"x" * (33 * 1_048_576), headers=headers)
        assert (huge.status_code, huge.json()["code"]) == (413, "body-too-large")
        assert track.snapshot() == before

    def test_a_dry_run_has_no_effect(self, till: Client, track: Track, runner: UUID) -> None:
        before = track.snapshot()
        told = send(till, ndjson(event(runner, 1), event(runner, 2)), path=f"{BATCH}?dry_run=true")
        assert [(each["status"], each["outcome"]["dry_run"]) for each in told] == [(200, True), (200, True)]
        # The second is judged after the first: the day's cap is used up.
        assert [each["reason"] for each in told[1]["outcome"]["not_earned"]] == ["condition", "day_cap"]
        assert track.snapshot() == before

    def test_a_reader_who_leaves_keeps_what_was_told(
        self, whole_app: FastAPI, till: Client, track: Track, runner: UUID
    ) -> None:
        body = ndjson(*(event(runner, number) for number in range(3000)))
        told = b"".join(first_piece(whole_app, till, body))
        verdicts = [json.loads(line) for line in told.splitlines()]
        assert len(verdicts) == 1000
        with track.database.transaction() as session:
            ids = set(session.scalars(text("SELECT id::text FROM engagement.activities")))
        assert {each["outcome"]["activity_id"] for each in verdicts} <= ids
        finished = send(till, body)
        assert [each["status"] for each in finished[:1000]] == [200] * 1000
        assert track.counters(runner, "runs")["life"] == 3000

    def test_two_at_once_record_each_event_once(
        self, till: Client, track: Track, runner: UUID, whole_app: FastAPI
    ) -> None:
        body = ndjson(*(event(runner, number) for number in range(1500)))

        def one(_: int) -> list[dict[str, Any]]:
            return send(Client(whole_app).bear(till.headers["authorization"].partition(" ")[2]), body)

        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(one, range(3)))
        assert all(each["status"] in (200, 201) for verdicts in told for each in verdicts)
        assert sum(each["status"] == 201 for verdicts in told for each in verdicts) == 1500
        assert track.counters(runner, "runs")["life"] == 1500


def first_piece(app: FastAPI, till: Client, body: bytes) -> Iterator[bytes]:
    """The first piece of a batch's answer, from a reader who then hangs up."""
    pieces: list[bytes] = []

    async def run() -> None:
        sent = False
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def give(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and message.get("body"):
                pieces.append(message["body"])
                gone.set()
                await asyncio.sleep(3600)  # it reads no further

        headers = [(name.encode(), value.encode()) for name, value in till.headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": BATCH,
            "raw_path": BATCH.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*headers, (b"content-type", b"application/x-ndjson"), (b"host", b"127.0.0.1:8000")],
            "client": ("203.0.113.7", 50000),
            "server": ("127.0.0.1", 8000),
        }
        await app(scope, receive, give)

    asyncio.run(run())
    yield from pieces
