"""Every route × everybody who might ask: the expected status, and that a refusal changes nothing.

What is expected stands in ``security/expectations``, package by package; the routes are read from the application, so
that a new one fails until somebody has said who may call it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from guerdon import boot
from guerdon.core.ids import new_id
from guerdon.core.settings import Settings
from guerdon.http.access import Access, Arriving, Requires, declared_access, routes_of
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.sessions import start_session
from security.expectations import COLUMNS, Content, Expectation, expectations, packages
from support.http_client import Client
from support.rewinding import RewindingDatabase
from support.world import ROLES, SECRET, World, digests

NOBODY = "anonymous"
REFUSED, FAILED = 400, 500
SCOPE = "identity:self"
OFFERED: dict[str, Any] = {
    "facebook_client_id": "guerdon",
    "facebook_client_secret": "secret",
    "app_redirect_uris": ("org.example.app:/back",),
}
"""A provider to sign in with, which is not asked anything before somebody comes back from it."""
COUNTED = {"http.rate_windows": "attempts are counted most of all when they are refused"}
"""Tables that refusals write to by design."""
NOTED = {
    "identity.user_sessions": ["last_used_at"],
    "identity.admin_sessions": ["last_activity_at"],
    "identity.api_keys": ["last_used_at"],
}
"""Columns that refusals write to by design: that a session or key is in use is noted, whatever becomes of a request."""
ANSWERED_ANYHOW = {
    "GET /api/v1/activities/members/{user_id}": "nobody has no activities",
    "DELETE /api/v1/events/blocks/{user_id}": "there is nothing to lift",
}
"""Routes that tell no difference between what is not there and what has nothing."""


def declarations(app: FastAPI) -> dict[str, Access]:
    """What each route declares, by method and path."""
    return {
        f"{method} {route.path}": declared_access(route)[0]
        for route in routes_of(app)
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"})
    }


def moved(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Tables that are not as they were, but for those that count what is refused."""
    return sorted(table for table in after if after[table] != before[table] and table not in COUNTED)


def proposal(route: str, access: Access, app: FastAPI) -> str:
    """The line of a table to begin with, as far as the declaration tells."""
    method = route.partition(" ")[0]
    answer = "200" if method == "GET" else "303" if "/api/" not in route else "200"
    statuses = dict.fromkeys(COLUMNS, answer)
    if isinstance(access, Requires):
        statuses[NOBODY] = "401"
        for name, role in ROLES.items():
            held = app.state.permissions.held_by({"user", role.value})
            statuses[name] = answer if access.permission is None or access.permission in held else "403"
    return f"{route} {' '.join(statuses.values())}"


class Asker:
    """Somebody as a program with a token, and as a browser that is signed in."""

    def __init__(self, world: World, app: FastAPI, name: str) -> None:
        self.program, self.browser = Client(app), Client(app, page=True)
        if name != NOBODY:
            self.program.bear(app.state.access_tokens.issue(world.people[name], world.clock, proven=True)[0])
            user = world.do(lambda session: session.get(User, world.people[name]))
            token, _ = world.do(start_session, world.clock, user, app.state.session_policy)
            self.browser.cookies.set("guerdon_session", token)
        self._form_token = self.browser.form_token("/sign-in" if name == NOBODY else "/account")

    def ask(self, world: World, expected: Expectation) -> httpx.Response:
        """Send the request of a line."""
        sent = expected.body(world)
        path = expected.address(world)
        if isinstance(sent, Content):
            options = dict(sent.options)
        elif expected.method == "GET" or (sent is None and not expected.page):
            options = {}
        else:
            options = {"data": expected.body_as_form(world)} if expected.page else {"json": sent}
        if not expected.page:
            headers = {"idempotency-key": str(new_id()), **options.pop("headers", {})}
            return self.program.request(expected.method, path, headers=headers, **options)
        if expected.method != "GET":
            options["headers"] = {"x-csrf-token": self._form_token, **options.pop("headers", {})}
        browser = Client(self.browser._app, page=True)
        browser.cookies = httpx.Cookies(self.browser.cookies)
        return browser.request(expected.method, path, **options)


@dataclass
class Scene:
    """The application as it is put together for real, on a database that can be rewound, with everybody before it.

    Attributes:
        declared: what each route declares, by method and path.
        askers: everybody, by column.
    """

    world: World
    database: RewindingDatabase
    app: FastAPI
    declared: dict[str, Access]
    askers: dict[str, Asker]
    owner: "psycopg.Connection[Any]"

    def digests(self) -> dict[str, str]:
        """The database as everybody else sees it."""
        return digests(self.world.owner_dsn, NOTED)

    def refuse(self, asker: Asker, expected: Expectation) -> int:
        """Ask what is refused, on a database that keeps what it is told; the status."""
        status = asker.ask(self.world, expected).status_code
        self.database.commit()
        self.owner.execute("DELETE FROM http.rate_windows")  # else the limits would refuse what the table wants refused
        return status

    def sent_away(self, name: str, expected: Expectation) -> bool:
        """Whether the answer is the way to the page of signing in."""
        return name == NOBODY and isinstance(self.declared[expected.route], Requires)


@pytest.fixture(scope="module")
def scene(shared_world: World) -> Iterator[Scene]:
    """One for all tests here: each leaves the world as it was, which is what most of them are about."""
    database = RewindingDatabase(shared_world.app_dsn)
    settings = Settings(data_dir=shared_world.data_dir, secret_key=SECRET, **OFFERED)
    app = boot.create_app(settings, database, shared_world.clock)
    askers = {name: Asker(shared_world, app, name) for name in COLUMNS}
    database.commit()
    with psycopg.connect(shared_world.owner_dsn, autocommit=True) as owner:
        yield Scene(shared_world, database, app, declarations(app), askers, owner)
    database.dispose()


@pytest.fixture(params=[each.__name__.rpartition(".")[2] for each in packages()])
def table(request: pytest.FixtureRequest) -> list[Expectation]:
    """The lines of one package."""
    return [each for each in expectations() if each.package == request.param]


def test_every_route_stands_in_a_table(scene: Scene) -> None:
    told = {each.route for each in expectations()}
    missing = [proposal(route, access, scene.app) for route, access in scene.declared.items() if route not in told]
    assert not missing, "look at each and add it to tests/security/expectations:\n" + "\n".join(missing)
    assert told - set(scene.declared) == set(), "no such routes any more"
    assert len(scene.declared) > 400


def test_everybody_gets_what_the_table_says(scene: Scene, table: list[Expectation]) -> None:
    """What is let through: each request on the world as it was settled, and undone after it."""
    wrong = []
    for expected in table:
        for name, asker in scene.askers.items():
            if expected.statuses[name] < REFUSED:
                status = asker.ask(scene.world, expected).status_code
                scene.database.rewind()
                if status != expected.statuses[name]:
                    wrong.append(f"{expected.route}: {name} got {status}, not {expected.statuses[name]}")
    assert not wrong, "\n".join(wrong)


def test_a_refusal_changes_nothing(scene: Scene, table: list[Expectation]) -> None:
    """Every request that the table refuses, one after the other, and each kept."""
    before = scene.digests()
    wrong = []
    for expected in table:
        for name, asker in scene.askers.items():
            if expected.statuses[name] >= REFUSED or scene.sent_away(name, expected):
                status = scene.refuse(asker, expected)
                if status != expected.statuses[name]:
                    wrong.append(f"{expected.route}: {name} got {status}, not {expected.statuses[name]}")
    assert not wrong, "\n".join(wrong)
    assert moved(before, scene.digests()) == []


def test_what_is_not_there_is_refused(scene: Scene) -> None:
    """Ids that nothing has, in the requests of those who would see it if it were there."""
    wrong = []
    for expected in expectations():
        unknown = {gap: str(new_id()) if gap.endswith("_id") else thing for gap, thing in expected.things.items()}
        if unknown == expected.things or expected.route in ANSWERED_ANYHOW:
            continue
        name = next((each for each in ("owner", "admin") if expected.statuses[each] < REFUSED), "admin")
        status = scene.askers[name].ask(scene.world, replace(expected, things=unknown)).status_code
        scene.database.rewind()
        if not REFUSED <= status < FAILED:
            wrong.append(f"{expected.route}: {name} got {status}")
    assert not wrong, "\n".join(wrong)


def test_the_table_lets_nobody_in_who_lacks_the_permission(scene: Scene) -> None:
    """The table itself: who is not signed in gets nowhere but to open routes, and who lacks a permission nowhere."""
    for expected in expectations():
        access, statuses = scene.declared[expected.route], expected.statuses
        if not isinstance(access, Requires):
            continue
        assert statuses[NOBODY] == 401 or (expected.page and expected.method == "GET" and statuses[NOBODY] == 303)
        for name, role in ROLES.items():
            held = scene.app.state.permissions.held_by({"user", role.value})
            lacking = access.permission is not None and access.permission not in held
            assert statuses[name] == 403 or not lacking, f"{expected.route}: {name}"
        assert max(statuses.values()) < FAILED, expected.route


def test_a_page_takes_no_form_without_its_token(scene: Scene) -> None:
    """What a browser may be tricked into sending is refused, whoever is signed in in it."""
    browser = scene.askers["super_admin"].browser
    before = scene.digests()
    tried = 0
    for expected in expectations():
        if expected.page and expected.method != "GET" and not isinstance(scene.declared[expected.route], Arriving):
            path, form = expected.address(scene.world), expected.body_as_form(scene.world)
            assert browser.request(expected.method, path, data=form).status_code == 403, expected.route
            tried += 1
    assert tried > 100
    scene.database.commit()
    assert moved(before, scene.digests()) == []


def test_a_machine_gets_no_further_than_its_scope(scene: Scene) -> None:
    """With the widest key that a member can make: not where people decide, nor where a permission is asked for."""
    world = scene.world
    user = world.do(lambda session: session.get(User, world.people["super_admin"]))
    key, _ = world.do(api_keys.create, world.clock, user, name="Till", scopes=[SCOPE], days=1, held=[SCOPE])
    machine = Asker(world, scene.app, NOBODY)
    machine.program.bear(key)
    before = scene.digests()
    for expected in expectations():
        access = scene.declared[expected.route]
        if isinstance(access, Requires) and not expected.page and (access.in_person or access.permission is not None):
            assert machine.ask(world, expected).status_code == 403, expected.route
    scene.database.commit()
    assert moved(before, scene.digests()) == []


@pytest.mark.parametrize(
    "header", ["Bearer gk_00000000_unknown", "Bearer a.b.c", "Basic YTpi", "Bearer", "Bearer " + "x" * 5000]
)
def test_a_forged_proof_opens_nothing(scene: Scene, header: str) -> None:
    before = scene.digests()
    client = Client(scene.app)
    for expected in expectations():
        if isinstance(scene.declared[expected.route], Requires):
            answer = client.request(expected.method, expected.address(scene.world), headers={"authorization": header})
            assert answer.status_code == 401, f"{expected.route} answered {answer.status_code}"
    scene.database.commit()
    assert moved(before, scene.digests()) == []
