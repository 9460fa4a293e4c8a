"""Tokens by Google, Apple and Facebook, for programs, against a provider that speaks their dialects over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people.service import profiles
from guerdon.kernel.identity.service.signing import PROOFS_BY_ADDRESS, SIGN_IN_BY_ADDRESS
from support.family import MINOR, Family
from support.http_client import NO_AUTHORITIES, Client
from support.openid_provider import ProviderServer
from support.people import make_app
from support.post import Post

APP = "org.example.app:/in"
TOKENS = "/api/v1/identity/tokens"


def counts(database: Database) -> tuple[int, int, int]:
    """Accounts, links, refresh tokens."""
    with database.transaction() as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM identity.users), (SELECT count(*) FROM identity.linked_providers),"
                " (SELECT count(*) FROM identity.refresh_tokens)"
            )
        ).one()
    return row[0], row[1], row[2]


@pytest.fixture
def identity_app(
    database: Database, clock: FixedClock, recorded: None, tmp_path: Path, provider: ProviderServer
) -> FastAPI:
    """An application that offers all three."""
    return make_app(database, clock, data_dir=tmp_path, default_locale="fr-SN", **provider.settings(APP))


@pytest.fixture
def app(identity_app: FastAPI) -> Client:
    """A program on somebody's telephone."""
    return Client(identity_app)


def begin(client: Client, name: str = "google") -> dict[str, str]:
    """Begin, visit the provider, and give what a program hands on."""
    begun = client.post(f"{TOKENS}/providers/{name}/begin", json={"redirect_uri": APP})
    assert begun.status_code == 200, begun.text
    back = httpx.get(begun.json()["authorization_url"], verify=NO_AUTHORITIES)
    if back.status_code == 200:  # a form that posts itself
        assert f'action="{APP}"' in back.text
        code, state = (each.partition('"')[0] for each in back.text.split('value="')[1:3])
    else:
        assert back.headers["location"].startswith(f"{APP}?")
        query = parse_qs(urlsplit(back.headers["location"]).query)
        code, state = query["code"][0], query["state"][0]
    return {"ticket": begun.json()["ticket"], "state": state, "code": code}


def finish(client: Client, answer: dict[str, str], name: str = "google") -> httpx.Response:
    return client.post(f"{TOKENS}/providers/{name}", json=answer)


def signed_in(client: Client, answer: httpx.Response) -> Client:
    """The program with its token."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Client(client._app).bear(answer.json()["access_token"])


@pytest.mark.parametrize("name", ["google", "apple"])
def test_up_and_in_again(database: Database, provider: ProviderServer, app: Client, name: str) -> None:
    first = finish(app, begin(app, name), name)
    me = signed_in(app, first).get("/api/v1/identity/me").json()
    assert (me["name"], me["locale"], me["roles"]) == ("Awa Diop", "fr-SN", ["user"])
    with database.transaction() as session:
        row = session.execute(text("SELECT auth_provider, email_verified_at IS NOT NULL FROM identity.users")).one()
    assert tuple(row) == (name, True)
    renewed = app.post(f"{TOKENS}/refresh", json={"refresh_token": first.json()["refresh_token"]})
    assert renewed.status_code == 200
    # The address may change at the provider: the subject is who it is.
    provider.person["email"] = "other@example.org"
    again = signed_in(app, finish(app, begin(app, name), name))
    assert again.get("/api/v1/identity/me").json()["user_id"] == me["user_id"]
    assert counts(database) == (1, 1, 3)


def test_what_programs_get_counts_as_just_proven(app: Client) -> None:
    client = signed_in(app, finish(app, begin(app)))
    made = client.post("/api/v1/identity/api-keys", json={"name": "Till", "scopes": ["identity:self"], "days": 1})
    assert made.status_code == 201, made.text


@pytest.mark.parametrize("change", ["ticket", "state", "code", "provider", "other ticket"])
def test_what_does_not_belong_together_opens_nothing(database: Database, app: Client, change: str) -> None:
    answer, name = begin(app), "google"
    match change:
        case "provider":
            name = "facebook"
        case "other ticket":  # somebody caught the answer, and began an errand of their own
            answer["ticket"] = begin(app)["ticket"]
        case _:
            answer[change] += "x"
    refused = finish(app, answer, name)
    assert (refused.status_code, refused.json()["code"]) == (401, "provider-refused")
    assert counts(database) == (0, 0, 0)


@pytest.mark.parametrize(
    "claims", [{"aud": "another-client"}, {"iss": "https://evil.example"}, {"nonce": "another"}, {"exp": 1}]
)
def test_a_wrong_statement_opens_nothing(
    database: Database, provider: ProviderServer, app: Client, claims: dict[str, object]
) -> None:
    provider.claims = claims
    assert finish(app, begin(app)).status_code == 401
    assert counts(database) == (0, 0, 0)


def test_an_answer_counts_once_and_for_a_quarter_of_an_hour(database: Database, clock: FixedClock, app: Client) -> None:
    answer = begin(app)
    assert finish(app, answer).status_code == 200
    assert finish(app, answer).status_code == 401
    late = begin(app)
    clock.move(timedelta(minutes=16))
    assert finish(app, late).status_code == 401
    assert counts(database) == (1, 1, 1)


def test_tickets_of_linking_and_signing_in_are_not_for_each_other(
    database: Database, person: Callable[..., User], program: Callable[..., Client], app: Client
) -> None:
    person("badu")
    badu = program("badu")
    link = "/api/v1/identity/linked-accounts/google"
    begun = badu.post(f"{link}/begin", json={"redirect_uri": APP}).json()
    back = httpx.get(begun["authorization_url"], verify=NO_AUTHORITIES)
    query = parse_qs(urlsplit(back.headers["location"]).query)
    answer = {"ticket": begun["ticket"], "state": query["state"][0], "code": query["code"][0]}
    assert finish(app, answer).status_code == 401
    assert badu.post(link, json=begin(app)).status_code == 401
    assert counts(database)[:2] == (1, 0)


def test_only_what_is_offered_and_only_to_allowed_addresses(app: Client) -> None:
    for address in ("https://evil.example/x", f"{APP}/more", ""):
        refused = app.post(f"{TOKENS}/providers/google/begin", json={"redirect_uri": address})
        assert (refused.status_code, refused.json()["code"]) == (422, "redirect-unknown")
    unknown = app.post(f"{TOKENS}/providers/yahoo/begin", json={"redirect_uri": APP})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "provider-unknown")
    assert finish(app, begin(app), "yahoo").status_code == 404


def test_the_ways_in_are_limited_by_address(database: Database, app: Client) -> None:
    body = {"redirect_uri": "nowhere"}
    tried = [
        app.post(f"{TOKENS}/providers/google/begin", json=body).status_code
        for _ in range(SIGN_IN_BY_ADDRESS.attempts + 1)
    ]
    assert tried == [422] * SIGN_IN_BY_ADDRESS.attempts + [429]
    forged = {"ticket": "t", "state": "s", "code": "c"}
    tried = [finish(app, forged).status_code for _ in range(PROOFS_BY_ADDRESS.attempts + 1)]
    assert tried == [401] * PROOFS_BY_ADDRESS.attempts + [429]
    named = {"ticket": "t", "email": "awa@example.org", "code": "123456"}
    assert app.post(f"{TOKENS}/provider-address", json=named).status_code == 429
    assert counts(database) == (0, 0, 0)


class TestTakeover:
    def test_an_address_of_an_account_does_not_open_it(
        self, database: Database, person: Callable[..., User], app: Client
    ) -> None:
        person("awa")
        refused = finish(app, begin(app))
        assert (refused.status_code, refused.json()["code"]) == (409, "provider-address-taken")
        assert counts(database) == (1, 0, 0)

    def test_a_suspended_account_stays_shut(self, database: Database, provider: ProviderServer, app: Client) -> None:
        assert finish(app, begin(app)).status_code == 200
        with database.transaction() as session:
            session.execute(text("UPDATE identity.users SET is_active = false"))
        for email, verified in (("awa@example.org", True), ("other@example.org", True), ("other@example.org", False)):
            provider.person |= {"email": email, "email_verified": verified}
            refused = finish(app, begin(app))
            assert (refused.status_code, refused.json()["code"]) == (401, "provider-refused")
        assert counts(database) == (1, 1, 1)

    def test_a_closed_account_is_not_opened_again(self, database: Database, app: Client) -> None:
        client = signed_in(app, finish(app, begin(app)))
        closed = client.post("/api/v1/identity/closing", json={"understood": True})
        assert closed.status_code == 204, closed.text
        first = client.get("/api/v1/identity/me")
        assert first.status_code == 401
        assert signed_in(app, finish(app, begin(app))).get("/api/v1/identity/me").status_code == 200
        with database.transaction() as session:
            living = session.scalars(text("SELECT deleted_at IS NULL FROM identity.users ORDER BY created_at, id"))
            assert living.all() == [False, True]

    def test_a_minor_for_whom_nobody_answers_gets_in_and_no_further(
        self, database: Database, family: Family, app: Client
    ) -> None:
        client = signed_in(app, finish(app, begin(app)))
        with database.transaction() as session:
            user_id = session.scalars(text("SELECT id FROM identity.users")).one()
        family.do(profiles.update, family.clock, user_id, family.change("awa", MINOR))
        again = signed_in(app, finish(app, begin(app)))
        for each in (client, again):
            assert each.get("/api/v1/identity/me").json()["permissions"] == []


@pytest.mark.parametrize("name", ["google", "facebook"])
class TestUnprovenAddress:
    @pytest.fixture
    def wanted(self, provider: ProviderServer, database: Database, app: Client, name: str) -> dict[str, str]:
        """The ticket of somebody new whose provider vouches for no address, and the address that it names."""
        provider.person["email_verified"] = False
        answer = finish(app, begin(app, name), name)
        assert answer.status_code == 202, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert counts(database) == (0, 0, 0)
        found: dict[str, str] = answer.json()
        assert found["email"] == "awa@example.org"
        return found

    def test_it_is_proven_by_a_code_of_ours(
        self, database: Database, app: Client, post: Post, wanted: dict[str, str], name: str
    ) -> None:
        assert app.post(f"{TOKENS}/provider-address/code", json=wanted).status_code == 202
        code = post.code()
        for change in ({"code": "000000" if code != "000000" else "1"}, {"code": code, "email": "eve@example.org"}):
            refused = app.post(f"{TOKENS}/provider-address", json={**wanted, **change})
            assert (refused.status_code, refused.json()["code"]) == (422, "code-wrong")
        forged = app.post(f"{TOKENS}/provider-address", json={**wanted, "code": code, "ticket": "x"})
        assert (forged.status_code, forged.json()["code"]) == (410, "link-invalid")
        assert counts(database) == (0, 0, 0)
        done = app.post(f"{TOKENS}/provider-address", json={**wanted, "email": " AWA@example.org ", "code": code})
        assert signed_in(app, done).get("/api/v1/identity/me").json()["name"] == "Awa Diop"
        assert counts(database) == (1, 1, 1)
        assert finish(app, begin(app, name), name).status_code == 200
        assert counts(database) == (1, 1, 2)

    def test_five_tries_and_no_more(
        self, database: Database, app: Client, post: Post, wanted: dict[str, str], name: str
    ) -> None:
        assert name
        app.post(f"{TOKENS}/provider-address/code", json=wanted)
        code = post.code()
        wrong = "000000" if code != "000000" else "111111"
        for tried in (wrong, wrong, wrong, wrong, wrong, code):
            refused = app.post(f"{TOKENS}/provider-address", json={**wanted, "code": tried})
            assert refused.status_code == 422
        assert counts(database) == (0, 0, 0)

    def test_the_mailbox_of_an_account_opens_no_account(
        self,
        database: Database,
        person: Callable[..., User],
        app: Client,
        post: Post,
        wanted: dict[str, str],
        name: str,
    ) -> None:
        assert name
        person("awa")
        app.post(f"{TOKENS}/provider-address/code", json=wanted)
        refused = app.post(f"{TOKENS}/provider-address", json={**wanted, "code": post.code()})
        assert (refused.status_code, refused.json()["code"]) == (409, "provider-address-taken")
        assert counts(database) == (1, 0, 0)

    def test_its_ticket_ends(self, clock: FixedClock, app: Client, wanted: dict[str, str], name: str) -> None:
        assert name
        clock.move(timedelta(minutes=16))
        assert app.post(f"{TOKENS}/provider-address/code", json=wanted).status_code == 410
