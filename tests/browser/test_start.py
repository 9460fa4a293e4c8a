"""The first pages in a real browser: nothing is missing, nothing too wide, and rules work without scripts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from guerdon.db.database import Database
from support.chromium import chromium, overflow_px, page_of, serving
from support.people import PASSWORD

pytestmark = pytest.mark.browser

PAGES = ("/", "/staff/rules", "/staff/rules/garden/watering", "/staff/rules/garden/watering/new", "/staff/tiers")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def address(garden_app: FastAPI, garden: Database) -> Iterator[str]:
    with serving(garden_app) as url:
        yield url


def sign_in(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#f-email", "admin@example.org")
    page.fill("#f-password", PASSWORD)
    page.locator("main form button").click()
    page.locator(".tile").first.wait_for()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_whole_and_fit(
    browser: Browser, address: str, person: Callable[..., Any], width: int, scheme: Any
) -> None:
    person("admin", "admin")
    with page_of(
        browser, viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=scheme == "light"
    ) as page:
        missing: list[str] = []
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        for path in ("/", "/developers"):
            page.goto(address + path)
            assert overflow_px(page) <= 0, path
        sign_in(page, address)
        for path in PAGES:
            page.goto(address + path)
            assert overflow_px(page) <= 0, path
        assert missing == []


def test_a_rule_changes_without_scripts(browser: Browser, address: str, person: Callable[..., Any]) -> None:
    person("admin", "admin")
    with page_of(browser, java_script_enabled=False) as page:
        sign_in(page, address)
        page.goto(f"{address}/staff/rules/garden/watering")
        page.get_by_label("Litres").fill("10")
        page.get_by_label("Plant").select_option("moss")
        page.get_by_role("button", name="Work it out").click()
        page.get_by_text("2.50 leaves").wait_for()
        page.get_by_role("link", name="New version").click()
        page.get_by_label("Plant: moss").fill("25")
        page.get_by_label("Why it changes").fill("Moss drinks less.")
        page.get_by_role("button", name="Write the draft").click()
        page.get_by_role("button", name="Activate it").click()
        page.get_by_role("heading", name="In force: version 2").wait_for()
