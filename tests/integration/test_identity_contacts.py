"""Address, number, password and closing over HTTP: proven before they count, refused without a trace."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from support.http_client import Client
from support.people import PASSWORD
from support.post import Post

PHONE = "+221771234567"
API = "/api/v1/identity"
NEW = "eleven loud sparrows"


def users(database: Database) -> list[tuple[Any, ...]]:
    """What a refusal must leave as it was."""
    with database.transaction() as session:
        session.execute(text("SELECT set_config('guerdon.acting_as', 'system', true)"))
        rows = session.execute(
            text(
                "SELECT u.email, u.phone, u.email_verified_at, u.phone_verified_at, u.deleted_at, c.changed_at"
                " FROM identity.users AS u LEFT JOIN identity.credentials AS c ON c.user_id = u.id ORDER BY u.id"
            )
        )
        return [tuple(row) for row in rows]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


class TestEmail:
    def test_a_new_address_counts_once_it_is_proven(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        person("eve")
        awa, eve = program("awa"), program("eve")
        before = users(database)
        asked = awa.post(f"{API}/contacts/email", json={"email": "new@example.org", "present_password": PASSWORD})
        assert asked.status_code == 202, asked.text
        token = post.token("identity.confirm_email")
        assert eve.post(f"{API}/contacts/email/confirm", json={"token": token}).status_code == 410
        assert users(database) == before
        shown = awa.post(f"{API}/contacts/email/confirm", json={"token": token})
        assert (shown.status_code, shown.json()["email"]) == (200, "new@example.org")
        assert shown.json()["email_verified_at"] is not None
        assert [letter.to for letter in post.letters("identity.email_changed")] == ["awa@example.org"]
        assert awa.post(f"{API}/contacts/email/confirm", json={"token": token}).status_code == 410
        assert awa.get(f"{API}/contacts").json() == shown.json()

    @pytest.mark.parametrize(
        ("change", "field"),
        [({"email": "nothing"}, "email"), ({"present_password": "no"}, "present_password")],
    )
    def test_what_is_refused_sends_and_changes_nothing(
        self,
        database: Database,
        person: Callable[..., User],
        program: Callable[..., Client],
        post: Post,
        change: dict[str, str],
        field: str,
    ) -> None:
        person("awa")
        awa, before = program("awa"), users(database)
        body = {"email": "new@example.org", "present_password": PASSWORD, **change}
        answer = awa.post(f"{API}/contacts/email", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert answer.headers["content-type"] == "application/problem+json"
        assert post.letters() == []
        assert users(database) == before

    def test_an_address_of_another_is_not_taken_over(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        person("eve")
        awa, before = program("awa"), users(database)
        body = {"email": "EVE@example.org", "present_password": PASSWORD}
        assert awa.post(f"{API}/contacts/email", json=body).status_code == 202
        token = post.token("identity.confirm_email")
        taken = awa.post(f"{API}/contacts/email/confirm", json={"token": token})
        assert taken.status_code in {409, 422}
        assert taken.json()["errors"][0]["code"] == "email-taken"
        assert users(database) == before

    def test_guessing_the_password_behind_an_open_session_is_limited(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        awa, before = program("awa"), users(database)
        body = {"present_password": "no", "new_password": NEW}
        answers = [awa.put(f"{API}/password", json=body).status_code for _ in range(11)]
        assert answers == [422] * 10 + [429]
        assert awa.put(f"{API}/password", json={**body, "present_password": PASSWORD}).status_code == 429
        assert users(database) == before


class TestPhone:
    def test_a_number_is_proven_by_a_code_and_belongs_to_one_account(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        person("eve")
        awa, eve = program("awa"), program("eve")
        for client in (awa, eve):
            body = {"phone": "77 123 45 67", "present_password": PASSWORD}
            assert client.post(f"{API}/contacts/phone", json=body).status_code == 202
        codes = [letter.body[:6] for letter in post.letters("identity.code")]
        before = users(database)
        for code in (wrong(codes[1]), codes[0]):
            refused = eve.post(f"{API}/contacts/phone/confirm", json={"phone": PHONE, "code": code})
            assert (refused.status_code, refused.json()["code"]) == (422, "code-wrong")
        assert users(database) == before
        done = awa.post(f"{API}/contacts/phone/confirm", json={"phone": PHONE, "code": codes[0]})
        assert (done.status_code, done.json()["phone"], done.json()["country_code"]) == (200, PHONE, "SN")
        assert done.json()["ways_in"] == ["password", "phone"]
        before = users(database)
        taken = eve.post(f"{API}/contacts/phone/confirm", json={"phone": PHONE, "code": codes[1]})
        assert taken.json()["errors"][0]["code"] == "phone-taken"
        assert users(database) == before

    def test_five_wrong_tries_use_a_code_up(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        awa, before = program("awa"), users(database)
        awa.post(f"{API}/contacts/phone", json={"phone": PHONE, "present_password": PASSWORD})
        code = post.code()
        for attempt in [wrong(code)] * 5 + [code]:
            answer = awa.post(f"{API}/contacts/phone/confirm", json={"phone": PHONE, "code": attempt})
            assert answer.status_code == 422
        assert users(database) == before

    def test_the_last_way_in_is_not_removed(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        awa = program("awa")
        awa.post(f"{API}/contacts/phone", json={"phone": PHONE, "present_password": PASSWORD})
        awa.post(f"{API}/contacts/phone/confirm", json={"phone": PHONE, "code": post.code()})
        with database.transaction() as session:
            session.execute(text("DELETE FROM identity.credentials"))
        before = users(database)
        refused = awa.request("DELETE", f"{API}/contacts/phone")
        assert (refused.status_code, refused.json()["code"]) == (409, "last-way-in")
        assert users(database) == before
        assert awa.put(f"{API}/password", json={"new_password": NEW}).status_code == 204  # the first one
        awa = program()
        body = {"email": "awa@example.org", "password": NEW}
        awa.bear(awa.post(f"{API}/tokens", json=body).json()["access_token"])
        assert awa.request("DELETE", f"{API}/contacts/phone").status_code == 204
        assert awa.get(f"{API}/contacts").json()["phone"] is None


class TestForgottenPassword:
    def test_a_code_replaces_it_and_signs_out_everywhere(
        self,
        database: Database,
        person: Callable[..., User],
        program: Callable[..., Client],
        browser: Callable[..., Client],
        post: Post,
    ) -> None:
        user = person("awa")
        with database.transaction() as session:
            session.execute(
                text("UPDATE identity.users SET phone = :phone WHERE id = :id"), {"phone": PHONE, "id": user.id}
            )
        there, anybody = browser("awa"), program()
        assert anybody.post(f"{API}/password-resets/phone/code", json={"phone": PHONE}).status_code == 202
        code, before = post.code(), users(database)
        path = f"{API}/password-resets/phone"
        weak = anybody.post(path, json={"phone": PHONE, "code": code, "new_password": "password12"})
        assert (weak.status_code, weak.json()["field"]) == (422, "new_password")
        bad = anybody.post(path, json={"phone": PHONE, "code": wrong(code), "new_password": NEW})
        assert (bad.status_code, bad.json()["code"]) == (422, "code-wrong")
        assert users(database) == before
        good = {"phone": PHONE, "code": code, "new_password": NEW}
        assert anybody.post(path, json=good).status_code == 204
        assert there.get("/account").status_code == 303
        body = {"email": "awa@example.org", "password": NEW}
        assert anybody.post(f"{API}/tokens", json=body).status_code == 200
        assert anybody.post(path, json=good).status_code == 422  # a code counts once

    def test_an_unknown_number_gets_the_same_answers(
        self, database: Database, program: Callable[..., Client], post: Post, clock: FixedClock
    ) -> None:
        anybody = program()
        assert anybody.post(f"{API}/password-resets/phone/code", json={"phone": PHONE}).status_code == 202
        body = {"phone": PHONE, "code": post.code(), "new_password": NEW}
        answer = anybody.post(f"{API}/password-resets/phone", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "code-wrong")
        assert users(database) == []
        answers = [
            anybody.post(f"{API}/password-resets/phone/code", json={"phone": PHONE}).status_code for _ in range(5)
        ]
        assert answers == [202] * 4 + [429]
        clock.move(timedelta(hours=1))
        assert anybody.post(f"{API}/password-resets/phone/code", json={"phone": PHONE}).status_code == 202


class TestClosing:
    def test_it_is_meant_and_frees_the_address(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        awa, before = program("awa"), users(database)
        for password, understood in (("no", True), (PASSWORD, False)):
            body = {"present_password": password, "understood": understood}
            assert awa.post(f"{API}/closing", json=body).status_code == 422
        assert users(database) == before
        assert awa.post(f"{API}/closing", json={"present_password": PASSWORD, "understood": True}).status_code == 204
        assert awa.get(f"{API}/me").status_code == 401
        person("awa")  # the address may sign up again
        assert len(users(database)) == 2


def test_machines_change_no_way_in(identity_app: FastAPI, person: Callable[..., User], database: Database) -> None:
    person("awa")
    client = Client(identity_app)
    body = {"email": "awa@example.org", "password": PASSWORD}
    client.bear(client.post(f"{API}/tokens", json=body).json()["access_token"])
    made = client.post(f"{API}/api-keys", json={"name": "Import", "scopes": ["identity:self"], "days": 9})
    client.bear(made.json()["key"])
    before = users(database)
    password = {"present_password": PASSWORD}
    for method, path, content in (
        ("POST", "contacts/email", {"email": "x@example.org", **password}),
        ("POST", "contacts/phone", {"phone": PHONE, **password}),
        ("DELETE", "contacts/phone", None),
        ("PUT", "password", {"new_password": NEW, **password}),
        ("POST", "closing", {"understood": True, **password}),
        ("POST", "linked-accounts/google/begin", {"redirect_uri": "app:/x"}),
        ("POST", "api-keys", {"name": "More", "scopes": ["identity:self"]}),
    ):
        answer = client.request(method, f"{API}/{path}", json=content)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-for-keys"), path
    assert users(database) == before
