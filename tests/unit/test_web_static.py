"""Static files: kept for ever under their digest, and nothing else is reachable."""

import gzip
import re
from pathlib import Path

import pytest

import guerdon
import guerdon.web
from guerdon.web.static import STATIC
from support.pages import Browser, frame_app

HOME = Path(guerdon.web.__file__).parent / "static"


@pytest.fixture(scope="module")
def client():
    return Browser(frame_app())


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("app.css", "text/css; charset=utf-8"),
        ("enhance.js", "text/javascript; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_type_and_are_kept_for_ever(client, name, media_type):
    response = client.get(STATIC.url(name), headers={"accept-encoding": "identity"})
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.content == STATIC.asset(name).body


def test_gzip_for_who_takes_it(client):
    response = client.get(STATIC.url("app.css"), headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert gzip.decompress(STATIC.asset("app.css").compressed) == response.content


def test_another_releases_address_works_but_is_not_kept(client):
    response = client.get("/static/0123456789abcdef/app.css")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/nothing.css",
        "/static/x/../static.py",
        "/static/x/%2e%2e/static.py",
        "/static/x/..%2fstatic.py",
        "/static/x/css/10-tokens.css",
        "/static/x//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/x/app.css%00.svg",
        "/static/",
        "/static/x",
    ],
)
def test_nothing_else_can_be_reached(client, path):
    assert client.get(path).status_code == 404


def test_only_reading(client):
    assert client.post(STATIC.url("app.css")).status_code == 405


def test_the_style_sheet_stays_light():
    sheet = STATIC.asset("app.css")
    assert len(sheet.body) < 25_000
    assert len(sheet.compressed) < 7_500
    assert all(file.stat().st_size < 16_000 for file in HOME.rglob("*.*"))


def classes_of(sheet):
    return set(re.findall(r"\.([a-z][\w-]*)", re.sub(r"\{[^{}]*\}|/\*.*?\*/", " ", sheet, flags=re.DOTALL)))


TEMPLATES = sorted(Path(guerdon.__file__).parent.rglob("templates/**/*.html"))
PAGES = [template for template in TEMPLATES if "{% extends" in template.read_text()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: "/".join(page.parts[-3:]))
def test_a_page_loads_the_sheets_in_which_its_classes_stand(page):
    own = {sheet.name: classes_of(sheet.read_text()) for sheet in HOME.glob("*.css")}
    text = page.read_text()
    written = " ".join(re.findall(r'class="([^"]*)"', text))
    used = set(re.sub(r"\{[{%].*?[}%]\}", " ", written).split())
    everywhere = classes_of(STATIC.asset("app.css").body.decode())
    loaded = everywhere.union(*(own[name] for name in re.findall(r"static\('([\w.-]+\.css)'\)", text)))
    assert {name for name in used - loaded if any(name in sheet for sheet in own.values())} == set()


def test_nothing_comes_from_elsewhere():
    for file in HOME.rglob("*.*"):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text
        assert "https:" not in text
        assert "@import" not in text
