"""The frame of every page, its switches and its error pages."""

import re

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from guerdon.core.errors import ConflictError, FieldError, FieldErrors, GuerdonError, NotFoundError
from guerdon.web.errors import render_error
from guerdon.web.navigation import NavItem, current, visible
from guerdon.web.redirects import local_path
from guerdon.web.render import TEMPLATES, Templates
from support.pages import Browser, Member, frame_app, reading


class NotSignedInError(GuerdonError):
    code = "not-signed-in"
    status = 401


@pytest.fixture
def client():
    return Browser(frame_app())


def test_the_frame_escapes_and_names_its_language(client):
    response = client.get("/style", headers={"accept-language": "fr"})
    assert response.headers["content-language"] == "fr"
    assert '<html lang="fr" data-theme="auto">' in response.text
    assert "Les Amis &lt;du&gt; Parc" in response.text
    assert "Aller au contenu" in response.text
    assert "no-store" in response.headers["cache-control"]


def test_pages_carry_no_inline_script_or_style(client):
    page = client.get("/style").text
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?! src)|javascript:", page)


def test_ids_are_unique_and_descriptions_lead_somewhere(client):
    page = client.get("/style").text
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for names in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', page):
        assert set(names.split()) <= set(ids)
    assert set(re.findall(r'<label[^>]* for="([^"]+)"', page)) <= set(ids)


def test_the_theme_is_remembered(client):
    response = client.post("/preferences/theme", data={"theme": "dark", "next": "/style?a=1"}, follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == "/style?a=1"
    assert 'data-theme="dark"' in client.get("/style").text
    client.post("/preferences/theme", data={"theme": "pink", "next": "/style"})
    assert 'data-theme="auto"' in client.get("/style").text


def test_the_language_is_remembered_and_an_unknown_one_changes_nothing(client):
    client.post("/preferences/language", data={"language": "fr", "next": "/style"})
    assert '<html lang="fr"' in client.get("/style").text
    client.post("/preferences/language", data={"language": "xx", "next": "/style"})
    assert '<html lang="fr"' in client.get("/style").text


def test_the_language_of_a_member_is_kept_with_the_account():
    kept = []
    client = Browser(frame_app(Member(), save_locale=lambda request, locale: kept.append(locale)))
    client.post("/preferences/language", data={"language": "fr", "next": "/style"})
    client.post("/preferences/language", data={"language": "xx", "next": "/style"})
    assert kept == ["fr"]


ELSEWHERE = (
    *("https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "/\t/evil.example"),
    *("\\\\evil", "evil", "javascript:alert(1)", "/a\r\nset-cookie: x=1", "/" * 2001, " /a", "", None),
)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_elsewhere(target, client):
    assert local_path(target, "/home") == "/home"
    if target:
        data = {"theme": "dark", "next": target}
        sent = client.post("/preferences/theme", data=data, follow_redirects=False)
        assert sent.headers["location"] == "/"


@pytest.mark.parametrize("target", ["/", "/credits?status=pending&q=%C3%A9t%C3%A9", "/a#b", "/a//b"])
def test_our_own_paths_are_kept(target):
    assert local_path(target) == target


def test_navigation_follows_permissions():
    items = frame_app().state.navigation
    shown = lambda reader: [item.path for section in visible(items, reader) for item in section.items]  # noqa: E731
    assert shown(None) == ["/"]
    assert shown(Member()) == ["/", "/style"]
    assert shown(Member(permissions=frozenset({"credits:review"}))) == ["/", "/style", "/review"]


def test_the_nearest_entry_is_the_current_one():
    items = [NavItem("a", "/"), NavItem("b", "/credits"), NavItem("c", "/credits/new")]
    assert current(items, "/credits/new") is items[2]
    assert current(items, "/credits/1") is items[1]
    assert current(items, "/creditsx") is None
    assert current(items, "/") is items[0]


ERRORS = {
    "404": NotFoundError(what="page"),
    "409": ConflictError(),
    "422": FieldErrors([FieldError(field="hours", problem="<b>")]),
    "500": ValueError("secret detail"),
    "401": NotSignedInError(),
}


@pytest.fixture
def failing():
    app = frame_app()

    @app.api_route("/fail/{name}", methods=["GET", "POST"])
    def fail(request: Request, name: str):
        return render_error(request, ERRORS[name])

    return Browser(app)


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [("404", 404, "introuvable"), ("409", 409, "Rechargez"), ("422", 422, "&lt;b&gt;"), ("500", 500, "de notre côté")],
)
def test_error_pages_say_what_to_do(failing, name, status, says):
    response = failing.get(f"/fail/{name}", headers={"accept-language": "fr"})
    assert response.status_code == status
    assert says in response.text
    assert "request-1" in response.text
    assert "secret detail" not in response.text


def test_who_has_to_sign_in_is_sent_there_and_back(failing):
    response = failing.get("/fail/401?x=1&y=2", follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=%2Ffail%2F401%3Fx%3D1%26y%3D2"

    response = failing.post("/fail/401", headers={"referer": "http://testserver/form/1?x=1"})
    assert response.status_code == 401
    assert "not signed in any more" in response.text
    assert 'href="/sign-in?next=%2Fform%2F1%3Fx%3D1"' in response.text


@pytest.mark.parametrize(
    ("referer", "back"),
    [("http://testserver/form/1?x=1", "/form/1?x=1"), ("http://testserver//elsewhere.example.org", None), (None, None)],
)
def test_who_sent_a_form_gets_back_to_it(failing, referer, back):
    response = failing.post("/fail/409", headers={"referer": referer} if referer else {})
    assert response.status_code == 409
    assert "Go to the start page" in response.text
    assert ("Back to the form" in response.text) == (back is not None)
    assert back is None or f'class="button" href="{back}">Back' in response.text


def test_a_forgotten_variable_is_an_error_and_not_a_gap():
    with reading(), pytest.raises(UndefinedError):
        TEMPLATES.environment.from_string("{{ forgotten }}").render()


def test_a_prefix_belongs_to_one_package():
    templates = Templates()
    templates.add("credits", "guerdon.web")
    templates.add("credits", "guerdon.web")
    assert templates.environment.get_template("credits/layout/base.html")
    with pytest.raises(ValueError, match="belongs to"):
        templates.add("credits", "guerdon.core")
