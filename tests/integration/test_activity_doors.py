"""Activities from outside: one CloudEvent a request, by many clients at once; each verdict is durable."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.http.grouping import Grouping
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.accounts import get_account
from support.http_client import Client
from support.people import PASSWORD
from support.till import BATCH, PATH, client, event, ndjson
from support.track import Track, rule

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


def test_kinds_that_may_be_reported_are_listed(till: Client) -> None:
    kinds = {each["kind"]: each for each in till.get(f"{PATH}/kinds").json()}
    assert kinds["track.run"]["properties"] == {"metres": "int", "route": "str", "night": "bool?", "friends": "list?"}
    assert "track.rest" not in kinds
