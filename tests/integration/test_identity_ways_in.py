"""Signing up by mail, signing in by telephone, forgotten passwords, changing address and number, closing."""

from collections.abc import Callable
from datetime import timedelta

import bcrypt
import pytest
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.accounts import store_hash
from support.http_client import Client
from support.people import PASSWORD
from support.post import Post

PHONE = "+221771234567"


def count(database: Database, relation: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {relation}")).scalar_one())


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


class TestSignUp:
    def sign_up(self, client: Client, email: str = "Awa@Example.org") -> None:
        answer = client.submit("/sign-up", name="Awa  Diop", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/sign-up/sent"

    def test_the_link_and_the_password_open_the_account(
        self, database: Database, browser: Callable[..., Client], post: Post
    ) -> None:
        client = browser()
        self.sign_up(client)
        assert count(database, "identity.users") == 0
        token = post.token("identity.sign_up")
        page = f"/sign-up/confirm?token={token}"
        assert "Awa@example.org" in client.get(page).text
        refused = client.submit("/sign-up/confirm", on=page, token=token, password="three loud geese")
        assert refused.status_code == 422
        assert count(database, "identity.users") == 0
        done = client.submit("/sign-up/confirm", on=page, token=token, password=PASSWORD)
        assert done.status_code == 303
        assert "Awa Diop" in client.get("/account").text
        with database.transaction() as session:
            row = session.execute(
                text("SELECT email, name, roles, email_verified_at IS NOT NULL FROM identity.users")
            ).one()
        assert tuple(row) == ("Awa@example.org", "Awa Diop", ["user"], True)
        assert client.get(page).status_code == 410
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 303

    def test_the_answer_does_not_tell_who_has_an_account_but_the_mail_does(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        known = browser().submit("/sign-up", name="Eve", email="AWA@example.org", password="three loud geese")
        unknown = browser().submit("/sign-up", name="Eve", email="eve@example.org", password="three loud geese")
        assert (known.status_code, known.headers["location"]) == (unknown.status_code, unknown.headers["location"])
        post.work()
        # The worker answers them side by side, in no order.
        assert sorted((letter.to, "token=" in letter.body) for letter in post.letters("identity.")) == [
            ("awa@example.org", False),
            ("eve@example.org", True),
        ]
        assert browser().submit("/sign-in", email="awa@example.org", password="three loud geese").status_code == 401
        assert count(database, "identity.users") == 1

    def test_a_link_ends_after_a_day(
        self, database: Database, clock: FixedClock, browser: Callable[..., Client], post: Post
    ) -> None:
        client = browser()
        self.sign_up(client)
        token = post.token("identity.sign_up")
        form = client.form_token("/sign-in")
        clock.move(timedelta(hours=24))
        answer = client.post("/sign-up/confirm", data={"csrf_token": form, "token": token, "password": PASSWORD})
        assert answer.status_code == 410
        assert count(database, "identity.users") == 0

    def test_two_links_for_one_address_open_one_account(
        self, database: Database, browser: Callable[..., Client], post: Post
    ) -> None:
        client = browser()
        self.sign_up(client)
        first = post.token("identity.sign_up")
        self.sign_up(browser(), "awa@EXAMPLE.org")
        second = post.token("identity.sign_up")
        for token, status in ((first, 303), (second, 409)):
            fresh = browser()
            page = f"/sign-up/confirm?token={token}"
            sent = fresh.submit("/sign-up/confirm", on=page, token=token, password=PASSWORD)
            assert sent.status_code in {status, 422 if status == 409 else status}
        assert count(database, "identity.users") == 1

    def test_the_waiting_password_cannot_be_listed(self, database: Database, browser: Callable[..., Client]) -> None:
        self.sign_up(browser())
        with database.transaction() as session, pytest.raises(Exception, match="permission denied"):
            session.execute(text("SELECT password_hash FROM identity.email_confirmations"))

    @pytest.mark.parametrize("weak", ["password123", "qwertyuiop12", "awa.diop@example.org", "aaaaaaaaaaaaaa"])
    def test_a_weak_password_is_refused(self, database: Database, browser: Callable[..., Client], weak: str) -> None:
        answer = browser().submit("/sign-up", name="Awa", email="awa.diop@example.org", password=weak)
        assert answer.status_code == 422
        assert 'id="f-password-error"' in answer.text
        assert count(database, "identity.email_confirmations") == 0


class TestTelephone:
    def ask(self, client: Client, phone: str = "77 123 45 67") -> None:
        answer = client.submit("/sign-in/phone", phone=phone)
        assert answer.status_code == 200, answer.text
        assert PHONE in answer.text

    def send(self, client: Client, code: str) -> object:
        return client.submit("/sign-in/phone/code", on="/sign-in/phone", phone=PHONE, code=code, next="/account")

    def test_who_is_new_gives_a_name(self, database: Database, browser: Callable[..., Client], post: Post) -> None:
        client = browser()
        self.ask(client)
        page = client.submit("/sign-in/phone/code", on="/sign-in/phone", phone=PHONE, code=post.code())
        assert page.status_code == 200
        assert count(database, "identity.users") == 0
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        done = client.submit("/sign-in/phone/name", on="/sign-in/phone", ticket=ticket, name="Awa")
        assert done.status_code == 303
        with database.transaction() as session:
            row = session.execute(text("SELECT phone, country_code, auth_provider, name FROM identity.users")).one()
        assert tuple(row) == (PHONE, "SN", "phone", "Awa")
        again = browser()
        self.ask(again)
        answer = again.submit(
            "/sign-in/phone/code", on="/sign-in/phone", phone=PHONE, code=post.code(), next="/account"
        )
        assert answer.headers["location"] == "/account"
        assert again.get("/account").status_code == 200

    def test_a_forged_ticket_opens_nothing(self, database: Database, browser: Callable[..., Client]) -> None:
        answer = browser().submit("/sign-in/phone/name", on="/sign-in/phone", ticket="forged", name="Eve")
        assert answer.status_code == 410
        assert count(database, "identity.users") == 0

    def test_five_tries_and_the_right_code_is_worth_nothing(
        self, browser: Callable[..., Client], post: Post, database: Database
    ) -> None:
        client = browser()
        self.ask(client)
        code = post.code()
        for _ in range(5):
            assert self.send(client, wrong(code)).status_code == 422  # type: ignore[attr-defined]
        assert self.send(client, code).status_code == 422  # type: ignore[attr-defined]
        assert count(database, "identity.user_sessions") == 0

    def test_a_code_counts_once_and_for_ten_minutes(
        self, clock: FixedClock, browser: Callable[..., Client], post: Post
    ) -> None:
        client = browser()
        self.ask(client)
        code = post.code()
        assert "ticket" in self.send(client, code).text  # type: ignore[attr-defined]
        assert self.send(client, code).status_code == 422  # type: ignore[attr-defined]
        self.ask(client)
        clock.move(timedelta(minutes=10))
        assert self.send(client, post.code()).status_code == 422  # type: ignore[attr-defined]

    @pytest.mark.parametrize("phone", ["", "12", "abc", "+1555", "+221 77", "+999123456789", "7" * 60])
    def test_what_is_no_number_is_refused(self, database: Database, browser: Callable[..., Client], phone: str) -> None:
        answer = browser().submit("/sign-in/phone", phone=phone)
        assert answer.status_code == 422
        assert 'id="f-phone-error"' in answer.text
        assert count(database, "identity.one_time_codes") == 0

    def test_messages_to_one_number_are_limited(self, browser: Callable[..., Client]) -> None:
        for turn in range(5):
            self.ask(browser(address=f"203.0.113.{turn}"))
        answer = browser(address="203.0.113.99").submit("/sign-in/phone", phone=PHONE)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


class TestForgottenPassword:
    def test_the_link_replaces_the_password_and_signs_out_everywhere(
        self, person: Callable[..., User], browser: Callable[..., Client], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        there, client = browser("awa"), browser()
        body = {"email": "awa@example.org", "password": PASSWORD}
        refresh_token = program().post("/api/v1/identity/tokens", json=body).json()["refresh_token"]
        assert client.submit("/password/forgotten", contact="AWA@example.org").status_code == 303
        token = post.token("identity.password_reset")
        page = f"/password/reset?token={token}"
        weak = client.submit("/password/reset", on=page, token=token, new_password="password123")
        assert weak.status_code == 422
        assert there.get("/account").status_code == 200
        done = client.submit("/password/reset", on=page, token=token, new_password="nine loud geese")
        assert done.status_code == 303
        assert there.get("/account").status_code == 303
        refused = program().post("/api/v1/identity/tokens/refresh", json={"refresh_token": refresh_token})
        assert refused.status_code == 401
        assert client.get(page).status_code == 410
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 401
        assert browser().submit("/sign-in", email="awa@example.org", password="nine loud geese").status_code == 303
        assert post.letters("identity.password_changed")

    def test_the_answer_is_the_same_for_nobody(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        known = browser().submit("/password/forgotten", contact="awa@example.org")
        unknown = browser().submit("/password/forgotten", contact="nobody@example.org")
        assert (known.status_code, known.headers["location"]) == (unknown.status_code, unknown.headers["location"])
        # Neither did anything but queue the same job.
        assert count(database, "identity.password_reset_tokens") == 0
        post.work()
        assert [letter.to for letter in post.letters()] == ["awa@example.org"]
        by_phone = browser().submit("/password/forgotten", contact=PHONE)
        assert by_phone.status_code == 200

    def test_a_link_ends_after_half_an_hour_and_a_newer_one_replaces_it(
        self, clock: FixedClock, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client = browser()
        client.submit("/password/forgotten", contact="awa@example.org")
        first = post.token("identity.password_reset")
        client.submit("/password/forgotten", contact="awa@example.org")
        second = post.token("identity.password_reset")
        assert client.get(f"/password/reset?token={first}").status_code == 410
        assert client.get(f"/password/reset?token={second}").status_code == 200
        clock.move(timedelta(minutes=30))
        assert client.get(f"/password/reset?token={second}").status_code == 410

    def test_a_code_replaces_the_password_of_who_has_the_telephone(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        awa = person("awa")
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET phone = :p WHERE id = :id"), {"p": PHONE, "id": awa.id})
        client = browser()
        client.submit("/password/forgotten", contact="77 123 45 67")
        fields = {"phone": PHONE, "new_password": "nine loud geese"}
        path = "/password/reset/phone"
        assert client.submit(path, on="/sign-in", code=wrong(post.code()), **fields).status_code == 422
        assert client.submit(path, on="/sign-in", code=post.code(), **fields).status_code == 303
        assert browser().submit("/sign-in", email="awa@example.org", password="nine loud geese").status_code == 303

    def test_a_code_to_sign_in_resets_nothing(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        awa = person("awa")
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET phone = :p WHERE id = :id"), {"p": PHONE, "id": awa.id})
        client = browser()
        client.submit("/sign-in/phone", phone=PHONE)
        fields = {"phone": PHONE, "new_password": "nine loud geese", "code": post.code()}
        assert client.submit("/password/reset/phone", on="/sign-in", **fields).status_code == 422
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 303


class TestImportedHashes:
    @pytest.mark.parametrize("mark", ["$2a$", "$2b$", "$2y$"])
    @pytest.mark.parametrize("password", [PASSWORD, "é" * 40 + " quiet herons"])
    def test_bcrypt_opens_and_is_replaced(
        self,
        database: Database,
        clock: FixedClock,
        person: Callable[..., User],
        browser: Callable[..., Client],
        mark: str,
        password: str,
    ) -> None:
        awa = person("awa")
        made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode().replace("$2b$", mark, 1)
        with database.transaction() as session:
            store_hash(session, clock, awa.id, made)
        assert browser().submit("/sign-in", email="awa@example.org", password="no " + password).status_code == 401
        assert browser().submit("/sign-in", email="awa@example.org", password=password).status_code == 303
        with database.transaction() as session:
            stored = session.execute(text("SELECT identity.password_hash(:id)"), {"id": awa.id}).scalar_one()
        assert stored.startswith("$argon2id$")
        assert browser().submit("/sign-in", email="awa@example.org", password=password).status_code == 303


class TestOwnContacts:
    def test_a_new_address_counts_once_it_is_proven(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client, other = browser("awa"), browser()
        refused = client.submit("/account/email", on="/account/access", email="new@example.org", present_password="no")
        assert refused.status_code == 422
        assert post.letters() == []
        form = {"email": "new@example.org", "present_password": PASSWORD}
        assert client.submit("/account/email", on="/account/access", **form).status_code == 303
        token = post.token("identity.confirm_email")
        assert other.submit("/account/email/confirm", on="/sign-in", token=token).status_code == 401
        page = f"/account/email/confirm?token={token}"
        assert client.submit("/account/email/confirm", on=page, token=token).status_code == 303
        with database.transaction() as session:
            assert session.execute(text("SELECT email FROM identity.users")).scalar_one() == "new@example.org"
        assert [letter.to for letter in post.letters("identity.email_changed")] == ["awa@example.org"]
        assert client.submit("/account/email/confirm", on=page, token=token).status_code == 410

    def test_somebody_elses_link_is_worth_nothing(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        person("eve")
        form = {"email": "new@example.org", "present_password": PASSWORD}
        browser("awa").submit("/account/email", on="/account/access", **form)
        token = post.token("identity.confirm_email")
        assert browser("eve").submit("/account/email/confirm", on="/account", token=token).status_code == 410
        with database.transaction() as session:
            assert set(session.scalars(text("SELECT email FROM identity.users"))) == {
                "awa@example.org",
                "eve@example.org",
            }

    def test_a_number_is_proven_by_a_code_and_belongs_to_one_account(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        person("eve")
        form = {"phone": "77 123 45 67", "phone_password": PASSWORD}
        awa, eve = browser("awa"), browser("eve")
        for client in (awa, eve):
            assert client.submit("/account/phone", on="/account/access", **form).status_code == 200
        codes = [letter.body[:6] for letter in post.letters("identity.code")]
        swapped = eve.submit("/account/phone/code", on="/account/access", phone=PHONE, code=codes[0])
        assert swapped.status_code == 422
        done = awa.submit("/account/phone/code", on="/account/access", phone=PHONE, code=codes[0])
        assert done.status_code == 303
        taken = eve.submit("/account/phone/code", on="/account/access", phone=PHONE, code=codes[1])
        assert taken.status_code in {409, 422}
        with database.transaction() as session:
            phones = session.execute(text("SELECT email, phone FROM identity.users ORDER BY email")).all()
        assert [tuple(row) for row in phones] == [("awa@example.org", PHONE), ("eve@example.org", None)]

    def test_closing_frees_the_address(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client, there = browser("awa"), browser("awa")
        refused = client.submit("/account/close", on="/account/access", close_password="no", understood="yes")
        assert refused.status_code == 422
        assert there.get("/account").status_code == 200
        done = client.submit("/account/close", on="/account/access", close_password=PASSWORD, understood="yes")
        assert done.status_code == 303
        assert there.get("/account").status_code == 303
        assert browser().submit("/sign-in", email="awa@example.org", password=PASSWORD).status_code == 401
        fresh = browser()
        fresh.submit("/sign-up", name="Awa", email="awa@example.org", password=PASSWORD)
        token = post.token("identity.sign_up")
        page = f"/sign-up/confirm?token={token}"
        assert fresh.submit("/sign-up/confirm", on=page, token=token, password=PASSWORD).status_code == 303
        assert count(database, "identity.users") == 2

    def test_the_last_super_administrator_cannot_close(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("root", "super_admin")
        client = browser("root")
        answer = client.submit("/account/close", on="/account/access", close_password=PASSWORD, understood="yes")
        assert answer.status_code == 409
        assert client.get("/account").status_code == 200
