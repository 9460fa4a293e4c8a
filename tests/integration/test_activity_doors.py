"""Activities from outside: one CloudEvent, thousands of lines, many clients at once; each verdict is durable."""

import asyncio
import codecs
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.http.grouping import Grouping
from guerdon.kernel.engagement.activities.api import lines
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.accounts import get_account
from support.http_client import Client
from support.people import PASSWORD
from support.track import Track, rule

PATH = "/api/v1/activities"
BATCH = f"{PATH}/batch"
RULES = (
    rule("metres", "ratio(activity.metres * params.laps_per_km, 1000)", params={"laps_per_km": 2}),
    rule("first_of_day", "5", caps={"day": 5}),
    rule("at_night", "7", condition="has(activity.night) && activity.night"),
)


@pytest.fixture
def runner(track: Track) -> UUID:
    """A member; three rules are in force."""
    track.install(*RULES)
    return track.member("runner")


def client(app: FastAPI, person: Callable[..., Any], role: str, *, scopes: list[str] | None = None) -> Client:
    """An API client of somebody of a role: with their token, or with a key for some scopes."""
    person(role, Role(role))
    made = Client(app)
    answer = made.post("/api/v1/identity/tokens", json={"email": f"{role}@example.org", "password": PASSWORD})
    made.bear(answer.json()["access_token"])
    if scopes is not None:
        key = made.post("/api/v1/identity/api-keys", json={"name": "Till", "scopes": scopes, "days": 30})
        assert key.status_code == 201, key.text
        made.bear(key.json()["key"])
    return made


@pytest.fixture
def till(whole_app: FastAPI, person: Callable[..., Any], runner: UUID) -> Client:
    """A machine with a key that may record activities and nothing else."""
    return client(whole_app, person, "staff", scopes=["activities:record"])


def event(subject: Any, number: int = 1, **changes: Any) -> dict[str, Any]:
    found = {
        "specversion": "1.0",
        "id": f"run-{number}",
        "source": "https://track.example.org/gate/1",
        "type": "track.run",
        "subject": str(subject),
        "time": "2026-03-02T08:00:00Z",
        "data": {"metres": 3000, "route": "river"},
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def ndjson(*documents: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" if not isinstance(each, bytes) else each for each in documents)


def send(till: Client, body: bytes, **options: Any) -> list[dict[str, Any]]:
    headers = {"content-type": "application/x-ndjson", **options.pop("headers", {})}
    answer = till.post(options.pop("path", BATCH), content=body, headers=headers, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"specversion": "0.3"}, "specversion"),
    ({"specversion": None}, "specversion"),
    ({"id": ""}, "id"),
    ({"id": "x" * 201}, "id"),
    ({"id": "a\x00b"}, "id"),
    ({"id": "a\u200bb"}, "id"),
    ({"id": "x" * 199 + "\u2060", "source": "/" + "y" * 200}, "id"),  # too long a pair for a key, kept by its digest
    ({"source": "two words"}, "source"),
    ({"source": "/till\u202e"}, "source"),
    ({"type": "track.run\ufeff"}, "type"),
    ({"type": None}, "type"),
    ({"type": "track.swim"}, "type"),
    ({"type": "track.rest"}, "type"),
    ({"subject": "somebody"}, "subject"),
    ({"subject": None}, "subject"),
    ({"subject": "0198c0de-0000-7000-8000-000000000001"}, "subject"),
    ({"time": "1700000000"}, "time"),
    ({"time": "yesterday"}, "time"),
    ({"time": "1700000000"}, "time"),
    ({"time": "2026-03-02T08:00:00"}, "time"),
    ({"time": 1772438400}, "time"),
    ({"time": "2026-03-02T10:00:00Z"}, "time"),
    ({"time": "1969-03-02T10:00:00Z"}, "time"),
    ({"data": [1]}, "data"),
    ({"data": {"route": "river"}}, "data.metres"),
    ({"data": {"metres": 1.5, "route": "river"}}, "data.metres"),
    ({"data": {"metres": 2**63, "route": "river"}}, "data.metres"),
    ({"data": {"metres": True, "route": "river"}}, "data.metres"),
    ({"data": {"metres": 1, "route": "a\x00"}}, "data.route"),
    ({"data": {"metres": 1, "route": "\ud800"}}, "body"),
    ({"data": {"metres": 1, "route": "river", "shoes": 2}}, "data.shoes"),
    ({"Extension": 1}, "Extension"),
)


class TestOne:
    def test_what_it_earned_and_what_not(self, till: Client, track: Track, runner: UUID) -> None:
        answer = till.post(PATH, json=event(runner), headers={"content-type": "application/cloudevents+json"})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert told["member"] == str(runner)
        assert (told["replayed"], told["dry_run"]) == (False, False)
        assert [(each["rule"], each["amount"], each["version"]) for each in told["earned"]] == [
            ("first_of_day", "5", 1),
            ("metres", "6", 1),
        ]
        assert told["earned"][1]["explanation"] == "3000 × 2 ÷ 1000"
        assert [(each["rule"], each["reason"]) for each in told["not_earned"]] == [("at_night", "condition")]
        assert told["not_earned"][0]["detail"] == "It does not fulfil the rule's condition."
        assert (told["counters"]["track.runs"], told["counters"]["track.metres"]) == (1, 3000)
        assert track.laps(runner) == 11

    def test_sent_again_it_answers_the_same(self, till: Client, track: Track, runner: UUID) -> None:
        first = till.post(PATH, json=event(runner))
        before = track.snapshot()
        again = till.post(PATH, json=event(runner))
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == {**first.json(), "replayed": True}
        assert track.snapshot() == before

    def test_the_same_key_for_something_else_is_refused(self, till: Client, track: Track, runner: UUID) -> None:
        till.post(PATH, json=event(runner))
        before = track.snapshot()
        answer = till.post(PATH, json=event(runner, data={"metres": 1, "route": "river"}))
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (409, "activity-conflict", "id")
        assert track.snapshot() == before

    def test_each_is_counted_once_in_what_is_told_and_in_what_rules_read(
        self, till: Client, track: Track, runner: UUID
    ) -> None:
        track.install(rule("third", "100", condition="counters.runs.life == 3 && counters.metres.week == 9000"))
        told = [till.post(PATH, json=event(runner, number)).json() for number in range(4)]
        assert [each["counters"]["track.runs"] for each in told] == [1, 2, 3, 4]
        assert [each["counters"]["track.routes"] for each in told] == [1, 1, 1, 1]
        assert ["third" in [award["rule"] for award in each["earned"]] for each in told] == [False, False, True, False]

    def test_another_source_is_another_event(self, till: Client, track: Track, runner: UUID) -> None:
        till.post(PATH, json=event(runner))
        assert till.post(PATH, json=event(runner, source="https://other.example.org")).status_code == 201
        assert track.counters(runner, "runs")["life"] == 2

    def test_without_a_time_it_happens_when_it_arrives_first(
        self, till: Client, track: Track, runner: UUID, clock: FixedClock
    ) -> None:
        first = till.post(PATH, json=event(runner, time=None)).json()
        assert first["happened_at"] == clock.now().isoformat()
        clock.move(timedelta(minutes=5))
        again = till.post(PATH, json=event(runner, time=None))
        assert (again.status_code, again.json()["happened_at"]) == (200, first["happened_at"])

    def test_any_offset_is_the_same_moment(self, till: Client, runner: UUID) -> None:
        moments = "2026-03-02T08:00:00Z", "2026-03-03T07:59:00+23:59", "2026-03-01T08:01:00-23:59"
        for number, moment in enumerate(moments):
            answer = till.post(PATH, json=event(runner, time=moment))
            assert answer.status_code == (200 if number else 201), answer.text
            assert answer.json()["happened_at"] == "2026-03-02T08:00:00+00:00"

    def test_members_by_mail_and_kinds_by_prefix(self, till: Client, track: Track, runner: UUID) -> None:
        by_mail = till.post(PATH, json=event("Runner@Example.org", type="guerdon.track.run"))
        assert (by_mail.status_code, by_mail.json()["member"]) == (201, str(runner))
        assert till.post(PATH, json=event(runner)).status_code == 200
        unknown = till.post(PATH, json=event("nobody@example.org", 2))
        assert (unknown.status_code, unknown.json()["field"]) == (422, "subject")

    def test_binary_mode(self, till: Client, track: Track, runner: UUID) -> None:
        attributes = {f"ce-{name}": str(value) for name, value in event(runner).items() if name != "data"}
        answer = till.post(
            PATH, content=json.dumps(event(runner)["data"]), headers={**attributes, "content-type": "application/json"}
        )
        assert answer.status_code == 201, answer.text
        assert till.post(PATH, json=event(runner)).status_code == 200

    def test_headers_with_quotes_percent_signs_and_nonsense(self, till: Client, runner: UUID) -> None:
        attributes = {f"ce-{name}": str(value) for name, value in event(runner).items() if name not in ("data", "id")}
        body = json.dumps(event(runner)["data"])

        def send(key: str) -> httpx.Response:
            return till.post(
                PATH, content=body, headers={**attributes, "ce-id": key, "content-type": "application/json"}
            )

        assert send("a%20%22b").status_code == 201
        assert send('"a \\"b"').json()["replayed"] is True
        refused = send("%FF")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "id")

    def test_structured_mode_may_repeat_its_attributes_as_headers(self, till: Client, runner: UUID) -> None:
        headers = {"content-type": "application/cloudevents+json; charset=utf-8", "ce-specversion": "1.0", "ce-id": "x"}
        answer = till.post(PATH, content=json.dumps(event(runner)), headers=headers)
        assert answer.status_code == 201, answer.text
        assert till.post(PATH, json=event(runner)).json()["replayed"] is True

    def test_a_long_source_is_taken_or_named(self, till: Client, runner: UUID) -> None:
        assert till.post(PATH, json=event(runner, source="u" * 255)).status_code == 201
        refused = till.post(PATH, json=event(runner, source="u" * 256))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "source")

    def test_a_dry_run_has_no_effect(self, till: Client, track: Track, runner: UUID) -> None:
        before = track.snapshot()
        told = till.post(f"{PATH}?dry_run=true", json=event(runner))
        assert (told.status_code, told.json()["dry_run"], told.json()["activity_id"]) == (200, True, None)
        assert sum(int(each["amount"]) for each in told.json()["earned"]) == 11
        assert track.snapshot() == before
        real = till.post(PATH, json=event(runner)).json()
        assert [each["amount"] for each in real["earned"]] == [each["amount"] for each in told.json()["earned"]]

    def test_what_is_wrong_is_named_and_changes_nothing(self, till: Client, track: Track, runner: UUID) -> None:
        before = track.snapshot()
        for change, field in WRONG:
            document = {name: value for name, value in {**event(runner), **change}.items() if value is not None}
            body = json.dumps(document).encode()
            answer = till.post(PATH, content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 422, f"{change}: {answer.text}"
            problem = answer.json()
            named = [each["field"] for each in problem.get("errors", [])] or [problem.get("field")]
            assert named == [field], f"{change}: {problem}"
        assert track.snapshot() == before

    def test_it_is_the_same_the_frameworks_way(self, till: Client, track: Track, runner: UUID) -> None:
        """With a query the framework reads the request, without one nobody but the route does."""
        for number, changes in enumerate([{}, {}, *(changes for changes, _ in WRONG[:12]), {"subject": "a@b.example"}]):
            sent = {**event(runner, number // 2), **changes}
            answers = [till.post(f"{PATH}{query}", json=sent) for query in ("?dry_run=false", "", "?dry_run=no")]
            found = [(each.status_code, each.headers["content-type"], each.json()) for each in answers]
            for _, _, body in found:
                body.pop("request_id", None)
            assert found[1] == found[2]
            assert found[0][2] | {"replayed": True} == found[1][2] | {"replayed": True}
        for proof in ("Bearer gk_nobody", "Basic x", None):
            till.headers.pop("authorization", None)
            refused = [
                till.post(f"{PATH}{query}", json=event(runner), headers={"authorization": proof} if proof else {})
                for query in ("", "?dry_run=false")
            ]
            assert [each.status_code for each in refused] == [401, 401]
            assert refused[0].json()["code"] == refused[1].json()["code"]
            assert refused[0].headers["www-authenticate"] == refused[1].headers["www-authenticate"]

    def test_what_is_no_event_at_all(self, till: Client, track: Track, runner: UUID) -> None:
        before = track.snapshot()
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"[" * 5000, b'{"id": NaN}', b"\xff\xfe"):
            answer = till.post(PATH, content=body, headers={"content-type": "application/json"})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body"), body
        assert track.snapshot() == before

    def test_another_content_type(self, till: Client, runner: UUID) -> None:
        answer = till.post(PATH, content=b"x", headers={"content-type": "text/plain"})
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")

    def test_extension_attributes_are_allowed(self, till: Client, runner: UUID) -> None:
        assert till.post(PATH, json=event(runner, traceparent="00-abc", partitionkey="7")).status_code == 201

    def test_in_french(self, till: Client, runner: UUID) -> None:
        answer = till.post(PATH, json=event(runner), headers={"accept-language": "fr"})
        assert answer.json()["not_earned"][0]["detail"] != "It does not fulfil the rule's condition."


class TestWho:
    def test_a_key_without_the_scope_a_member_and_nobody(
        self, whole_app: FastAPI, person: Callable[..., Any], track: Track, runner: UUID
    ) -> None:
        askers = [
            (client(whole_app, person, "admin", scopes=["ledger:read"]), 403),
            (client(whole_app, person, "user"), 403),
            (Client(whole_app), 401),
            (Client(whole_app).bear("gk_00000000_unknown"), 401),
            (Client(whole_app).bear("a.b.c"), 401),
        ]
        before = track.snapshot()
        for asker, status in askers:
            for body in (event(runner), {"nonsense": 1}):
                assert asker.post(PATH, json=body).status_code == status
                assert asker.post(f"{PATH}?dry_run=true", json=body).status_code == status
            headers = {"content-type": "application/x-ndjson"}
            assert asker.post(BATCH, content=ndjson(event(runner)), headers=headers).status_code == status
        assert track.snapshot() == before

    def test_staff_may_with_their_token_and_in_the_browser_with_a_form_token(
        self, whole_app: FastAPI, person: Callable[..., Any], track: Track, runner: UUID
    ) -> None:
        staff = client(whole_app, person, "staff")
        assert staff.post(PATH, json=event(runner)).status_code == 201
        browser = Client(whole_app, page=True)
        assert browser.submit("/sign-in", email="staff@example.org", password=PASSWORD).status_code == 303
        before = track.snapshot()
        assert browser.post(PATH, json=event(runner, 2)).status_code == 403
        assert track.snapshot() == before

    def test_nobody_reports_what_they_did_themselves(
        self, whole_app: FastAPI, person: Callable[..., Any], track: Track, runner: UUID
    ) -> None:
        staff = client(whole_app, person, "staff")
        own = staff.get("/api/v1/identity/me").json()["user_id"]
        before = track.snapshot()
        for subject in (own, "Staff@example.org"):
            answer = staff.post(PATH, json=event(subject))
            assert (answer.status_code, answer.json()["code"]) == (403, "activity-own-report"), answer.text
        assert track.snapshot() == before

    def test_a_revoked_key_ends(
        self, whole_app: FastAPI, till: Client, track: Track, runner: UUID, clock: FixedClock
    ) -> None:
        assert till.post(PATH, json=event(runner)).status_code == 201
        with track.database.transaction() as session:
            owner = session.execute(text("SELECT user_id FROM identity.api_keys")).scalar_one()
            api_keys.revoke_all(session, clock, get_account(session, owner).id)
        assert till.post(PATH, json=event(runner, 2)).status_code == 401


class TestTogether:
    def test_parallel_requests_share_transactions_and_each_is_told_its_own(
        self, whole_app: FastAPI, till: Client, track: Track, runner: UUID
    ) -> None:
        others = [track.member() for _ in range(4)]
        bodies = [event([runner, *others][number % 5], number) for number in range(60)]
        bodies[7] = event(runner, 7, data={"metres": "far", "route": "river"})
        bodies[23] = {"nonsense": True}
        bodies[30] = event(runner, 0)  # the same as the first

        async def all_at_once() -> list[httpx.Response]:
            transport = httpx.ASGITransport(whole_app, client=("203.0.113.7", 50000), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as session:
                return await asyncio.gather(*(session.post(PATH, json=body, headers=till.headers) for body in bodies))

        answers = asyncio.run(all_at_once())
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(201) == 57
        assert (statuses[7], statuses[23], statuses[30]) == (422, 422, 200)
        assert answers[30].json()["activity_id"] == answers[0].json()["activity_id"]
        for number, answer in enumerate(answers):
            if answer.status_code == 201:
                assert answer.json()["member"] == bodies[number]["subject"]
        with track.database.transaction() as session:
            ids = set(session.scalars(text("SELECT id::text FROM engagement.activities")))
            moments = session.execute(text("SELECT count(DISTINCT xmin::text) FROM engagement.activities")).scalar_one()
        assert ids == {answer.json()["activity_id"] for answer in answers if answer.status_code == 201}
        assert moments <= 4
        assert track.laps(runner) == 5 + 6 * (track.counters(runner, "runs")["life"])

    def test_beyond_what_can_wait_nobody_is_promised_anything(
        self, whole_app: FastAPI, till: Client, track: Track, runner: UUID
    ) -> None:
        till.post(PATH, json=event(runner))
        poster = whole_app.state.activity_poster
        poster.group = Grouping(track.database, whole_app.state.admission, poster._post_group, waiting_max=0)
        before = track.snapshot()
        answer = till.post(PATH, json=event(runner, 2))
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert int(answer.headers["retry-after"]) >= 1
        assert track.snapshot() == before


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


def test_kinds_that_may_be_reported_are_listed(till: Client) -> None:
    kinds = {each["kind"]: each for each in till.get(f"{PATH}/kinds").json()}
    assert kinds["track.run"]["properties"] == {"metres": "int", "route": "str", "night": "bool?", "friends": "list?"}
    assert "track.rest" not in kinds
