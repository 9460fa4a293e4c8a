"""Bad requests, forged ones and too many of them, against an application on a real database."""

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.http.access import public
from guerdon.http.errors import RateLimitedError
from guerdon.http.limits import RateLimit, spend, spent
from guerdon.http.transaction import SessionDep
from guerdon.kernel.identity.models import User
from support.chromium import serving
from support.http_client import CSRF_FIELD, Client, is_problem
from support.people import PASSWORD, make_app

TOKENS = "/api/v1/identity/tokens"


class TestBadRequests:
    @pytest.mark.parametrize(
        ("content", "content_type", "status"),
        [
            (b"{", "application/json", 422),
            (b"{\xff}", "application/json", 400),
            (b"[]", "application/json", 422),
            (b"null", "application/json", 422),
            (b"[" * 100_000, "application/json", 400),
            (b"1" * 10_000, "application/json", 400),
            (b'{"email": "a"}', "text/plain", 415),
            (b"email=a", "application/x-www-form-urlencoded", 415),
            (b"", "application/json", 422),
            (b'{"email": "a\\u0000b", "password": "x"}', "application/json", 422),
            (b'{"email": "\\ud800", "password": "x"}', "application/json", 422),
            (b'{"email": "a", "password": "x", "\\ud800": 1}', "application/json", 422),
            (b'{"email": 5, "password": {}}', "application/json", 422),
            (b'{"x": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
        ],
    )
    def test_a_bad_body_is_a_problem(
        self, program: Callable[..., Client], content: bytes, content_type: str, status: int
    ) -> None:
        is_problem(program().post(TOKENS, content=content, headers={"content-type": content_type}), status)

    def test_an_unannounced_huge_body_is_refused_too(self, program: Callable[..., Client]) -> None:
        async def chunks() -> Any:
            for _ in range(40):
                yield b"x" * 65_536

        answer = program().post(TOKENS, content=chunks(), headers={"content-type": "application/json"})
        is_problem(answer, 413, "body-too-large")

    def test_a_compressed_body_is_refused_as_such(self, program: Callable[..., Client]) -> None:
        body = b'{"email": "a@example.org", "password": "x"}'
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        answer = program().post(TOKENS, content=gzip.compress(body), headers=headers)
        is_problem(answer, 415, "unsupported-encoding")
        assert answer.headers["accept-encoding"] == "identity"
        plain = program().post(TOKENS, content=body, headers=headers | {"content-encoding": "identity"})
        is_problem(plain, 401)

    def test_an_oversized_head_is_refused_and_a_large_one_is_read(self, identity_app: FastAPI) -> None:
        def send(head_bytes: int) -> tuple[int, bool]:
            """The status for a cookie of that size, and whether all of it was taken."""
            with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as line:
                line.sendall(b"GET /api/v1/identity/me HTTP/1.1\r\nHost: localhost\r\nCookie: guerdon_session=")
                try:
                    for _ in range(head_bytes // 1024):
                        line.sendall(b"x" * 1024)
                    line.sendall(b"\r\n\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    return 0, False
                with contextlib.suppress(ConnectionResetError):
                    return int(line.recv(64).split()[1]), True
                return 0, False

        with serving(identity_app) as address:
            place = urlsplit(address)
            assert send(12 * 1024) == (401, True)
            assert send(4 * 1024 * 1024) in {(400, True), (0, False)}
            assert send(1024) == (401, True)

    def test_addresses(
        self, identity_app: FastAPI, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        client = program("boss")
        is_problem(client.get("/api/v1/nothing"), 404, "route-not-found")
        lost = Client(identity_app, page=True).get("/nothing")
        assert lost.status_code == 404
        assert "begin at the start page" in lost.text
        assert "openapi" not in lost.text
        is_problem(client.get(TOKENS), 405, "method-not-allowed")
        is_problem(client.get("/api/v1/identity/members?q=%00"), 400, "malformed-request")
        is_problem(client.get("/api/v1/%00"), 400, "malformed-request")
        is_problem(client.get("/api/v1/identity/members?cursor=garbage"), 422, "cursor-invalid")
        is_problem(client.get("/api/v1/identity/members?limit=0"), 422)
        is_problem(client.request("DELETE", "/api/v1/identity/sessions/not-a-uuid"), 422)

    def test_behind_a_proxy_that_ends_tls_everything_stays_on_https(
        self, database: Database, clock: FixedClock, tmp_path: Path
    ) -> None:
        app = make_app(database, clock, data_dir=tmp_path, public_url="https://rewards.example.org")
        browser = Client(app, page=True)
        moved = browser.get("/sign-in/", headers={"host": "rewards.example.org"})
        assert (moved.status_code, moved.headers["location"]) == (307, "https://rewards.example.org/sign-in")
        page = browser.get("/sign-in")
        found = CSRF_FIELD.search(page.text)
        assert found
        mark = {"cookie": page.headers["set-cookie"].partition(";")[0]}  # a browser keeps it, over https
        chosen = browser.post("/preferences/theme", data={"theme": "dark", "csrf_token": found[1]}, headers=mark)
        assert chosen.status_code == 303, chosen.text
        assert "; Secure" in chosen.headers["set-cookie"]

    def test_pages_are_compressed_for_whom_it_helps_and_answers_of_the_api_never(
        self, program: Callable[..., Client]
    ) -> None:
        client = program()
        zipped, plain = {"accept-encoding": "gzip"}, {"accept-encoding": "identity"}
        page, same = (client.get("/sign-in", headers=given) for given in (zipped, plain))
        assert page.headers["content-encoding"] == "gzip"
        assert int(page.headers["content-length"]) < len(page.content) / 2
        assert "content-encoding" not in same.headers
        assert int(same.headers["content-length"]) == len(same.content)
        assert len(page.content) == len(same.content)
        assert "</html>" in page.text
        for answer in (page, same):
            assert "accept-encoding" in answer.headers["vary"].lower()
        head = client.request("HEAD", "/sign-in", headers=zipped)
        assert (head.headers["content-encoding"], head.content) == ("gzip", b"")
        api = client.get("/api/v1/openapi.json", headers=zipped)
        assert api.status_code == 200
        assert "content-encoding" not in api.headers

    def test_a_wrong_method_is_told_every_right_one(self, program: Callable[..., Client]) -> None:
        client = program()
        assert client.get(TOKENS).headers["allow"] == "POST"
        assert client.request("PATCH", "/api/v1/identity/profile").headers["allow"] == "GET, HEAD, PUT"
        assert client.request("OPTIONS", "/api/v1/identity/addresses").headers["allow"] == "GET, HEAD, POST"
        assert client.request("HEAD", TOKENS).status_code == 405

    @pytest.mark.parametrize("path", ["/healthz", "/sign-in", "/api/v1/identity/me", "/nothing"])
    def test_head_is_answered_like_get_without_a_body(self, program: Callable[..., Client], path: str) -> None:
        client = program()
        got, headed = client.get(path), client.request("HEAD", path)
        assert headed.status_code == got.status_code
        assert headed.content == b""
        varying = {"x-request-id", "set-cookie", "content-length"}
        assert {*headed.headers.items()} - {*got.headers.items()} <= {
            (name, value) for name, value in headed.headers.items() if name in varying
        }
        assert int(headed.headers["content-length"]) > 0

    def test_a_mistyped_address_is_a_page_that_is_not_there(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        page = browser("boss").get("/staff/members/nobody")
        assert page.status_code == 404
        assert "<html" in page.text

    def test_a_crash_tells_nothing(self, identity_app: FastAPI) -> None:
        @identity_app.get("/api/crash")
        def crash(_open: Annotated[None, Depends(public(identify=False))]) -> None:
            raise RuntimeError("secret detail")

        answer = Client(identity_app).get("/api/crash")
        is_problem(answer, 500, "internal-error")
        assert "secret detail" not in answer.text

    @pytest.mark.parametrize(
        ("expression", "code"),
        [
            ("2147483647 + CAST(:given AS integer)", "value-not-storable"),
            (
                "CAST('294276-12-31' AS timestamptz) + make_interval(years => CAST(:given AS integer))",
                "value-not-storable",
            ),
            ("convert_from(decode('ff', 'hex'), 'UTF8') || :given", "text-not-storable"),
        ],
    )
    def test_what_the_database_alone_refuses_is_told_for_what_it_is(
        self, identity_app: FastAPI, expression: str, code: str
    ) -> None:
        @identity_app.get("/api/v1/beyond", dependencies=[Depends(public())])
        def beyond(session: SessionDep, given: str = "1") -> str:
            return str(session.execute(text(f"SELECT {expression}"), {"given": given}).scalar_one())

        is_problem(Client(identity_app).get("/api/v1/beyond"), 422, code)

    def test_every_answer_carries_the_security_headers(self, browser: Callable[..., Client]) -> None:
        for path in ("/sign-in", "/api/v1/nothing", "/nothing", "/healthz"):
            headers = browser().get(path).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe-inline" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-request-id"]


class TestWhoseErrorPage:
    @pytest.fixture
    def french(self, person: Callable[..., User], browser: Callable[..., Client]) -> Client:
        """Somebody who has chosen French, in a browser that asks for English."""
        person("awa", "admin")
        client = browser("awa")
        answer = client.submit("/account", name="Awa", locale="fr", time_zone="UTC")
        assert answer.status_code == 303, answer.text
        client.headers["accept-language"] = "en"
        return client

    @pytest.mark.parametrize(
        ("method", "path", "options", "status"),
        [
            ("GET", "/nothing", {}, 404),
            ("GET", "/staff/members/nobody", {}, 404),
            ("DELETE", "/account", {}, 405),
            ("POST", "/account", {"data": {"csrf_token": "forged"}}, 403),
            ("POST", "/account", {"content": b"x" * 1_100_000}, 413),
            ("GET", "/account?q=%00", {}, 400),
        ],
    )
    def test_it_is_in_the_language_of_who_is_signed_in(
        self, french: Client, method: str, path: str, options: dict[str, Any], status: int
    ) -> None:
        page = french.request(method, path, **options)
        assert page.status_code == status, page.text
        assert '<html lang="fr"' in page.text
        assert "Awa" in page.text

    def test_the_forms_on_it_work(self, french: Client) -> None:
        page = french.post("/account", content=b"x" * 1_100_000)
        token = CSRF_FIELD.search(page.text)
        assert token is not None
        left = french.post("/sign-out", data={"csrf_token": token[1]})
        assert left.status_code == 303, left.text

    def test_of_a_session_that_has_ended_it_is_the_browsers_language(self, clock: FixedClock, french: Client) -> None:
        clock.move(timedelta(days=15))
        page = french.get("/nothing")
        assert page.status_code == 404
        assert '<html lang="en"' in page.text
        assert "Awa" not in page.text

    def test_it_is_shown_where_nobody_can_be_looked_up(self, identity_app: FastAPI, french: Client) -> None:
        def broken(_request: object, _session: object) -> None:
            raise OperationalError("SELECT", {}, Exception("gone"))

        identity_app.state.authenticate = broken
        page = french.get("/nothing")
        assert page.status_code == 404
        assert '<html lang="en"' in page.text


class TestCsrf:
    @pytest.mark.parametrize("token", [None, "", "0" * 64, "é"])
    def test_a_form_without_the_right_token_changes_nothing(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], token: str | None
    ) -> None:
        person("awa")
        client = browser("awa")
        fields = {"name": "Changed", "locale": "en", "time_zone": "UTC"}
        answer = client.post("/account", data=fields | ({"csrf_token": token} if token is not None else {}))
        assert answer.status_code == 403
        with database.transaction() as session:
            assert session.execute(text("SELECT name FROM identity.users")).scalar() == "Awa"

    def test_the_token_of_somebody_else_is_none(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        person("badu")
        stolen = browser("badu").form_token("/account")
        answer = browser("awa").post("/account/sessions/end", data={"csrf_token": stolen})
        assert answer.status_code == 403

    def test_no_two_pages_carry_the_same_token_and_each_serves(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        tokens = [client.form_token("/account") for _ in range(2)]
        salts, digests = zip(*(token.split(".") for token in tokens), strict=True)
        assert len(set(salts)) == len(set(digests)) == 2
        crossed = client.post("/preferences/theme", data={"theme": "dark", "csrf_token": f"{salts[0]}.{digests[1]}"})
        assert crossed.status_code == 403
        for token in tokens:
            assert client.post("/preferences/theme", data={"theme": "dark", "csrf_token": token}).status_code == 303

    def test_the_api_with_a_cookie_needs_the_token_in_a_header(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        client = browser("boss")
        body = {"email": "new@example.org", "name": "New"}
        assert client.post("/api/v1/identity/members", json=body).status_code == 403
        token = client.form_token("/account")
        good = client.post("/api/v1/identity/members", json=body, headers={"x-csrf-token": token})
        assert good.status_code == 201
        again = {"email": "other@example.org", "name": "Other"}
        elsewhere = {"x-csrf-token": token, "origin": "https://evil.example"}
        assert client.post("/api/v1/identity/members", json=again, headers=elsewhere).status_code == 403

    def test_a_header_excuses_from_the_token_but_not_from_proof(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        for header in ("Basic eDp5", "Bearer nonsense", "Bearer ", "x"):
            answer = browser("boss").post(
                "/api/v1/identity/members",
                json={"email": "n@example.org", "name": "N"},
                headers={"authorization": header},
            )
            is_problem(answer, 401, "access-token-invalid")


class TestSignInLimits:
    def attempt(self, client: Client, email: str, **headers: str) -> int:
        body = {"email": email, "password": "wrong password"}
        return int(client.post(TOKENS, json=body, headers=headers).status_code)

    def test_they_hold_across_two_instances_and_in_spite_of_forged_addresses(
        self, database: Database, clock: FixedClock, person: Callable[..., User], tmp_path: Path
    ) -> None:
        person("awa")
        apps = [make_app(database, clock, data_dir=tmp_path) for _ in range(2)]
        answers = [
            self.attempt(
                Client(apps[number % 2], address=f"203.0.113.{number}"),
                "awa@example.org" if number % 3 else "AWA@example.org",
                **{"x-forwarded-for": f"198.51.100.{number}"},
            )
            for number in range(12)
        ]
        assert answers == [401] * 10 + [429] * 2
        body = {"email": "awa@example.org", "password": PASSWORD}
        locked = Client(apps[0]).post(TOKENS, json=body)
        is_problem(locked, 429, "rate-limited")
        clock.move(timedelta(seconds=int(locked.headers["retry-after"])))
        assert Client(apps[1]).post(TOKENS, json=body).status_code == 200
        assert self.attempt(Client(apps[0]), "awa@example.org") == 401

    def test_one_address_cannot_try_many_accounts(self, identity_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        from guerdon.kernel.identity.service import signing

        monkeypatch.setattr(signing, "SIGN_IN_BY_ADDRESS", RateLimit("sign-in-address", 5, timedelta(minutes=5)))
        client = Client(identity_app)
        answers = [
            self.attempt(client, f"m{number}@example.org", **{"x-forwarded-for": f"198.51.100.{number}"})
            for number in range(7)
        ]
        assert answers == [401] * 5 + [429] * 2
        assert self.attempt(Client(identity_app, address="203.0.113.99"), "m1@example.org") == 401

    def test_parallel_attempts_pass_exactly_as_many_as_allowed(self, database: Database, clock: FixedClock) -> None:
        limit = RateLimit("parallel", 7, timedelta(minutes=1))
        passed: list[int] = []

        def attempt() -> None:
            with contextlib.suppress(RateLimitedError):
                spend(database, clock, limit, "somebody")
                passed.append(1)

        threads = [threading.Thread(target=attempt) for _ in range(14)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(passed) == 7

    def test_nobody_is_kept_out_for_as_long_as_the_clock_had_run_ahead(
        self, database: Database, clock: FixedClock
    ) -> None:
        limit = RateLimit("ahead", 3, timedelta(minutes=10))

        def passes() -> int:
            passed = 0
            for _ in range(4):
                with contextlib.suppress(RateLimitedError):
                    spend(database, clock, limit, "somebody")
                    passed += 1
            return passed

        clock.move(timedelta(days=1))
        assert passes() == 3
        clock.move(-timedelta(minutes=20))
        assert passes() == 0
        clock.move(timedelta(minutes=20) - timedelta(days=1))
        with database.transaction() as session:
            assert spent(session, clock, limit, "somebody") == 0
        assert passes() == 3
        with database.transaction() as session:
            assert spent(session, clock, limit, "somebody") == 3


class TestHealth:
    def test_alive_ready_and_measured(self, identity_app: FastAPI) -> None:
        client = Client(identity_app, address="127.0.0.1")
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready", "checks": {"database": "ok"}}
        client.get("/api/v1/identity/sessions/0198c0de-0000-7000-8000-000000000000")
        shown = client.get("/metrics").text
        assert 'guerdon_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in shown
        assert 'route="/api/v1/identity/sessions/{session_id}"' in shown
        assert 'guerdon_database_connections{state="capacity"}' in shown
        assert "0198c0de" not in shown

    def test_not_ready_says_what_is_missing(self, identity_app: FastAPI) -> None:
        identity_app.state.readiness = {"migrations": lambda: False}
        answer = Client(identity_app).get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"database": "ok", "migrations": "failing"}

    def test_metrics_are_for_this_machine(self, identity_app: FastAPI) -> None:
        is_problem(Client(identity_app).get("/metrics"), 403)
        forged = Client(identity_app).get("/metrics", headers={"x-forwarded-for": "127.0.0.1"})
        is_problem(forged, 403)

    def test_the_description_is_openapi_with_problems_everywhere(self, identity_app: FastAPI) -> None:
        document = Client(identity_app).get("/api/v1/openapi.json").json()
        assert document["openapi"] == "3.1.0"
        assert "HTTPValidationError" not in str(document)
        for path, item in document["paths"].items():
            assert path.startswith("/api/")
            for operation in item.values():
                assert "application/problem+json" in operation["responses"]["422"]["content"]
                assert "503" in operation["responses"]
        grant = document["paths"]["/api/v1/identity/members/{user_id}/roles/{role}"]["put"]
        assert grant["security"] == [{"token": []}, {"session": []}]
        assert grant["x-permission"] == "identity:grant"
