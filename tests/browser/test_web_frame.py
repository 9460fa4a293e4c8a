"""The frame and the building blocks in a real browser, with and without scripts."""

import io

import pytest
from PIL import Image
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request

from guerdon.web.flash import redirect
from support.chromium import chromium, overflow_px, page_of, serving
from support.pages import Member, frame_app

pytestmark = pytest.mark.browser

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'"


def picture() -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address():
    app = frame_app(Member(permissions=frozenset({"credits:review"})))
    sent = []

    @app.post("/style")
    def received(request: Request):
        sent.append(1)
        return redirect(request, f"/style?sent={len(sent)}")

    async def with_policy(request, call_next):
        response = await call_next(request)
        response.headers["content-security-policy"] = POLICY
        return response

    app.add_middleware(BaseHTTPMiddleware, dispatch=with_policy)
    with serving(app) as url:
        yield url


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_has_to_be_scrolled_sideways(browser, address, width, scripts):
    size = {"width": width, "height": 800}
    with page_of(browser, viewport=size, java_script_enabled=scripts, locale="fr-FR") as page:
        page.goto(f"{address}/style")
        assert overflow_px(page) <= 0
        assert page.locator(".side-nav").is_visible() == (width >= 992)
        if width == 360:
            page.locator(".menu--nav summary").click()
            assert page.locator(".menu--nav .nav-link").first.is_visible()
            assert overflow_px(page) <= 0


def test_what_is_pressed_with_a_finger_is_large_enough(browser, address):
    with page_of(browser, viewport={"width": 360, "height": 800}, has_touch=True) as page:
        page.goto(f"{address}/style")
        small = page.evaluate(
            """() => [...document.querySelectorAll(".button, button, input:not([type=hidden]), select")]
                .filter((e) => e.offsetParent && !e.matches("[type=checkbox], [type=radio]"))
                .filter((e) => e.getBoundingClientRect().height < 36).map((e) => e.outerHTML)"""
        )
        assert small == []


def test_the_theme_is_switched_without_scripts(browser, address):
    with page_of(browser, java_script_enabled=False, color_scheme="light") as page:
        page.goto(f"{address}/style?q=1")

        def ground():
            return page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")

        light = ground()
        page.get_by_role("button", name="Dark", exact=True).click()
        assert page.url.endswith("/style?q=1")
        dark = ground()
        assert dark != light
        page.emulate_media(color_scheme="dark")
        page.get_by_role("button", name="Light", exact=True).click()
        assert ground() == light
        page.get_by_role("button", name="Automatic").click()
        assert ground() == dark


def test_the_keyboard_reaches_the_content_first(browser, address):
    with page_of(browser) as page:
        page.goto(f"{address}/style")
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
        page.locator(".skip-link").focus()
        assert page.locator(".skip-link").bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_the_menu_closes_on_escape_and_gives_the_focus_back(browser, address):
    with page_of(browser) as page:
        page.goto(f"{address}/style")
        summary = page.locator("details.menu:not(.menu--nav) > summary")
        summary.click()
        page.get_by_role("link", name="Your account").focus()
        page.keyboard.press("Escape")
        assert not page.get_by_role("link", name="Your account").is_visible()
        assert summary.evaluate("e => e === document.activeElement")


def test_a_question_is_asked_before_a_form_is_sent(browser, address):
    with page_of(browser) as page:
        page.goto(f"{address}/style")
        reject = page.locator("#bulk").get_by_role("button", name="Reject")
        reject.click()
        page.locator("dialog.confirm").get_by_role("button", name="Cancel").click()
        page.locator("dialog.confirm").wait_for(state="detached")
        assert page.url.endswith("/style")
        reject.click()
        page.locator("dialog.confirm").get_by_role("button", name="Reject").click()
        page.wait_for_url("**/style?sent=1")


def test_boxes_are_ticked_together_and_characters_counted_and_pictures_shown(browser, address):
    with page_of(browser) as page:
        page.goto(f"{address}/style")
        page.locator("[data-check-all]").check()
        boxes = page.locator('input[name="ids"]')
        assert all(boxes.nth(place).is_checked() for place in range(3))
        boxes.first.uncheck()
        assert page.locator("[data-check-all]").evaluate("e => e.indeterminate")
        page.locator("#f-notes").fill("Bonjour")
        assert page.locator("#f-notes + output").inner_text() == "7 / 500"
        files = [{"name": "a.png", "mimeType": "image/png", "buffer": picture()}]
        page.locator("#f-photos").set_input_files(files)
        page.locator(".preview canvas").wait_for()
        assert page.locator(".preview span").inner_text() == "a.png"
