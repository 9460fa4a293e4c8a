"""Signing in and out, sessions, one's own account: in pages and over the API."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.people import PASSWORD

SESSION = "guerdon_session"


def live_sessions(database: Database) -> int:
    with database.transaction() as session:
        return int(
            session.execute(text("SELECT count(*) FROM identity.user_sessions WHERE NOT is_revoked")).scalar_one()
        )


class TestSignInPage:
    def test_the_right_password_opens_a_session_and_leads_on(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser()
        answer = client.submit("/sign-in", email="AWA@Example.ORG ", password=PASSWORD, next="/account")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/account"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        page = client.get("/account")
        assert page.status_code == 200
        assert "awa@example.org" in page.text
        assert live_sessions(database) == 1

    @pytest.mark.parametrize(
        ("email", "password"), [("awa@example.org", "wrong password"), ("nobody@example.org", PASSWORD), ("", "")]
    )
    def test_a_refused_sign_in_creates_no_session(
        self,
        database: Database,
        person: Callable[..., User],
        browser: Callable[..., Client],
        email: str,
        password: str,
    ) -> None:
        person("awa")
        client = browser()
        answer = client.submit("/sign-in", email=email, password=password)
        assert answer.status_code == 401
        assert "do not match an account" in answer.text
        assert SESSION not in client.cookies
        assert live_sessions(database) == 0
        assert client.get("/account").headers["location"] == "/sign-in?next=%2Faccount"

    def test_a_suspended_account_is_refused_and_its_sessions_end(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        client = browser("awa")
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET is_active = false WHERE id = :id"), {"id": awa.id})
        assert client.get("/account").status_code == 303
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 401

    def test_signing_in_changes_the_token_and_ends_the_old_session(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        old = client.cookies[SESSION]
        # Whoever is signed in sees no form, so the second sign-in comes with the token of another page.
        answer = client.post(
            "/sign-in",
            data={"email": "awa@example.org", "password": PASSWORD, "csrf_token": client.form_token("/account")},
        )
        assert answer.status_code == 303
        assert client.cookies[SESSION] != old
        assert live_sessions(database) == 1
        stale = browser()
        stale.cookies.set(SESSION, old)
        assert stale.get("/account").status_code == 303

    def test_a_token_that_an_attacker_planted_is_not_adopted(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser()
        client.cookies.set(SESSION, "planted-by-somebody-else", domain="127.0.0.1", path="/")
        answer = client.submit("/sign-in", email="awa@example.org", password=PASSWORD)
        assert answer.status_code == 303
        fresh = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        assert fresh != "planted-by-somebody-else"

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
    def test_nobody_is_led_off_the_site(
        self, person: Callable[..., User], browser: Callable[..., Client], target: str
    ) -> None:
        person("awa")
        answer = browser().submit("/sign-in", email="awa@example.org", password=PASSWORD, next=target)
        assert answer.headers["location"] == "/"

    def test_signing_out_ends_the_session(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        token = client.cookies[SESSION]
        assert client.submit("/sign-out", on="/account").status_code == 303
        assert SESSION not in client.cookies
        assert live_sessions(database) == 0
        client.cookies.set(SESSION, token)
        assert client.get("/account").status_code == 303

    def test_a_session_ends_by_itself(
        self, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        clock.move(timedelta(days=14) - timedelta(seconds=1))
        assert client.get("/account").status_code == 200
        clock.move(timedelta(seconds=1))
        assert client.get("/account").status_code == 303


class TestSignUp:
    def test_every_field_at_fault_is_named_and_nothing_is_written(
        self, database: Database, browser: Callable[..., Client]
    ) -> None:
        answer = browser().submit("/sign-up", name=" ", email="awa", password="short")
        assert answer.status_code == 422
        for field in ("name", "email", "password"):
            assert f'id="f-{field}-error"' in answer.text
        with database.transaction() as session:
            assert session.execute(text("SELECT count(*) FROM identity.users")).scalar() == 0


class TestOwnAccount:
    def test_name_language_and_zone(self, person: Callable[..., User], browser: Callable[..., Client]) -> None:
        person("awa")
        client = browser("awa")
        answer = client.submit("/account", name="Awa D", locale="fr", time_zone="Africa/Dakar")
        assert answer.status_code == 303
        page = client.get("/account")
        assert 'lang="fr"' in page.text
        assert "Votre compte" in page.text

    def test_refused_changes_change_nothing(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        answer = browser("awa").submit("/account", name="Awa D", locale="tlh", time_zone="Mars/Olympus")
        assert answer.status_code == 422
        assert 'id="f-locale-error"' in answer.text
        assert 'id="f-time_zone-error"' in answer.text
        with database.transaction() as session:
            assert session.execute(text("SELECT name, locale FROM identity.users")).one() == ("Awa", "en")

    def test_a_new_password_signs_other_devices_out(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        here, there = browser("awa"), browser("awa")
        assert live_sessions(database) == 2
        wrong = here.submit("/account/password", on="/account", present_password="no", new_password="nine loud geese")
        assert wrong.status_code == 422
        assert there.get("/account").status_code == 200
        done = here.submit(
            "/account/password", on="/account", present_password=PASSWORD, new_password="nine loud geese"
        )
        assert done.status_code == 303
        assert here.get("/account").status_code == 200
        assert there.get("/account").status_code == 303
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 401
        fresh = browser().submit("/sign-in", email="awa@example.org", password="nine loud geese")
        assert fresh.status_code == 303

    def test_devices_can_be_signed_out_but_only_ones_own(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        awa, _ = person("awa"), person("badu")
        here, there, other = browser("awa"), browser("awa"), browser("badu")
        with database.transaction() as session:
            ids = session.execute(
                text("SELECT id FROM identity.user_sessions WHERE user_id = :id ORDER BY id"), {"id": awa.id}
            ).scalars()
            first, second = ids.all()
        stolen = other.submit(f"/account/sessions/{second}/end", on="/account")
        assert stolen.status_code == 404
        assert there.get("/account").status_code == 200
        assert here.submit(f"/account/sessions/{second}/end", on="/account").status_code == 303
        assert there.get("/account").status_code == 303
        assert first
        third = browser("awa")
        assert here.submit("/account/sessions/end", on="/account").status_code == 303
        assert third.get("/account").status_code == 303
        assert here.get("/account").status_code == 200
        assert other.get("/account").status_code == 200


class TestTokensApi:
    def test_a_token_opens_the_api(self, person: Callable[..., User], program: Callable[..., Client]) -> None:
        awa = person("awa", "staff")
        me = program("awa").get("/api/v1/identity/me")
        assert me.status_code == 200
        assert me.json()["user_id"] == str(awa.id)
        assert me.json()["roles"] == ["staff", "user"]
        assert "identity:read" in me.json()["permissions"]

    def test_a_wrong_password_gives_a_problem(
        self, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        body = {"email": "awa@example.org", "password": "wrong password"}
        answer = program().post("/api/v1/identity/tokens", json=body, headers={"accept-language": "fr"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "sign-in-refused"
        assert answer.json()["type"] == "urn:guerdon:problem:sign-in-refused"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert "mot de passe" in answer.json()["detail"]

    def test_a_closed_account_loses_its_tokens_at_once(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        client = program("awa")
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET is_active = false WHERE id = :id"), {"id": awa.id})
        assert client.get("/api/v1/identity/me").status_code == 401


class TestStorage:
    def test_the_application_cannot_list_password_hashes(
        self, database: Database, app_dsn: str, person: Callable[..., User]
    ) -> None:
        awa = person("awa")
        with psycopg.connect(app_dsn) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute("SELECT password_hash FROM identity.credentials")
        with psycopg.connect(app_dsn) as connection:
            row = connection.execute("SELECT identity.password_hash(%s)", (awa.id,)).fetchone()
        assert row is not None
        assert row[0].startswith("$argon2id$")

    def test_session_tokens_are_kept_as_hashes(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        token = browser("awa").cookies[SESSION]
        with database.transaction() as session:
            stored = session.execute(text("SELECT token_hash FROM identity.user_sessions")).scalar_one()
        assert token not in stored
        assert len(stored) == 64

    def test_accounts_cannot_be_deleted(self, app_dsn: str, person: Callable[..., User]) -> None:
        person("awa")
        with psycopg.connect(app_dsn) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute("DELETE FROM identity.users")
