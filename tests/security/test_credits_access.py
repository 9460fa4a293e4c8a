"""Who may call which route of the credits program; whoever may not changes nothing and learns nothing."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from PIL import Image

from guerdon.http.access import routes_of
from guerdon.programs.credits.service import photos
from support.credits import HOURS, ITEM, Caller, Club, item

BASE = "/api/v1/credits"
ASKERS = ("nobody", "other", "owner", "staff", "admin")


@dataclass(frozen=True)
class Case:
    """A route, how it is called, and what each asker is answered; statuses in the order of ``ASKERS``."""

    method: str
    path: str
    statuses: tuple[int, int, int, int, int]
    options: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


MEMBERS = (401, 200, 200, 200, 200)
OWNER = (401, 404, 200, 404, 404)
STAFF = (401, 403, 403, 200, 200)
ADMIN = (401, 403, 403, 403, 200)
CSV_FILE = {"files": {"file": ("in.csv", b"type,member_email\n", "text/csv")}}


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    return out.getvalue()


CASES = (
    Case("POST", "/contributions", (401, 201, 201, 201, 201), {"json": HOURS}),
    Case("GET", "/contributions", MEMBERS),
    Case("GET", "/contributions/{contribution_id}", (401, 404, 200, 200, 200)),
    Case("PUT", "/contributions/{contribution_id}", OWNER, {"json": ITEM}),
    Case("POST", "/contributions/{contribution_id}/withdraw", OWNER),
    Case("POST", "/contributions/{contribution_id}/resubmit", (401, 404, 409, 404, 404)),
    Case(
        "POST",
        "/contributions/{contribution_id}/photos",
        (401, 404, 201, 404, 404),
        {"files": [("photos", ("a.jpg", jpeg(), "image/jpeg"))]},
    ),
    Case("DELETE", "/contributions/{contribution_id}/photos/{photo_id}", (401, 404, 204, 404, 404)),
    Case("GET", "/photos/{photo_id}", (401, 404, 200, 200, 200)),
    Case("GET", "/summary", MEMBERS),
    Case("GET", "/statement", MEMBERS),
    Case("GET", "/leaderboard", MEMBERS),
    Case("GET", "/members/{user_id}/summary", STAFF),
    Case("GET", "/review/queue", STAFF),
    Case("GET", "/review/recent", STAFF),
    Case("POST", "/review/bulk", STAFF, {"json": {"action": "approve", "ids": ["{contribution_id}"]}}),
    Case("POST", "/review/{contribution_id}/approve", STAFF, {"json": {}}),
    Case("POST", "/review/{contribution_id}/reject", STAFF, {"json": {"reason": "no room"}}),
    Case("POST", "/review/{contribution_id}/reopen", (401, 403, 403, 409, 409), {"json": {"reason": "a mistake"}}),
    Case("POST", "/review/{contribution_id}/credits", STAFF, {"json": {"credits": "9", "reason": "more"}}),
    Case("POST", "/review/{contribution_id}/recalculate", STAFF),
    Case("GET", "/export", STAFF),
    Case("GET", "/import/template", STAFF),
    Case("POST", "/import", STAFF, CSV_FILE),
    Case("GET", "/rates", ADMIN),
    Case("POST", "/rates", (401, 403, 403, 403, 201), {"json": {"currency": "XOF", "rate": "0.002"}}),
    Case("POST", "/archive", ADMIN, {"json": {}}),
)


@dataclass
class World:
    """Everybody, and what the owner gave."""

    club: Club
    callers: dict[str, Caller]
    ids: dict[str, str]


@pytest.fixture
def world(club: Club, api: Callable[..., Caller]) -> World:
    callers = {"nobody": api(), "other": api("other"), "owner": api("owner")}
    callers |= {"staff": api("staff", "staff"), "admin": api("admin", "admin")}
    contribution_id = club.submit(callers["owner"].user_id, item(description="Secret tent"))
    (photo,) = club.do(photos.add, callers["owner"].user_id, contribution_id, [jpeg()])
    ids = {"contribution_id": contribution_id, "photo_id": photo.id, "user_id": callers["owner"].user_id}
    return World(club, callers, {name: str(value) for name, value in ids.items()})


def call(world: World, asker: str, case: Case) -> Any:
    options = dict(case.options or {})
    if "json" in options and "ids" in options["json"]:
        options["json"] = {**options["json"], "ids": [world.ids["contribution_id"]]}
    return world.callers[asker].request(case.method, BASE + case.path.format(**world.ids), **options)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matrix(world: World, case: Case) -> None:
    """The refused first, who must change nothing; then each who may, on what the one before left behind undone."""
    before = world.club.snapshot()
    expected = dict(zip(ASKERS, case.statuses, strict=True))
    allowed = [asker for asker in ASKERS if expected[asker] < 400]
    for asker in ASKERS:
        if asker in allowed:
            continue
        answer = call(world, asker, case)
        assert answer.status_code == expected[asker], (asker, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Secret" not in answer.text
    assert world.club.snapshot() == before
    if allowed:
        answer = call(world, allowed[0], case)
        assert answer.status_code == expected[allowed[0]], answer.text
    for asker in allowed[1:]:
        # What the first one did may stand in the way; the permission does not.
        answer = call(world, asker, case)
        assert answer.status_code in (expected[asker], 409), (asker, answer.text)


def test_every_route_stands_in_the_matrix(whole_app: FastAPI) -> None:
    present = {
        (method, route.path.removeprefix(BASE))
        for route in routes_of(whole_app)
        if route.path.startswith(f"{BASE}/")
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert present == {(case.method, case.path) for case in CASES}


def walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)
    else:
        yield str(value)


def test_a_member_sees_their_own_alone(world: World) -> None:
    own = world.club.submit(world.callers["other"].user_id, item(description="My boat"))
    other = world.callers["other"]
    assert [each["id"] for each in other.get(f"{BASE}/contributions").json()["items"]] == [str(own)]
    assert other.get(f"{BASE}/contributions", params={"search": "secret"}).json()["items"] == []
    for path in ("contributions", "summary", "statement", "leaderboard"):
        seen = set(walk(other.get(f"{BASE}/{path}").json()))
        assert not seen & set(world.ids.values()), path
        assert "owner@example.org" not in seen


def test_no_list_tells_an_address(world: World) -> None:
    """Names are shown; an e-mail address only in an export."""
    staff = world.callers["staff"]
    world.club.approve(staff.user_id, UUID(world.ids["contribution_id"]))
    for path in ("review/queue", "review/recent", "leaderboard"):
        assert "@example.org" not in staff.get(f"{BASE}/{path}").text
