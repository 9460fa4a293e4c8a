"""The reading club of ``examples/``: a program in a package of its own, installed through its entry point."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from guerdon.db.embedded import EmbeddedServer
from guerdon.web.extract import problems
from support.processes import RunningUp, free_port, guerdon_environment

ROOT = Path(__file__).parents[2]
CLUB = ROOT / "examples" / "reading_club"
PASSWORD = "guerdon demo account"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the example as pip installs it; from a copy, because pip builds beside the source."""
    place = tmp_path_factory.mktemp("site")
    source = shutil.copytree(CLUB, tmp_path_factory.mktemp("source") / CLUB.name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", str(place)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    return place


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """A Guerdon with demo data and the reading club."""
    port = free_port()
    directory = Path(tempfile.mkdtemp(prefix="gt-"))
    path = os.pathsep.join(part for part in (str(site), os.environ.get("PYTHONPATH", "")) if part)
    running = RunningUp(guerdon_environment(directory, port=port) | {"PYTHONPATH": path})
    try:
        running.wait_until_ready()
        yield f"http://127.0.0.1:{port}"
        running.process.send_signal(signal.SIGINT)
        assert running.finish() == 0, running.output
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.finish()
        EmbeddedServer(running.data_dir).stop()
        shutil.rmtree(directory)


class Caller:
    """A member over HTTP."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=30)
        answer = self.send("/api/v1/identity/tokens", {"email": "member@demo.example.org", "password": PASSWORD})
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def send(self, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.request("GET" if body is None else "POST", path, json=body, headers=headers).json()


def test_pages_earn_points_a_badge_a_streak_and_a_place(address: str) -> None:
    member = Caller(address)
    entry = {"book": "A long book", "pages": 120}
    answer = member.send("/api/v1/reading/entries", entry, key="first")
    assert answer["points"] == 120
    assert member.send("/api/v1/reading/entries", entry, key="first") == answer

    # 120 pages, a bonus of 5 for the first week and 10 for the first level of the badge; the same key gave nothing.
    accounts = member.send("/api/v1/ledger/accounts/me")["accounts"]
    assert [row["balance"] for row in accounts if row["unit"] == "PAGE"] == ["135"]
    badges = member.send("/api/v1/engagement/badges?program=reading")
    assert [(row["badge"]["name"], row["level"]) for row in badges] == [("Bookworm", 1)]
    streaks = member.send("/api/v1/engagement/streaks")
    assert [row["current"] for row in streaks if row["streak"]["program"] == "reading"] == [1]
    board = member.send("/api/v1/leaderboards/reading/pages/me?period=life")
    assert board["rank"] == 1, board

    refused = member.send("/api/v1/reading/entries", {"book": "A long book", "pages": -1}, key="second")
    assert refused["status"] == 422
    last = member.send("/api/v1/reading/entries", {"book": "Another", "pages": 500}, key="third")
    assert last["points"] == 180, last  # the rule's cap of 300 a day


def test_its_page_shows_and_records(address: str) -> None:
    browser = httpx.Client(base_url=address, timeout=30, follow_redirects=True)

    def submit(path: str, **values: str) -> str:
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', browser.get(path).text))
        return browser.post(path, data={**hidden, **values}).text

    submit("/sign-in", email="staff@demo.example.org", password=PASSWORD)
    assert "40 pages are on record" in submit("/reading", book="A short book", pages="40")
    assert "40 of 100" in submit("/reading", book="A short book", pages="many")


def test_it_is_small_and_nothing_in_the_house_knows_of_it() -> None:
    files = sorted(CLUB.rglob("src/**/*.py"))
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 150
    house = [file for file in (ROOT / "src").rglob("*.py") if "reading_club" in file.read_text(encoding="utf-8")]
    assert house == []


def test_its_french_is_complete(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    assert problems(["reading_club"], "fr", catalogues=["guerdon.web"]) == []
