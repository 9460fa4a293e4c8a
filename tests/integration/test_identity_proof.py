"""What is grave asks again who it is: roles, suspensions, keys. A forgotten screen or a stolen session won't do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.http.access import PROOF_AGE_MAX
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.people import PASSWORD

API = "/api/v1/identity"
LATE = PROOF_AGE_MAX + timedelta(seconds=1)


def state(database: Database) -> list[Any]:
    """Roles, suspensions and keys, and the audit log of them."""
    with database.transaction() as session:
        session.execute(text("SELECT set_config('guerdon.acting_as', 'system', true)"))
        return [
            session.execute(text(query)).all()
            for query in (
                "SELECT email, roles, is_active FROM identity.users ORDER BY id",
                "SELECT name FROM identity.api_keys ORDER BY id",
                "SELECT action FROM admin.audit_logs WHERE action ~ 'role|account_|api_key' ORDER BY id",
            )
        ]


class TestOverHttp:
    @pytest.mark.parametrize(
        ("method", "path", "options"),
        [
            ("PUT", "members/{id}/roles/staff", {"json": {"reason": "needed"}}),
            ("DELETE", "members/{id}/roles/staff", {"params": {"reason": "needed"}}),
            ("PUT", "members/{id}/suspension", {"json": {"reason": "needed"}}),
            ("DELETE", "members/{id}/suspension", {"params": {"reason": "needed"}}),
            ("POST", "api-keys", {"json": {"name": "Import", "scopes": ["identity:self"]}}),
        ],
    )
    def test_a_token_of_long_ago_or_of_a_refresh_is_not_enough(
        self,
        database: Database,
        clock: FixedClock,
        person: Callable[..., User],
        program: Callable[..., Client],
        method: str,
        path: str,
        options: dict[str, Any],
    ) -> None:
        person("boss", "admin")
        awa = person("awa")
        client = program()
        body = {"email": "boss@example.org", "password": PASSWORD}
        first = client.post(f"{API}/tokens", json=body).json()
        refreshed = client.post(f"{API}/tokens/refresh", json={"refresh_token": first["refresh_token"]}).json()
        address = f"{API}/{path.format(id=awa.id)}"
        before = state(database)
        refused = client.bear(refreshed["access_token"]).request(method, address, **options)
        assert (refused.status_code, refused.json()["code"]) == (401, "proof-needed")
        assert 'error="insufficient_user_authentication", max_age="600"' in refused.headers["www-authenticate"]
        client.bear(first["access_token"])
        clock.move(LATE)
        assert client.request(method, address, **options).json()["code"] == "proof-needed"
        assert client.get(f"{API}/members").status_code == 200  # what is not grave goes on
        assert state(database) == before
        again = client.post(f"{API}/tokens", json=body).json()
        assert client.bear(again["access_token"]).request(method, address, **options).status_code in {200, 201}

    def test_no_key_gives_roles_whatever_its_scopes(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        awa = person("awa")
        boss = program("boss")
        key = boss.post(f"{API}/api-keys", json={"name": "Robot", "scopes": ["identity:grant"]}).json()["key"]
        before = state(database)
        answer = boss.bear(key).put(f"{API}/members/{awa.id}/roles/staff", json={"reason": "needed"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-for-keys")
        assert state(database) == before

    def test_the_description_says_which_routes_ask_again(self, program: Callable[..., Client]) -> None:
        document = program().get("/api/v1/openapi.json").json()
        operation = document["paths"][f"{API}/members/{{user_id}}/roles/{{role}}"]["put"]
        assert operation["x-proof-age-max-s"] == 600
        assert "proof-needed" in str(operation["responses"]["401"])


class TestOnPages:
    def test_the_password_is_asked_for_and_a_forgotten_screen_gives_no_role(
        self, database: Database, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        awa = person("awa")
        page = f"/staff/members/{awa.id}"
        client = browser("boss")
        form = {"role": "staff", "decision": "grant", "reason": "joined the team"}
        token = client.form_token(page)
        assert 'name="reason"' in client.get(page).text
        clock.move(LATE)
        before = state(database)
        sent = client.post(f"{page}/roles", data={**form, "csrf_token": token}, headers={"referer": f"http://x{page}"})
        assert sent.status_code == 303
        assert sent.headers["location"] == f"/account/proof?next={page.replace('/', '%2F')}"
        shown = client.get(page).text
        assert 'name="reason"' not in shown
        assert sent.headers["location"] in shown
        wrong = client.submit("/account/proof", present_password="no", next=page)
        assert wrong.status_code == 422
        assert 'id="f-present_password-error"' in wrong.text
        assert client.submit(f"{page}/roles", on="/account", **form).status_code == 303
        assert state(database) == before
        old = dict(client.cookies)
        right = client.submit("/account/proof", present_password=PASSWORD, next=page)
        assert (right.status_code, right.headers["location"]) == (303, page)
        assert dict(client.cookies) != old  # under a new session
        assert client.submit(f"{page}/roles", on=page, **form).headers["location"] == page
        assert state(database) != before

    def test_the_old_session_ends_with_the_new_proof(
        self, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client, copy = browser("awa"), browser()
        for name, value in client.cookies.items():
            copy.cookies.set(name, value)
        assert copy.get("/account").status_code == 200
        client.submit("/account/proof", present_password=PASSWORD)
        assert copy.get("/account").status_code == 303
        assert client.get("/account").status_code == 200

    def test_nobody_is_led_off_the_site(self, person: Callable[..., User], browser: Callable[..., Client]) -> None:
        person("awa")
        client = browser("awa")
        for target in ("https://evil.example", "//evil.example"):
            done = client.submit("/account/proof", present_password=PASSWORD, next=target)
            assert done.headers["location"] == "/account"

    def test_guesses_are_limited(self, person: Callable[..., User], browser: Callable[..., Client]) -> None:
        person("awa")
        client = browser("awa")
        answers = [client.submit("/account/proof", present_password="no").status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]
        assert client.submit("/account/proof", present_password=PASSWORD).status_code == 429

    def test_who_has_no_password_signs_in_again(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        with database.transaction() as session:
            session.execute(text("DELETE FROM identity.credentials"))
        page = client.get("/account/proof?next=/account/keys")
        assert "Sign out, and in again" in page.text
        assert client.submit("/account/proof", present_password="").status_code == 422
        out = client.submit("/sign-out", on="/account/proof", next="/account/keys")
        assert out.headers["location"] == "/sign-in?next=%2Faccount%2Fkeys"

    def test_keys_are_made_after_a_proof(
        self, database: Database, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        clock.move(LATE)
        before = state(database)
        refused = client.submit("/account/keys", name="Import", scopes="identity:self", days="30")
        assert refused.status_code == 303
        assert state(database) == before
        assert "/account/proof?next=%2Faccount%2Fkeys" in client.get("/account/keys").text
        client.submit("/account/proof", present_password=PASSWORD)
        assert client.submit("/account/keys", name="Import", scopes="identity:self", days="30").status_code == 201


class TestSuspending:
    def test_it_ends_every_session_and_they_stay_ended(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        awa = person("awa")
        page, there, boss = f"/staff/members/{awa.id}", browser("awa"), browser("boss")
        mute = boss.submit(f"{page}/suspension", on=page, decision="suspend", why="")
        assert mute.status_code == 422
        assert there.get("/account").status_code == 200
        done = boss.submit(f"{page}/suspension", on=page, decision="suspend", why="stolen telephone")
        assert done.status_code == 303
        assert there.get("/account").status_code == 303
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 401
        assert boss.submit(f"{page}/suspension", on=page, decision="restore", why="found again").status_code == 303
        assert there.get("/account").status_code == 303
        assert browser("awa").get("/account").status_code == 200
        (_, _, actions) = state(database)
        assert [row[0] for row in actions][-2:] == ["identity.account_suspended", "identity.account_restored"]

    def test_not_of_who_stands_higher_nor_the_last(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("admin", "admin")
        boss = person("boss", "super_admin")
        before = state(database)
        path = f"{API}/members/{boss.id}/suspension"
        assert program("admin").put(path, json={"reason": "coup"}).status_code == 403
        assert program("boss").put(path, json={"reason": "tired"}).json()["code"] == "last-super-admin"
        assert state(database) == before
