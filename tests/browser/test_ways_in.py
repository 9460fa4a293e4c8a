"""Signing in to a protected page in Chromium, by each method: password, telephone, provider."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page

from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.providers import Providers
from support.chromium import chromium, overflow_px, page_of, serving
from support.openid_provider import CLIENT_ID, SECRET, ProviderServer, provider_server
from support.people import PASSWORD
from support.post import Post

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 800}


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """One Chromium for all."""
    with chromium() as started:
        yield started


@pytest.fixture
def provider(clock: FixedClock) -> Iterator[ProviderServer]:
    """A provider that shows a page of its own."""
    with provider_server() as server:
        server.now = lambda: clock.now().timestamp()
        server.page = True
        yield server


@pytest.fixture
def address(identity_app: FastAPI, provider: ProviderServer, tmp_path: Path) -> Iterator[str]:
    """The application, served, with a provider."""
    with serving(identity_app) as url:
        settings = Settings(
            secret_key="s" * 40,
            data_dir=tmp_path,
            public_url=url,
            google_client_id=CLIENT_ID,
            google_client_secret=SECRET,
            google_issuer=provider.url,
        )
        identity_app.state.settings = settings
        identity_app.state.providers = Providers(settings)
        yield url


def arrive_at_keys(page: Page) -> None:
    page.wait_for_url("**/account/keys")
    assert page.locator("h1").inner_text() in {"API keys", "Clés d’API"}
    assert overflow_px(page) <= 0


@pytest.mark.parametrize("scripts", [True, False])
def test_by_password(chrome: Any, address: str, person: Callable[..., User], scripts: bool) -> None:
    person("awa")
    with page_of(chrome, viewport=PHONE, java_script_enabled=scripts) as page:
        page.goto(f"{address}/account/keys")
        assert "/sign-in" in page.url
        assert overflow_px(page) <= 0
        page.fill("#f-email", "awa@example.org")
        page.fill("#f-password", PASSWORD)
        page.locator("main form button").click()
        arrive_at_keys(page)


def test_by_telephone(chrome: Any, address: str, post: Post) -> None:
    with page_of(chrome, viewport=PHONE, java_script_enabled=False, locale="fr-FR") as page:
        page.goto(f"{address}/account/keys")
        page.locator("main a[href^='/sign-in/phone']").click()
        page.fill("#f-phone", "77 123 45 67")
        page.locator("main form button").click()
        page.fill("#f-code", post.code())
        assert overflow_px(page) <= 0
        page.locator("main form button").click()
        page.fill("#f-name", "Awa Diop")
        page.locator("main form button").click()
        arrive_at_keys(page)


def test_by_provider(chrome: Any, address: str, provider: ProviderServer) -> None:
    with page_of(chrome, viewport=PHONE, java_script_enabled=False) as page:
        page.goto(f"{address}/account/keys")
        for path in ("/sign-up", "/sign-in"):
            page.goto(f"{address}{path}?next=/account/keys")
            assert overflow_px(page) <= 0, path
        page.locator("main a[href^='/sign-in/with/google']").click()
        assert page.url.startswith(provider.url)
        page.get_by_text("Continue").click()
        arrive_at_keys(page)
        for path in ("/account", "/account/access", "/password/forgotten"):
            page.goto(f"{address}{path}")
            assert overflow_px(page) <= 0, path
