"""A form whose session ended while somebody wrote in it, as they meet it."""

from datetime import timedelta

import pytest

from support.chromium import chromium, page_of, serving
from support.people import PASSWORD
from support.screens import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chrome():
    with chromium() as started:
        yield started


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_typed_is_there_again_after_signing_in(chrome, whole_app, club, person, clock, scripts):
    person("awa")
    with serving(whole_app) as address, page_of(chrome, refusals=(401,), java_script_enabled=scripts) as page:
        sign_in(page, address, "awa@example.org", PASSWORD)
        page.goto(f"{address}/credits/new/item")
        page.fill("#f-description", "Four-person tent")
        page.fill("#f-estimated_value", "80")
        page.check('input[name="condition"][value="fair"]')
        now = clock.now()
        ended = "UPDATE identity.user_sessions SET created_at = %s, expires_at = %s"
        club.sql(ended, [now - timedelta(hours=2), now - timedelta(seconds=1)])
        submit = 'main form[action="/credits/new/item"] button[type="submit"]'
        page.click(submit)
        assert "what you typed is kept" in page.text_content("main")
        page.click('main a[href^="/sign-in"]')
        page.fill("#f-email", "awa@example.org")
        page.fill("#f-password", PASSWORD)
        page.press("#f-password", "Enter")
        page.wait_for_url("**/credits/new/item")
        assert page.input_value("#f-description") == "Four-person tent"
        assert page.input_value("#f-estimated_value") == "80"
        assert page.is_checked('input[name="condition"][value="fair"]')
        with page.expect_navigation():
            page.click(submit)
        assert "Thank you!" in page.text_content("main")
        assert club.sql("SELECT value_json ->> 'description' FROM contributions") == [("Four-person tent",)]
