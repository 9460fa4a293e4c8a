"""Chromium for tests: found on the machine, started once, watched for faults."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_START_TIMEOUT_S = 20


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; skips the test, and says how to get it, when there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine; install Debian's package: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on a free port of this machine; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", http="h11"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while not server.started and time.monotonic() < deadline_s:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_START_TIMEOUT_S)


@contextmanager
def page_of(browser: Browser, *, refusals: tuple[int, ...] = (), **options: Any) -> Iterator[Page]:
    """A page in a context of its own; the test fails at its end if a script failed or the policy blocked something.

    Args:
        browser: from ``chromium``.
        refusals: HTTP statuses that the test meets on purpose; the console tells of them too.
        options: of the browser context: ``viewport``, ``color_scheme``, ``locale``, ``java_script_enabled`` …
    """
    context = browser.new_context(**options)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def heard(line: ConsoleMessage) -> None:
        if line.type == "error" and not any(f"status of {status} " in line.text for status in refusals):
            faults.append(f"{line.text} {line.location.get('url')}")

    page.on("console", heard)
    try:
        yield page
    finally:
        context.close()
    assert not faults, "; ".join(faults)


def overflow_px(page: Page) -> int:
    """How far the page is wider than the window: 0 when nothing has to be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
