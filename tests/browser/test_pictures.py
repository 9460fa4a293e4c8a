"""The pictures of the README: what somebody sees who has just run ``guerdon up``. ``make images`` draws them anew."""

import os
from pathlib import Path

import pytest

from guerdon import boot
from support.chromium import chromium, page_of, serving
from support.screens import DESK, PHONE, draw, sign_in

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"
IMAGE_BYTES_MAX = 150_000
PICTURES = (
    ("overview", "member", "/credits", DESK, "light"),
    ("points", "member", "/events/profile", DESK, "light"),
    ("figures", "staff", "/staff/events/figures", DESK, "dark"),
    ("phone-events", "member", "/events", PHONE, "light"),
    ("phone-dark", "member", "/credits", PHONE, "dark"),
)


def test_the_pictures_of_the_readme_stay_small(whole_app, tmp_path):
    target = IMAGES if os.environ.get("GUERDON_DRAW_IMAGES") else tmp_path
    state = whole_app.state
    assert boot.load_demo(state.settings, state.database, state.clock)
    with serving(whole_app) as address, chromium() as chrome:
        for name, who, path, size, scheme in PICTURES:
            with page_of(chrome, viewport=size, color_scheme=scheme) as page:
                sign_in(page, address, f"{who}@{boot.DEMO_DOMAIN}", boot.DEMO_PASSWORD)
                page.goto(address + path)
                assert draw(page, target / f"{name}.png") <= IMAGE_BYTES_MAX


def test_the_readme_shows_pictures_that_there_are():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    drawn = {f"docs/images/{name}.png" for name, *_ in PICTURES}
    assert {each for each in drawn if each in readme} == drawn
    assert {f"docs/images/{each.name}" for each in IMAGES.iterdir()} == drawn
