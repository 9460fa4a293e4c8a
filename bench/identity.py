"""What knowing who asks costs: a request authenticated by token against the same route left open."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI
from sqlalchemy import text

from bench.arena import Arena
from bench.figures import Figure, Progress, Rounds
from bench.plan import Plan
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.access import public
from guerdon.http.setup import new_app, protect
from guerdon.http.transaction import SessionDep
from guerdon.kernel.admin import audit
from guerdon.kernel.identity import api as identity_api
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.identity.service.accounts import create_account

REQUESTS = 300
SHARE_MIN = 0.5
"""A request by token keeps at least half of the rate of an open one that asks the database one thing."""


def figures(arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """The rate of small requests with and without a token, one after the other, in this process."""
    place = arena.place("identity")
    database = Database(place.app_dsn)
    with tempfile.TemporaryDirectory() as directory:
        try:
            app, token = _application(database, Path(directory))
            headers = {"authorization": f"Bearer {token}"}
            rounds = Rounds(
                {
                    "known": lambda: _rate(app, "/api/v1/identity/me", headers),
                    "open": lambda: _rate(app, "/open", {}),
                },
                plan.single_rounds,
                progress,
            )
        finally:
            database.dispose()
    return [
        Figure(
            "requests by access token, one connection",
            "the same application, a route that is open and runs one statement",
            rounds.rate("known"),
            rounds.rate("open"),
            "requests/s",
            rounds.ratio("known", "open"),
            rounds.count,
            SHARE_MIN,
        )
    ]


def _application(database: Database, directory: Path) -> tuple[FastAPI, str]:
    clock = SystemClock()
    audit.install()
    app = new_app(
        settings=Settings(data_dir=directory, secret_key="b" * 40, log_level="error"),
        database=database,
        clock=clock,
        version="0",
    )
    identity_api.install(app, PermissionCatalogue())
    app.include_router(identity_api.router)

    @app.get("/open")
    def open_route(_open: Annotated[None, Depends(public(identify=False))], session: SessionDep) -> int:
        return int(session.execute(text("SELECT 1")).scalar_one())

    protect(app)
    with database.transaction() as session:
        user = create_account(session, clock, email="bench@example.org", name="Bench", password=None)
    token, _ = app.state.access_tokens.issue(user.id, clock)
    return app, token


def _rate(app: FastAPI, path: str, headers: dict[str, str]) -> float:
    async def send(get: Callable[[], Awaitable[httpx.Response]]) -> float:
        start = perf_counter()
        answer = await get()
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return perf_counter() - start

    async def run() -> float:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
            return 1 / median([await send(lambda: client.get(path)) for _ in range(REQUESTS)])

    return asyncio.run(run())
