"""More requests at once than there are connections or threads: all of them are answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.identity.models import User
from support.chromium import serving
from support.http_client import NO_AUTHORITIES
from support.people import PASSWORD

CROWD = 120


@pytest.fixture
def crowded_app(app_dsn: str, clock: FixedClock, recorded: None, tmp_path: Path) -> FastAPI:
    """The whole application on three connections, with a short patience."""
    database = Database(app_dsn, pool_size=2, pool_overflow=1, pool_timeout_s=20)
    return boot.create_app(Settings(data_dir=tmp_path, secret_key="s" * 40), database, clock)


def test_a_crowd_is_served(crowded_app: FastAPI, person: Callable[..., User]) -> None:
    person("awa")
    with serving(crowded_app) as address, httpx.Client(base_url=address, timeout=30, verify=NO_AUTHORITIES) as client:
        credentials = {"email": "awa@example.org", "password": PASSWORD}
        token = client.post("/api/v1/identity/tokens", json=credentials).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        def ask(_: int) -> int:
            path = "/api/v1/ledger/accounts/me"
            return httpx.get(f"{address}{path}", headers=headers, timeout=30, verify=NO_AUTHORITIES).status_code

        with ThreadPoolExecutor(CROWD) as threads:
            assert set(threads.map(ask, range(CROWD))) == {200}


def test_a_crowd_that_signs_in_is_served(crowded_app: FastAPI, person: Callable[..., User]) -> None:
    """Each sign-in counts its attempt in a transaction beside its own: two connections at a time."""
    person("awa")
    with serving(crowded_app) as address:

        def sign_in(number: int) -> int:
            body = {"email": f"nobody{number}@example.org", "password": PASSWORD}
            path = "/api/v1/identity/tokens"
            return httpx.post(f"{address}{path}", json=body, timeout=30, verify=NO_AUTHORITIES).status_code

        with ThreadPoolExecutor(24) as threads:
            assert set(threads.map(sign_in, range(24))) <= {401, 429}


def test_streams_leave_room_for_others(crowded_app: FastAPI, person: Callable[..., User]) -> None:
    person("awa")
    with serving(crowded_app) as address, httpx.Client(base_url=address, timeout=30, verify=NO_AUTHORITIES) as client:
        credentials = {"email": "awa@example.org", "password": PASSWORD}
        token = client.post("/api/v1/identity/tokens", json=credentials).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}

        def ask(number: int) -> int:
            path = "/credits/statement.csv" if number % 2 else "/api/v1/credits/summary"
            return httpx.get(f"{address}{path}", headers=headers, timeout=30, verify=NO_AUTHORITIES).status_code

        with ThreadPoolExecutor(60) as threads:
            assert set(threads.map(ask, range(60))) == {200}
