"""What was typed into a form whose session ended meanwhile."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

import guerdon
from guerdon.core.clock import FixedClock
from guerdon.kernel.identity.models import User
from guerdon.web.kept import KEPT_COOKIE, LIFE_S
from support.credits import Club
from support.http_client import Client
from support.people import PASSWORD

FORM = "/credits/new/hours"
FIELDS = {"activity": "Raking leaves", "hours": "2,5", "date": "2026-03-01", "notes": "Behind the <school> & the well"}
AGAIN = "What you had typed stands here again"


class Browser(Client):
    """A browser that remembers what it was answered last.

    Attributes:
        told: the page.
    """

    told: str = ""


def sign_in(client: Client, name: str) -> None:
    assert client.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD).status_code == 303


@pytest.fixture
def expired(whole_app: FastAPI, club: Club, clock: FixedClock, person: Callable[..., User]) -> Callable[..., Browser]:
    """Opens a browser in which a page is open and the session has ended since, and sends the page's form."""

    def send(path: str, **fields: str) -> Browser:
        person("awa")
        person("ibis")
        client = Browser(whole_app, page=True)
        sign_in(client, "awa")
        page = client.get(path)
        assert page.status_code == 200
        form = page.text.partition("<main")[2]
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        ended = "UPDATE identity.user_sessions SET created_at = %s, expires_at = %s"
        club.sql(ended, [clock.now() - timedelta(hours=2), clock.now() - timedelta(seconds=1)])
        referer = {"referer": f"http://127.0.0.1:8000{path}"}
        answer = client.post(path, data={**hidden, **fields}, headers=referer)
        assert answer.status_code == 401
        client.told = answer.text
        return client

    return send


def test_it_stands_in_the_form_again_after_signing_in(club: Club, expired: Callable[..., Browser]) -> None:
    awa = expired(FORM, **FIELDS)
    assert "what you typed is kept for 15 minutes" in awa.told
    sealed = awa.cookies[KEPT_COOKIE]
    assert "Raking" not in sealed
    assert FIELDS["activity"] not in awa.told
    sign_in(awa, "awa")
    page = awa.get(FORM)
    assert AGAIN in page.text
    assert 'value="Raking leaves"' in page.text
    assert 'value="2,5"' in page.text
    assert "Behind the &lt;school&gt; &amp; the well</textarea>" in page.text
    assert KEPT_COOKIE not in awa.cookies
    assert AGAIN not in awa.get(FORM).text  # once is enough
    assert club.sql("SELECT count(*) FROM contributions") == [(0,)]


def test_it_is_kept_too_while_somebody_proves_that_it_is_them(
    whole_app: FastAPI, club: Club, clock: FixedClock, person: Callable[..., User]
) -> None:
    person("awa")
    awa = Client(whole_app, page=True)
    sign_in(awa, "awa")
    form = awa.get("/account/keys").text.partition("<main")[2]
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    clock.move(timedelta(minutes=11))
    keys = {"referer": "http://127.0.0.1:8000/account/keys"}
    asked = awa.post("/account/keys", data={**hidden, "name": "Till of the shop"}, headers=keys)
    assert (asked.status_code, asked.headers["location"]) == (303, "/account/proof?next=%2Faccount%2Fkeys")
    assert awa.submit("/account/proof", on=asked.headers["location"], present_password=PASSWORD).status_code == 303
    assert 'value="Till of the shop"' in awa.get("/account/keys").text
    assert club.sql("SELECT count(*) FROM identity.api_keys") == [(0,)]


def test_nobody_else_and_no_other_page_is_given_it(expired: Callable[..., Browser]) -> None:
    browser = expired(FORM, **FIELDS)
    sign_in(browser, "ibis")
    other = browser.get(FORM).text
    assert AGAIN not in other
    assert "Raking" not in other
    assert browser.submit("/sign-out", on=FORM).status_code == 303
    sign_in(browser, "awa")
    assert "Raking" not in browser.get("/credits/new/item").text
    assert "Raking" in browser.get(FORM).text


def test_it_is_kept_for_a_quarter_of_an_hour(expired: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch) -> None:
    awa = expired(FORM, **FIELDS)
    sign_in(awa, "awa")
    monkeypatch.setattr("guerdon.web.kept.LIFE_S", -1)
    assert "Raking" not in awa.get(FORM).text
    assert LIFE_S == 900


@pytest.mark.parametrize("cookie", ["", "x", "gAAAAA" + "A" * 100])
def test_a_forged_cookie_is_passed_over(whole_app: FastAPI, person: Callable[..., User], cookie: str) -> None:
    person("awa")
    awa = Client(whole_app, page=True)
    sign_in(awa, "awa")
    awa.cookies.set(KEPT_COOKIE, cookie)
    page = awa.get(FORM)
    assert page.status_code == 200
    assert AGAIN not in page.text


def test_what_is_too_long_to_keep_is_shown_to_be_copied(expired: Callable[..., Browser]) -> None:
    awa = expired(FORM, **{**FIELDS, "notes": "Long <story> " * 400})
    assert KEPT_COOKIE not in awa.cookies
    assert "Long &lt;story&gt; Long" in awa.told


def test_passwords_are_never_kept() -> None:
    """By their names: every field of a password has it in its name."""
    for template in Path(guerdon.__file__).parent.rglob("*.html"):
        for field in re.findall(r'text_field\(\w+, "(\w+)"[^)]*type="password"', template.read_text("utf-8")):
            assert "password" in field, template
        for tag in re.findall(r'<input[^>]*type="password"[^>]*>', template.read_text("utf-8")):
            assert 'name="password"' in tag or 'type != "password"' in tag, template
