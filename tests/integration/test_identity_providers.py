"""Google, Apple and Facebook, against a provider that speaks their dialects over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.signing import PROOFS_BY_ADDRESS
from support.http_client import NO_AUTHORITIES, Client
from support.openid_provider import ProviderServer
from support.people import make_app
from support.post import Post

APP = "org.example.app:/linked"


def counts(database: Database) -> tuple[int, int, int]:
    """Accounts, links, living sessions."""
    with database.transaction() as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM identity.users), (SELECT count(*) FROM identity.linked_providers),"
                " (SELECT count(*) FROM identity.user_sessions WHERE NOT is_revoked)"
            )
        ).one()
    return row[0], row[1], row[2]


@pytest.fixture
def identity_app(
    database: Database, clock: FixedClock, recorded: None, tmp_path: Path, provider: ProviderServer
) -> FastAPI:
    """An application that offers all three."""
    return make_app(database, clock, data_dir=tmp_path, **provider.settings(APP))


def leave(client: Client, path: str) -> dict[str, str]:
    """Go to the provider and say what it sends the browser back with."""
    away = client.get(path)
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"], verify=NO_AUTHORITIES)
    if back.status_code == 200:  # a form that posts itself
        fields = dict(zip(("code", "state"), back.text.split('value="')[1:], strict=False))
        return {name: value.partition('"')[0] for name, value in fields.items()}
    query = parse_qs(urlsplit(back.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def arrive(client: Client, name: str, answer: dict[str, str]) -> httpx.Response:
    if name == "apple":
        posted = client.post("/sign-in/with/apple/callback", data=answer, headers={"sec-fetch-site": "cross-site"})
        assert posted.status_code == 303
        return client.get(posted.headers["location"])
    return client.get(f"/sign-in/with/{name}/callback", params=answer)


def go(client: Client, name: str, path: str = "") -> httpx.Response:
    return arrive(client, name, leave(client, path or f"/sign-in/with/{name}?next=/account"))


@pytest.mark.parametrize("name", ["google", "apple"])
class TestOpenId:
    def test_up_and_in_again(
        self, database: Database, provider: ProviderServer, browser: Callable[..., Client], name: str
    ) -> None:
        first = browser()
        answer = go(first, name)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/account"
        assert "awa@example.org" in first.get("/account").text
        with database.transaction() as session:
            row = session.execute(
                text("SELECT auth_provider, email_verified_at IS NOT NULL, name FROM identity.users")
            ).one()
        assert tuple(row) == (name, True, "Awa Diop")
        # The address may change at the provider: the subject is who it is.
        provider.person["email"] = "other@example.org"
        assert go(browser(), name).status_code == 303
        assert counts(database) == (1, 1, 2)

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "another-client"},
            {"iss": "https://evil.example"},
            {"nonce": "another"},
            {"nonce": None},
            {"exp": 1},
            {"exp": None},
            {"sub": None},
            {"iat": 99_999_999_999},
        ],
    )
    def test_a_wrong_statement_opens_nothing(
        self,
        database: Database,
        provider: ProviderServer,
        browser: Callable[..., Client],
        name: str,
        claims: dict[str, Any],
    ) -> None:
        provider.claims = claims
        assert go(browser(), name).status_code == 401
        assert counts(database) == (0, 0, 0)


class TestProofs:
    def test_a_foreign_signature_opens_nothing(
        self, database: Database, provider: ProviderServer, browser: Callable[..., Client]
    ) -> None:
        provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert go(browser(), "google").status_code == 401
        assert counts(database) == (0, 0, 0)

    def test_state_belongs_to_the_browser_and_serves_once(
        self, database: Database, browser: Callable[..., Client]
    ) -> None:
        victim, attacker = browser(), browser()
        answer = leave(attacker, "/sign-in/with/google")
        assert arrive(victim, "google", answer).status_code == 401
        assert arrive(attacker, "google", {**answer, "state": "another"}).status_code == 401
        assert arrive(attacker, "google", answer).status_code == 401  # the errand is over
        assert counts(database) == (0, 0, 0)

    def test_a_code_serves_once(self, database: Database, browser: Callable[..., Client]) -> None:
        client = browser()
        answer = leave(client, "/sign-in/with/google")
        cookies = dict(client.cookies)
        assert arrive(client, "google", answer).status_code == 303
        again = browser()
        for name, value in cookies.items():
            again.cookies.set(name, value, domain="127.0.0.1", path="/")
        assert arrive(again, "google", answer).status_code == 401
        assert counts(database) == (1, 1, 1)

    def test_arriving_is_limited_by_address(self, database: Database, browser: Callable[..., Client]) -> None:
        client = browser()
        leave(client, "/sign-in/with/google")
        brought = httpx.Cookies(client.cookies)
        answers = []
        for _ in range(PROOFS_BY_ADDRESS.attempts + 1):
            client.cookies = httpx.Cookies(brought)
            answers.append(arrive(client, "google", {"state": "guessed", "code": "guessed"}))
        assert [each.status_code for each in answers] == [401] * PROOFS_BY_ADDRESS.attempts + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert counts(database) == (0, 0, 0)

    def test_who_declines_is_told(self, database: Database, browser: Callable[..., Client]) -> None:
        client = browser()
        leave(client, "/sign-in/with/google")
        answer = client.get("/sign-in/with/google/callback?error=access_denied")
        assert answer.status_code == 401
        assert "did not succeed" in answer.text
        assert counts(database) == (0, 0, 0)

    def test_a_provider_that_is_not_set_up_is_not_there(
        self, database: Database, clock: FixedClock, recorded: None, tmp_path: Path
    ) -> None:
        client = Client(make_app(database, clock, data_dir=tmp_path), page=True)
        assert client.get("/sign-in/with/google").status_code == 404
        assert client.get("/sign-in/with/myspace").status_code == 404
        assert "/sign-in/with/" not in client.get("/sign-in").text


class TestTakeover:
    def test_an_address_of_an_account_does_not_open_it(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        answer = go(browser(), "google")
        assert answer.status_code == 409
        assert counts(database) == (1, 0, 0)

    @pytest.mark.parametrize("name", ["google", "facebook"])
    def test_an_unproven_address_is_proven_by_a_code_of_ours(
        self,
        database: Database,
        provider: ProviderServer,
        browser: Callable[..., Client],
        post: Post,
        name: str,
    ) -> None:
        provider.person["email_verified"] = False
        client = browser()
        page = go(client, name)
        assert page.status_code == 200
        assert counts(database) == (0, 0, 0)
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        form = {"ticket": ticket, "email": "awa@example.org"}
        assert client.submit("/sign-up/address", on="/sign-in", **form).status_code == 200
        code = post.code()
        wrong = client.submit(
            "/sign-up/address/code", on="/sign-in", code="000000" if code != "000000" else "1", **form
        )
        assert wrong.status_code == 422
        other = client.submit("/sign-up/address/code", on="/sign-in", code=code, ticket=ticket, email="eve@example.org")
        assert other.status_code == 422
        assert counts(database) == (0, 0, 0)
        done = client.submit("/sign-up/address/code", on="/sign-in", code=code, **form)
        assert done.status_code == 303
        assert done.headers["location"] == "/account"
        assert counts(database) == (1, 1, 1)
        assert go(browser(), name).status_code == 303
        assert counts(database) == (1, 1, 2)

    def test_a_suspended_account_stays_shut_whatever_address_the_provider_names(
        self, database: Database, provider: ProviderServer, browser: Callable[..., Client]
    ) -> None:
        assert go(browser(), "google").status_code == 303
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET is_active = false"))
        provider.person["email"] = "other@example.org"
        assert go(browser(), "google").status_code == 401
        provider.person["email_verified"] = False
        assert go(browser(), "google").status_code == 401
        assert counts(database)[:2] == (1, 1)


class TestLinking:
    def test_linked_and_unlinked_but_never_the_last_way_in(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client = browser("awa")
        assert go(client, "google", "/account/access/link/google").headers["location"] == "/account/access"
        assert counts(database)[1] == 1
        assert post.letters("identity.provider_linked")
        assert go(browser(), "google").status_code == 303
        with database.transaction() as session:
            session.execute(text("DELETE FROM identity.credentials"))
        last = client.submit("/account/access/unlink/google", on="/account/access")
        assert last.status_code == 409
        assert counts(database)[1] == 1
        assert go(client, "facebook", "/account/access/link/facebook").status_code == 303
        assert client.submit("/account/access/unlink/google", on="/account/access").status_code == 303
        assert counts(database)[1] == 1

    def test_an_account_elsewhere_opens_one_account(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("badu")
        person("eve")
        go(browser("badu"), "google", "/account/access/link/google")
        assert go(browser("eve"), "google", "/account/access/link/google").status_code == 409
        assert counts(database)[1] == 1

    def test_an_errand_to_link_is_of_who_began_it(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("badu")
        client = browser("badu")
        answer = leave(client, "/account/access/link/google")
        client.submit("/sign-out", on="/account")
        assert arrive(client, "google", answer).status_code == 401
        assert counts(database)[1] == 0

    def test_visitors_link_nothing(self, browser: Callable[..., Client]) -> None:
        assert browser().get("/account/access/link/google").status_code == 303  # to sign in


class TestLinkingOverHttp:
    path = "/api/v1/identity/linked-accounts"

    def begin(self, client: Client, name: str = "google") -> dict[str, str]:
        """Begin, visit the provider, and give what a program hands on."""
        begun = client.post(f"{self.path}/{name}/begin", json={"redirect_uri": APP})
        assert begun.status_code == 200, begun.text
        back = httpx.get(begun.json()["authorization_url"], verify=NO_AUTHORITIES).headers["location"]
        assert back.startswith(f"{APP}?")
        query = {key: values[0] for key, values in parse_qs(back.partition("?")[2]).items()}
        return {"ticket": begun.json()["ticket"], "state": query["state"], "code": query["code"]}

    def test_linked_and_unlinked_but_never_the_last_way_in(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], post: Post
    ) -> None:
        person("awa")
        client = program("awa")
        answer = self.begin(client)
        done = client.post(f"{self.path}/google", json=answer)
        assert (done.status_code, done.json()["provider"]) == (201, "google")
        assert post.letters("identity.provider_linked")
        assert [each["provider"] for each in client.get(self.path).json()] == ["google"]
        assert client.post(f"{self.path}/google", json=answer).status_code == 401  # an answer counts once
        with database.transaction() as session:
            session.execute(text("DELETE FROM identity.credentials"))
        last = client.request("DELETE", f"{self.path}/google")
        assert (last.status_code, last.json()["code"]) == (409, "last-way-in")
        assert counts(database)[1] == 1
        assert client.post(f"{self.path}/facebook", json=self.begin(client, "facebook")).status_code == 201
        assert client.request("DELETE", f"{self.path}/google").status_code == 204
        assert client.request("DELETE", f"{self.path}/google").status_code == 404
        assert counts(database)[1] == 1

    @pytest.mark.parametrize("change", ["ticket", "state", "code", "other", "provider"])
    def test_what_does_not_belong_together_links_nothing(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client], change: str
    ) -> None:
        person("awa")
        person("eve")
        client = program("awa")
        answer, name = self.begin(client), "google"
        match change:
            case "other":
                client = program("eve")  # somebody who got hold of the answer
            case "provider":
                name = "facebook"
            case _:
                answer[change] += "x"
        assert client.post(f"{self.path}/{name}", json=answer).status_code == 401
        assert counts(database)[1] == 0

    def test_a_ticket_ends_after_a_quarter_of_an_hour(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        answer = self.begin(program("awa"))
        clock.move(timedelta(minutes=16))
        assert program("awa").post(f"{self.path}/google", json=answer).status_code == 401
        assert counts(database)[1] == 0

    def test_the_answer_goes_to_allowed_addresses_only(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        client = program("awa")
        for address in ("https://evil.example/x", f"{APP}/more", ""):
            refused = client.post(f"{self.path}/google/begin", json={"redirect_uri": address})
            assert (refused.status_code, refused.json()["code"]) == (422, "redirect-unknown")
        assert client.post(f"{self.path}/yahoo/begin", json={"redirect_uri": APP}).status_code == 404
