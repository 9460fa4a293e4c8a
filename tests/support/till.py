"""Activities from outside, as a till or a gate sends them: with a key, one CloudEvent or many lines of them."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from guerdon.kernel.identity.permissions import Role
from support.http_client import Client
from support.people import PASSWORD
from support.track import Track, rule

PATH = "/api/v1/activities"
BATCH = f"{PATH}/batch"
RULES = (
    rule("metres", "ratio(activity.metres * params.laps_per_km, 1000)", params={"laps_per_km": 2}),
    rule("first_of_day", "5", caps={"day": 5}),
    rule("at_night", "7", condition="has(activity.night) && activity.night"),
)


@pytest.fixture
def runner(track: Track) -> UUID:
    """A member; three rules are in force."""
    track.install(*RULES)
    return track.member("runner")


def client(app: FastAPI, person: Callable[..., Any], role: str, *, scopes: list[str] | None = None) -> Client:
    """An API client of somebody of a role: with their token, or with a key for some scopes."""
    person(role, Role(role))
    made = Client(app)
    answer = made.post("/api/v1/identity/tokens", json={"email": f"{role}@example.org", "password": PASSWORD})
    made.bear(answer.json()["access_token"])
    if scopes is not None:
        key = made.post("/api/v1/identity/api-keys", json={"name": "Till", "scopes": scopes, "days": 30})
        assert key.status_code == 201, key.text
        made.bear(key.json()["key"])
    return made


@pytest.fixture
def till(whole_app: FastAPI, person: Callable[..., Any], runner: UUID) -> Client:
    """A machine with a key that may record activities and nothing else."""
    return client(whole_app, person, "staff", scopes=["activities:record"])


def event(subject: Any, number: int = 1, **changes: Any) -> dict[str, Any]:
    found = {
        "specversion": "1.0",
        "id": f"run-{number}",
        "source": "https://track.example.org/gate/1",
        "type": "track.run",
        "subject": str(subject),
        "time": "2026-03-02T08:00:00Z",
        "data": {"metres": 3000, "route": "river"},
        **changes,
    }
    return {name: value for name, value in found.items() if value is not None}


def ndjson(*documents: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" if not isinstance(each, bytes) else each for each in documents)


def send(till: Client, body: bytes, **options: Any) -> list[dict[str, Any]]:
    headers = {"content-type": "application/x-ndjson", **options.pop("headers", {})}
    answer = till.post(options.pop("path", BATCH), content=body, headers=headers, **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]
