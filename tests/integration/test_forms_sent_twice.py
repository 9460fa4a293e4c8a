"""Forms that arrive twice: by a double click, a reload, the back button, with and without scripts."""

import io
import re
import threading
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from PIL import Image

from guerdon.kernel.identity.models import User
from support.credits import Club, item
from support.http_client import Client
from support.people import PASSWORD

TOLD = "This form had been sent before"


@pytest.fixture
def visit(whole_app: FastAPI, club: Club, person: Callable[..., User]) -> Callable[..., Client]:
    """Browsers of people of some role."""
    del club

    def open_browser(name: str, *roles: str) -> Client:
        person(name, *roles)
        return another(whole_app, name)

    return open_browser


def another(app: FastAPI, name: str) -> Client:
    """One more browser of somebody."""
    client = Client(app, page=True)
    assert client.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD).status_code == 303
    return client


def fields_of(client: Client, path: str, action: str) -> dict[str, str]:
    """The hidden fields of the form on a page that is sent to ``action``."""
    page = client.get(path).text
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


def test_photos_that_are_sent_twice_are_added_once(club: Club, visit: Callable[..., Client]) -> None:
    awa = visit("awa")
    [(member,)] = club.sql("SELECT id FROM identity.users WHERE email = 'awa@example.org'")
    contribution = club.submit(member, item())
    path = f"/credits/contributions/{contribution}"
    hidden = fields_of(awa, path, f"{path}/photos")
    photos = {"photos": ("a.png", picture(), "image/png")}
    first = awa.post(f"{path}/photos", data=hidden, files=photos)
    again = awa.post(f"{path}/photos", data=hidden, files=photos)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"] == path
    assert club.sql("SELECT count(*) FROM photos") == [(1,)]
    assert TOLD in awa.get(path).text
    # a form opened anew is another one
    assert awa.post(f"{path}/photos", data=fields_of(awa, path, f"{path}/photos"), files=photos).status_code == 303
    assert club.sql("SELECT count(*) FROM photos") == [(2,)]


def test_a_refused_form_may_be_sent_again(club: Club, visit: Callable[..., Client]) -> None:
    awa = visit("awa")
    hidden = fields_of(awa, "/account/addresses", "/account/addresses")
    address = {"street_address": "Rue 10", "city": "Dakar", "region": "Dakar", "country": "SEN"}
    assert awa.post("/account/addresses", data={**hidden, **address, "country": ""}).status_code == 422
    assert club.sql("SELECT count(*) FROM identity.user_addresses") == [(0,)]
    assert awa.post("/account/addresses", data={**hidden, **address}).status_code == 303
    assert awa.post("/account/addresses", data={**hidden, **address}).status_code == 303
    assert club.sql("SELECT count(*) FROM identity.user_addresses") == [(1,)]


def test_forms_that_arrive_at_once_are_acted_on_once(
    club: Club, whole_app: FastAPI, visit: Callable[..., Client]
) -> None:
    awa = visit("awa")
    hidden = fields_of(awa, "/account/addresses", "/account/addresses")
    address = {**hidden, "street_address": "Rue 10", "city": "Dakar", "region": "Dakar", "country": "SEN"}
    browsers = [Client(whole_app, page=True) for _ in range(4)]
    answers: list[httpx.Response] = []
    start = threading.Barrier(len(browsers))

    def press(browser: Client) -> None:
        browser.cookies = httpx.Cookies(awa.cookies)
        start.wait()
        answers.append(browser.post("/account/addresses", data=address))

    threads = [threading.Thread(target=press, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(each.status_code, each.headers["location"]) for each in answers] == [(303, "/account/addresses")] * 4
    assert club.sql("SELECT count(*) FROM identity.user_addresses") == [(1,)]


def test_a_page_that_shows_a_secret_once_makes_it_once_on_reload(club: Club, visit: Callable[..., Client]) -> None:
    awa = visit("awa")
    form = {**fields_of(awa, "/account/keys", "/account/keys"), "name": "Till", "scopes": "identity:self", "days": "30"}
    first = awa.post("/account/keys", data=form)
    assert first.status_code == 201, first.text
    reloaded = awa.post("/account/keys", data=form)
    assert (reloaded.status_code, reloaded.headers["location"]) == (303, "/account/keys")
    assert club.sql("SELECT count(*) FROM identity.api_keys") == [(1,)]


def test_nobody_meets_the_forms_of_others(club: Club, visit: Callable[..., Client]) -> None:
    awa, ibis = visit("awa"), visit("ibis")
    address = {"street_address": "Rue 10", "city": "Dakar", "region": "Dakar", "country": "SEN", "once": "the same"}
    for browser in (awa, ibis):
        hidden = fields_of(browser, "/account/addresses", "/account/addresses")
        assert browser.post("/account/addresses", data={**hidden, **address}).status_code == 303
    assert club.sql("SELECT count(*) FROM identity.user_addresses") == [(2,)]


@pytest.mark.parametrize("value", ["", "x" * 65, "é", "\x00"])
def test_a_value_that_is_none_of_ours_protects_nothing_and_hurts_nothing(
    club: Club, visit: Callable[..., Client], value: str
) -> None:
    awa = visit("awa")
    hidden = fields_of(awa, "/account/addresses", "/account/addresses")
    address = {
        **hidden,
        "street_address": "Rue 10",
        "city": "Dakar",
        "region": "Dakar",
        "country": "SEN",
        "once": value,
    }
    assert awa.post("/account/addresses", data=address).status_code == 303
    assert club.sql("SELECT count(*) FROM identity.user_addresses") == [(1,)]


def test_a_program_is_told_in_a_problem_document(visit: Callable[..., Client]) -> None:
    awa = visit("awa")
    hidden = fields_of(awa, "/account/addresses", "/account/addresses")
    address = {**hidden, "street_address": "Rue 10", "city": "Dakar", "region": "Dakar", "country": "SEN"}
    assert awa.post("/account/addresses", data=address).status_code == 303
    again = awa.post("/account/addresses", data=address, headers={"accept": "application/json"})
    assert (again.status_code, again.json()["code"]) == (409, "sent-before")
