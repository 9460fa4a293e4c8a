"""Forms that are sent again as people do: by the back button, and by a reload of the page that answered."""

import pytest
from playwright.sync_api import Page

from support.chromium import chromium, page_of, serving
from support.people import PASSWORD
from support.screens import sign_in

pytestmark = pytest.mark.browser

PATH = "/credits/new/hours"


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.fixture
def address(whole_app, person, club):
    person("awa")
    with serving(whole_app) as url:
        yield url


def send(page: Page) -> str:
    """Press the button; gives what the page that follows says."""
    with page.expect_navigation():
        page.click(f'main form[action="{PATH}"] button[type="submit"]')
    return page.text_content("main") or ""


def test_what_is_gone_back_to_and_sent_again_is_acted_on_once_unless_it_was_changed(chrome, address, club):
    given = "SELECT value_json ->> 'activity' FROM contributions ORDER BY created_at, id"
    with page_of(chrome) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.goto(address + PATH)
        page.fill("#f-activity", "Raking")
        page.fill("#f-hours", "2")
        send(page)
        for _ in range(2):
            page.go_back()
            assert page.input_value("#f-activity") == "Raking"
            assert "This form had been sent before" in send(page)
        assert club.sql(given) == [("Raking",)]
        page.go_back()
        page.fill("#f-activity", "Sowing")
        page.fill("#f-hours", "3")
        assert "Thank you!" in send(page)
        assert club.sql(given) == [("Raking",), ("Sowing",)]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_page_that_shows_a_key_makes_one_however_often_it_is_loaded_again(chrome, address, club, scripts):
    with page_of(chrome, java_script_enabled=scripts) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.goto(f"{address}/account/keys")
        page.fill('main [name="name"]', "Till")
        page.check('main [name="scopes"]')
        page.click('main form[action="/account/keys"] button')
        page.wait_for_load_state()
        assert page.locator("main code").count()
        page.reload()
        assert "This form had been sent before" in page.text_content("main")
        assert club.sql("SELECT count(*) FROM identity.api_keys") == [(1,)]
