"""What programs and machines come in with, and the sessions of staff: refresh tokens, keys, rotation, idle time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Cookies
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.errors import LastSuperAdminError, RoleNotYoursError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import closing, roles, sessions, signing_keys
from support.http_client import Client
from support.people import PASSWORD
from support.post import Post
from support.wire import tapped

TOKENS = "/api/v1/identity/tokens"
ME = "/api/v1/identity/me"
KEYS = "/api/v1/identity/api-keys"


def tokens_of(client: Client, name: str = "awa") -> dict[str, Any]:
    answer = client.post(TOKENS, json={"email": f"{name}@example.org", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


class TestRefreshTokens:
    def test_each_is_exchanged_once_and_only_hashes_are_kept(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        client = program()
        first = tokens_of(client)["refresh_token"]
        second = client.post(f"{TOKENS}/refresh", json={"refresh_token": first}).json()
        assert client.bear(second["access_token"]).get(ME).status_code == 200
        assert second["refresh_token"] != first
        with database.transaction() as session:
            kept = session.scalars(text("SELECT token_hash FROM identity.refresh_tokens")).all()
        assert len(kept) == 2
        assert not {first, second["refresh_token"]} & set(kept)

    def test_one_that_comes_back_ends_the_chain_and_tells_the_owner(
        self, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client = program()
        stolen = tokens_of(client)["refresh_token"]
        other_chain = tokens_of(client)["refresh_token"]
        second = client.post(f"{TOKENS}/refresh", json={"refresh_token": stolen}).json()["refresh_token"]
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": stolen}).status_code == 401
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": second}).status_code == 401
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": stolen}).status_code == 401
        assert [letter.to for letter in post.letters("identity.token_reused")] == ["awa@example.org"]
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": other_chain}).status_code == 200

    def test_two_at_once_get_one_answer(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        first = tokens_of(program())["refresh_token"]
        answers: list[int] = []

        def exchange() -> None:
            answers.append(program().post(f"{TOKENS}/refresh", json={"refresh_token": first}).status_code)

        threads = [threading.Thread(target=exchange) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [200, 401, 401, 401]
        with database.transaction() as session:
            living = session.scalar(text("SELECT count(*) FROM identity.refresh_tokens WHERE revoked_at IS NULL"))
        assert living == 0

    @pytest.mark.parametrize("token", ["", "gr_unknown", "x" * 200])
    def test_what_is_no_token_is_refused(self, program: Callable[..., Client], token: str) -> None:
        assert program().post(f"{TOKENS}/refresh", json={"refresh_token": token}).status_code == 401

    def test_it_ends_by_itself_when_revoked_and_with_the_account(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        client = program()
        revoked, late, closed = (tokens_of(client)["refresh_token"] for _ in range(3))
        assert client.post(f"{TOKENS}/revoke", json={"refresh_token": revoked}).status_code == 204
        assert client.post(f"{TOKENS}/revoke", json={"refresh_token": "unknown"}).status_code == 204
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": revoked}).status_code == 401
        with database.transaction() as session:
            closing.close_account(session, clock, awa.id, actor_id=awa.id, reason="a test")
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": closed}).status_code == 401
        person("badu")
        late = tokens_of(client, "badu")["refresh_token"]
        clock.move(timedelta(days=30))
        assert client.post(f"{TOKENS}/refresh", json={"refresh_token": late}).status_code == 401


class TestKeyRotation:
    def test_tokens_of_the_old_key_hold_until_they_end(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        old = program("awa")
        clock.move(timedelta(minutes=10))
        late = program("awa")
        with database.transaction() as session:
            assert signing_keys.rotate(session, clock) == 2
        new = program("awa")
        assert [each.get(ME).status_code for each in (old, late, new)] == [200, 200, 200]
        clock.move(timedelta(minutes=5))
        assert [each.get(ME).status_code for each in (old, late, new)] == [401, 200, 200]
        with database.transaction() as session:
            session.execute(
                text(
                    "UPDATE identity.signing_keys SET retired_at = retired_at - interval '1 hour' WHERE generation = 1"
                )
            )
        assert [each.get(ME).status_code for each in (late, new)] == [401, 200]

    def test_a_generation_that_never_was_is_refused(
        self, identity_app: FastAPI, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        for generation in (7, 10_000):
            token, _ = identity_app.state.access_tokens.issue(awa.id, clock, generation)
            assert program().bear(token).get(ME).status_code == 401


class TestOneRoundTrip:
    def test_a_request_with_a_token_asks_identity_once(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], tmp_path: Path
    ) -> None:
        person("awa", "staff")
        client = program("awa")
        with tapped(database, tmp_path) as wire:
            assert client.get(ME).status_code == 200
        assert len([each for each in wire.statements if "identity." in each]) == 1
        # Between beginning and end, the other one names the request and its user, for every policy and trigger.
        assert len(wire.statements) == wire.round_trips == 4


class TestApiKeys:
    def make(self, client: Client, *scopes: str, **changes: Any) -> Any:
        body = {"name": "Import", "scopes": list(scopes), "days": 30, **changes}
        return client.post(KEYS, json=body)

    def test_a_key_acts_within_its_scopes_and_is_shown_once(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa", "staff")
        owner = program("awa")
        made = self.make(owner, "identity:read")
        assert made.status_code == 201
        key = made.json()["key"]
        assert key.startswith(made.json()["prefix"] + "_")
        assert "key" not in owner.get(KEYS).json()[0]
        with database.transaction() as session:
            stored = session.execute(text("SELECT key_hash, prefix FROM identity.api_keys")).one()
        assert key not in stored
        machine = program().bear(key)
        assert machine.get("/api/v1/identity/members").status_code == 200
        assert machine.get("/api/v1/ledger/accounts").status_code in {403, 404}
        assert machine.get(ME).status_code == 403  # that needs identity:self
        assert machine.post("/api/v1/identity/members", json={"email": "x@example.org", "name": "X"}).status_code == 403
        assert owner.get(KEYS).json()[0]["last_used_at"] is not None
        assert post.letters("identity.api_key_created")

    def test_a_key_for_oneself_changes_no_way_in(
        self, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        made = self.make(program("awa"), "identity:self").json()
        machine = program().bear(made["key"])
        assert machine.get(ME).status_code == 200
        for answer in (
            machine.get(KEYS),
            self.make(machine, "identity:self"),
            machine.request("DELETE", f"{KEYS}/{made['id']}"),
            machine.request("DELETE", "/api/v1/identity/sessions"),
        ):
            assert answer.status_code == 403
            assert answer.json()["code"] == "not-for-keys"
        assert machine.get(ME).status_code == 200

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("scopes", {"scopes": []}),
            ("scopes", {"scopes": ["identity:grant"]}),
            ("scopes", {"scopes": ["no:such"]}),
            ("name", {"name": " "}),
            ("name", {"name": "x" * 81}),
            ("days", {"days": 0}),
            ("days", {"days": 367}),
        ],
    )
    def test_what_cannot_be_is_refused(
        self,
        database: Database,
        person: Callable[..., User],
        program: Callable[..., Client],
        field: str,
        changes: dict[str, Any],
    ) -> None:
        person("awa", "staff")
        answer = self.make(program("awa"), "identity:read", **changes)
        assert answer.status_code == 422
        assert field in answer.text
        with database.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM identity.api_keys")) == 0

    def test_it_ends_and_loses_what_its_owner_loses(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        awa = person("awa", "staff")
        owner = program("awa")
        first, second = (self.make(owner, "identity:read").json() for _ in range(2))
        machine, other = program().bear(first["key"]), program().bear(second["key"])
        assert owner.request("DELETE", f"{KEYS}/{first['id']}").status_code == 204
        assert owner.request("DELETE", f"{KEYS}/{first['id']}").status_code == 404
        assert machine.get("/api/v1/identity/members").status_code == 401
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET roles = '{user}' WHERE id = :id"), {"id": awa.id})
        assert other.get("/api/v1/identity/members").status_code == 403
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET roles = '{user,staff}' WHERE id = :id"), {"id": awa.id})
        assert other.get("/api/v1/identity/members").status_code == 200
        clock.move(timedelta(days=30))
        assert other.get("/api/v1/identity/members").status_code == 401

    def test_pages_make_and_revoke_keys(self, person: Callable[..., User], browser: Callable[..., Client]) -> None:
        person("awa")
        client = browser("awa")
        page = client.submit("/account/keys", name="Import", scopes="identity:self", days="30")
        assert page.status_code == 201
        assert "gk_" in page.text
        shown = client.get("/account/keys").text
        assert "Import" in shown
        key_id = shown.partition("/account/keys/")[2].partition("/revoke")[0]
        assert client.submit(f"/account/keys/{key_id}/revoke", on="/account/keys").status_code == 303
        assert "Import" not in client.get("/account/keys").text


class TestSessionsOfStaff:
    def rows(self, database: Database) -> list[Any]:
        query = "SELECT admin_level, is_suspicious, security_flags, termination_reason FROM identity.admin_sessions"
        with database.transaction() as session:
            return [tuple(row) for row in session.execute(text(f"{query} ORDER BY id"))]

    def test_they_end_when_idle_and_after_their_shorter_life(
        self, database: Database, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("badu", "staff")
        client = browser("badu")
        for _ in range(12):
            clock.move(timedelta(minutes=59))
            assert client.get("/staff/members").status_code == 200
        clock.move(timedelta(minutes=59))
        assert client.get("/staff/members").status_code == 303
        idle = browser("badu")
        clock.move(timedelta(hours=1))
        assert idle.get("/staff/members").status_code == 303
        with database.transaction() as session:
            assert sessions.end_idle(session, clock, timedelta(hours=1)) == 2
        assert [row[3] for row in self.rows(database)] == ["timeout", "timeout"]

    def test_what_is_granted_and_taken_counts_at_the_next_request(
        self, database: Database, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        client = browser("awa")
        assert client.get("/staff/members").status_code == 403
        assert self.rows(database) == []

        def change(act: Any, role: str) -> None:
            with database.transaction() as session:
                act(session, clock, user_id=awa.id, role=role, actor_id=None, reason="a test")

        change(roles.grant, "staff")
        assert client.get("/staff/members").status_code == 200
        assert client.get("/staff/audit").status_code == 403
        change(roles.grant, "super_admin")
        assert client.get("/staff/audit").status_code == 200
        person("badu", "super_admin")
        change(roles.revoke, "super_admin")
        assert client.get("/staff/audit").status_code == 403
        assert client.get("/staff/members").status_code == 200
        change(roles.revoke, "staff")
        assert client.get("/staff/members").status_code == 403
        assert client.get("/account").status_code == 200
        assert len(self.rows(database)) == 1

    def test_who_becomes_staff_has_a_session_of_staff_from_then_on(
        self, database: Database, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        watched, left = browser("awa"), browser("awa")
        with database.transaction() as session:
            roles.grant(session, clock, user_id=awa.id, role="staff", actor_id=None, reason="a test")
        for client in (watched, left):
            assert client.get("/account").status_code == 200
        for _ in range(13):
            assert watched.get("/staff/members").status_code == 200
            clock.move(timedelta(minutes=55))
        assert left.get("/account").status_code == 303  # idle for an hour
        clock.move(timedelta(minutes=5))
        assert watched.get("/account").status_code == 303  # twelve hours since

    def test_requests_at_once_make_one_session_of_staff(
        self,
        database: Database,
        clock: FixedClock,
        identity_app: FastAPI,
        person: Callable[..., User],
        browser: Callable[..., Client],
    ) -> None:
        awa = person("awa")
        signed_in = browser("awa")
        with database.transaction() as session:
            roles.grant(session, clock, user_id=awa.id, role="staff", actor_id=None, reason="a test")
        statuses: list[int] = []

        def look() -> None:
            client = Client(identity_app, page=True)
            client.cookies = Cookies(signed_in.cookies)
            statuses.append(client.get("/staff/members").status_code)

        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 6
        assert len(self.rows(database)) == 1

    def test_what_is_odd_is_marked_and_told(
        self,
        database: Database,
        identity_app: FastAPI,
        person: Callable[..., User],
        browser: Callable[..., Client],
        post: Post,
    ) -> None:
        person("badu", "super_admin")
        browser("badu")
        browser("badu")
        assert post.letters("identity.new_device") == []
        stranger = browser(address="198.51.100.9")
        for _ in range(5):
            stranger.submit("/sign-in", email="badu@example.org", password="wrong password")
        assert stranger.submit("/sign-in", email="badu@example.org", password=PASSWORD).status_code == 303
        first, second, third = self.rows(database)
        assert first[:3] == second[:3] == ("super", False, {})
        assert third[:3] == ("super", True, {"new_address": True, "failures": 5})
        assert [letter.to for letter in post.letters("identity.new_device")] == ["badu@example.org"]

    def test_signing_out_says_why_and_administrators_end_them(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("badu", "staff")
        person("root", "super_admin")
        person("adm", "admin")
        client, root, adm = browser("badu"), browser("root"), browser("adm")
        page = adm.get("/staff/sessions").text
        assert "Badu" in page
        with database.transaction() as session:
            ids = dict(
                session.execute(
                    text("SELECT u.name, a.id FROM identity.admin_sessions a JOIN identity.users u ON u.id = a.user_id")
                ).all()
            )
        refused = adm.submit(f"/staff/sessions/{ids['Root']}/end", on="/staff/sessions")
        assert refused.status_code == 403
        assert root.get("/staff/members").status_code == 200
        assert adm.submit(f"/staff/sessions/{ids['Badu']}/end", on="/staff/sessions").status_code == 303
        assert client.get("/account").status_code == 303
        root.submit("/sign-out", on="/account")
        assert sorted(str(row[3]) for row in self.rows(database)) == ["None", "logout", "revoked"]


class TestLastSuperAdministrator:
    def test_two_who_remove_each_other_at_once_do_not_both_succeed(
        self, database: Database, clock: FixedClock, person: Callable[..., User]
    ) -> None:
        first, second = person("first", "super_admin"), person("second", "super_admin")
        barrier = threading.Barrier(2)
        outcomes: list[str] = []

        def remove(actor: User, victim: User) -> None:
            try:
                with database.transaction() as session:
                    session.execute(text("SELECT 1"))
                    barrier.wait(10)
                    roles.revoke(
                        session, clock, user_id=victim.id, role="super_admin", actor_id=actor.id, reason="a test"
                    )
                outcomes.append("done")
            except (LastSuperAdminError, RoleNotYoursError):
                outcomes.append("refused")

        threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["done", "refused"]
        with database.transaction() as session:
            left = session.scalar(text("SELECT count(*) FROM identity.users WHERE 'super_admin' = ANY(roles)"))
        assert left == 1
