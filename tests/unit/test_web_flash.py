"""Flash messages: shown once, on the next page, and only as we wrote them."""

import pytest
from starlette.requests import Request

from guerdon.web import flash
from guerdon.web.flash import FLASH_COOKIE
from support.pages import Browser, frame_app


@pytest.fixture
def client():
    app = frame_app()

    @app.post("/save")
    def save(request: Request, text: str = "<b>{name}</b>", times: int = 1):
        for _ in range(times):
            flash.flash(request, text, "warning", name="Awa & co")
        return flash.redirect(request, "/style")

    return Browser(app)


def alerts(page: str) -> int:
    return page.count('class="alert alert--warning"') - 1  # the style guide shows one of its own


def test_a_message_survives_the_redirect_and_is_shown_once(client):
    page = client.post("/save").text
    assert alerts(page) == 1
    assert "&lt;b&gt;Awa &amp; co&lt;/b&gt;" in page
    assert alerts(client.get("/style").text) == 0
    assert FLASH_COOKIE not in client.cookies


def test_a_second_redirect_keeps_what_was_not_shown(client):
    client.post("/save", follow_redirects=False)
    assert alerts(client.post("/save").text) == 2


def test_the_cookie_is_out_of_reach_of_scripts(client):
    cookie = client.post("/save", follow_redirects=False).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_tampered_or_foreign_message_is_not_shown(client):
    signed = client.post("/save", follow_redirects=False).cookies[FLASH_COOKIE]
    payload, rest = signed.split(".", 1)
    other = Browser(frame_app())
    other.app.state.flash_key = b"z" * 32
    for forged in (payload[:-2] + "AA." + rest, signed[:-3], "x", "", payload, "[[]]"):
        assert alerts(client.get("/style", headers={"cookie": f"{FLASH_COOKIE}={forged}"}).text) == 0
    assert alerts(other.get("/style", headers={"cookie": f"{FLASH_COOKIE}={signed}"}).text) == 0
    assert alerts(client.get("/style", headers={"cookie": f"{FLASH_COOKIE}={signed}"}).text) == 1


def test_too_much_to_say_keeps_the_newest_within_a_cookie(client):
    response = client.post("/save", params={"text": "ü" * 900, "times": 30}, follow_redirects=False)
    assert len(response.headers["set-cookie"]) < 4096
    assert alerts(client.get("/style").text) >= 1
