"""A guardian consents, and a member takes a copy of their data, in a real browser."""

import io
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from guerdon import boot
from guerdon.worker.runner import run_worker
from support.chromium import chromium, overflow_px, page_of, serving
from support.family import ADULT, MINOR, Family
from support.people import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def address(whole_app: FastAPI, family: Family) -> Iterator[str]:
    with serving(whole_app) as url:
        yield url


def sign_in(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#f-email", f"{name}@example.org")
    page.fill("#f-password", PASSWORD)
    page.locator("#f-password").press("Enter")
    page.wait_for_url(f"{address}/")


def work(family: Family) -> None:
    """Let the worker run once; in a thread, because Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run_worker, family.database, boot.tasks().values(), family.clock, until_idle=True).result()


def test_a_minor_asks_and_their_mother_consents(browser: Browser, address: str, family: Family) -> None:
    modou = family.member("modou", MINOR)
    fatou = family.member("fatou", ADULT)
    with page_of(browser, viewport={"width": 360, "height": 800}) as page:
        sign_in(page, address, "modou")
        page.goto(f"{address}/account/profile")
        page.get_by_role("link", name="Ask somebody").click()
        page.get_by_label("E-mail of their account").fill("fatou@example.org")
        page.get_by_label("They are your").select_option("parent")
        page.get_by_role("button", name="Ask them").click()
        page.get_by_text("Waiting for an answer").wait_for()
        assert overflow_px(page) <= 0
    with page_of(browser, java_script_enabled=False) as page:
        sign_in(page, address, "fatou")
        page.goto(f"{address}/account/family")
        page.get_by_role("button", name="I answer for them").click()
        page.get_by_text("You answer for Modou now.").wait_for()
        page.get_by_role("link", name="Modou").click()
        page.get_by_text("May 20, 2012").wait_for()
    found = family.sql("SELECT guardian_user_id FROM identity.profiles WHERE user_id = %s", modou)
    assert found == [(fatou,)]


def test_a_member_fetches_a_copy_of_everything(browser: Browser, address: str, family: Family) -> None:
    family.member("awa", ADULT)
    with page_of(browser, viewport={"width": 360, "height": 800}) as page:
        sign_in(page, address, "awa")
        page.goto(f"{address}/account/privacy")
        page.get_by_role("button", name="Make a copy").click()
        page.get_by_text("Being made", exact=True).wait_for()
        for _ in range(10):
            work(family)
            page.reload()
            if page.get_by_role("button", name="Fetch").count():
                break
        assert overflow_px(page) <= 0
        with page.expect_download() as download:
            page.get_by_role("button", name="Fetch").click()
        archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
        assert "identity/profile.json" in archive.namelist()
        page.reload()
        assert page.get_by_role("button", name="Fetch").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_role_is_given_after_the_password_is_entered_again(
    browser: Browser, address: str, family: Family, scripts: bool
) -> None:
    family.member("boss", ADULT, "admin")
    awa = family.member("awa", ADULT)
    with page_of(browser, viewport={"width": 360, "height": 800}, java_script_enabled=scripts) as page:
        sign_in(page, address, "boss")
        family.clock.move(timedelta(minutes=11))
        page.goto(f"{address}/staff/members/{awa}")
        assert page.get_by_label("Reason").count() == 0
        page.get_by_role("link", name="Enter the password").click()
        page.get_by_label("Your password").fill(PASSWORD)
        page.get_by_label("Your password").press("Enter")
        page.wait_for_url(f"{address}/staff/members/{awa}")
        page.locator("#f-role").select_option("staff")
        page.locator("#f-reason").fill("joined the team")
        page.get_by_role("button", name="Give the role").click()
        page.get_by_text("The roles are changed.").wait_for()
        assert overflow_px(page) <= 0
    assert family.sql("SELECT roles FROM identity.users WHERE id = %s", awa) == [(["user", "staff"],)]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_fit(browser: Browser, address: str, family: Family, width: int) -> None:
    family.member("boss", ADULT, "admin")
    pages = ("profile", "addresses", "family", "identity", "privacy", "keys", "proof")
    with page_of(browser, viewport={"width": width, "height": 800}) as page:
        sign_in(page, address, "boss")
        for path in (*(f"/account/{name}" for name in pages), "/staff/guardians", "/staff/identity", "/staff/erasures"):
            page.goto(address + path)
            assert page.locator("h1").count() == 1, path
            assert overflow_px(page) <= 0, path
