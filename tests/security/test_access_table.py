"""Every route × everybody who might ask: the expected status, and that a refusal changes nothing.

What is expected stands in ``security/expectations``, package by package; the routes are read from the application, so
that a new one fails until somebody has said who may call it.
"""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from guerdon import boot
from guerdon.core.ids import new_id
from guerdon.core.settings import Settings
from guerdon.http.access import Access, Arriving, Requires, declared_access, routes_of
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import api_keys
from guerdon.kernel.identity.service.sessions import start_session
from security.expectations import BEING_BUILT, COLUMNS, GAP, Content, Expectation, expectations
from support.http_client import Client
from support.living import SECRET
from support.rewinding import RewindingDatabase
from support.world import ROLES, World, digests

NOBODY = "anonymous"
REFUSED = 400
SCOPE = "identity:self"
COUNTED = {"http.rate_windows": "attempts are counted most of all when they are refused"}
"""Tables that refusals write to by design."""
NOTED = {"identity.user_sessions": ["last_used_at"], "identity.admin_sessions": ["last_activity_at"]}
"""Columns that refusals write to by design: that a session is in use is noted, whatever becomes of the request."""
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def rewinding(world: World) -> Iterator[RewindingDatabase]:
    """The world's database, for an application."""
    database = RewindingDatabase(world.app_dsn)
    yield database
    database.dispose()


@pytest.fixture
def living_app(world: World, rewinding: RewindingDatabase) -> FastAPI:
    """The application as it is put together for real, on a database that can be rewound."""
    return boot.create_app(Settings(data_dir=world.data_dir, secret_key=SECRET), rewinding, world.clock)


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


def being_built(app: FastAPI) -> dict[str, str]:
    """Routes of packages in the making that no table names, and the package of each."""
    told = {each.route for each in expectations()}
    found = {}
    for route in routes_of(app):
        module = f"{getattr(route.endpoint, '__module__', '')}."
        package = next((each for each in BEING_BUILT if module.startswith(f"{each}.")), None)
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            if package is not None and f"{method} {route.path}" not in told:
                found[f"{method} {route.path}"] = package
    return found


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


@pytest.fixture
def askers(world: World, living_app: FastAPI) -> dict[str, Asker]:
    """Everybody, by column."""
    return {name: Asker(world, living_app, name) for name in COLUMNS}


def test_every_route_stands_in_a_table(living_app: FastAPI) -> None:
    declared = declarations(living_app)
    told = {each.route for each in expectations()}
    later = being_built(living_app)
    missing = [
        proposal(route, access, living_app)
        for route, access in declared.items()
        if route not in told and route not in later
    ]
    assert not missing, "look at each and add it to tests/security/expectations:\n" + "\n".join(missing)
    assert told - set(declared) == set(), "no such routes any more"
    assert len(declared) > 200
    assert set(BEING_BUILT) <= set(later.values()), "they have all their lines: take them off BEING_BUILT"


def test_what_is_being_built_refuses_whom_it_declares(
    world: World, living_app: FastAPI, rewinding: RewindingDatabase, askers: dict[str, Asker]
) -> None:
    declared = declarations(living_app)
    before = digests(world.owner_dsn, NOTED)
    for route, package in being_built(living_app).items():
        method, path = route.split(" ")
        gaps = {gap[1]: str(new_id()) for gap in GAP.finditer(path)}
        expected = Expectation(package, method, path, gaps, {})
        for name, status in zip(COLUMNS, proposal(route, declared[route], living_app).split()[2:], strict=True):
            if status in {"401", "403"}:
                answer = askers[name].ask(world, expected).status_code
                to_sign_in = name == NOBODY and expected.page and method == "GET"
                assert answer == (303 if to_sign_in else int(status)), f"{route}: {name}"
    rewinding.commit()
    assert moved(before, digests(world.owner_dsn, NOTED)) == []


def test_everybody_gets_what_the_table_says(
    world: World, rewinding: RewindingDatabase, askers: dict[str, Asker]
) -> None:
    """Each request on the world as it was settled, and undone after it."""
    wrong = []
    for expected in expectations():
        for name, asker in askers.items():
            status = asker.ask(world, expected).status_code
            rewinding.rewind()
            if status != expected.statuses[name]:
                wrong.append(f"{expected.route}: {name} got {status}, not {expected.statuses[name]}")
    assert not wrong, "\n".join(wrong)


def test_the_table_lets_nobody_in_who_lacks_the_permission(living_app: FastAPI) -> None:
    """The table itself: who is not signed in gets nowhere but to open routes, and who lacks a permission nowhere."""
    declared = declarations(living_app)
    for expected in expectations():
        access, statuses = declared[expected.route], expected.statuses
        if not isinstance(access, Requires):
            continue
        assert statuses[NOBODY] == 401 or (expected.page and expected.method == "GET" and statuses[NOBODY] == 303)
        for name, role in ROLES.items():
            held = living_app.state.permissions.held_by({"user", role.value})
            lacking = access.permission is not None and access.permission not in held
            assert statuses[name] == 403 or not lacking, f"{expected.route}: {name}"
        assert max(statuses.values()) < 500, expected.route


def test_a_refusal_changes_nothing(world: World) -> None:
    """Every request that the table refuses, one after the other, on a database that keeps what it is told."""
    app = boot.create_app(Settings(data_dir=world.data_dir, secret_key=SECRET), world.database, world.clock)
    declared = declarations(app)
    askers = {name: Asker(world, app, name) for name in COLUMNS}
    before = digests(world.owner_dsn, NOTED)
    refused = 0
    for expected in expectations():
        world.sql("DELETE FROM http.rate_windows")  # else the limits would refuse what the table wants refused
        for name, asker in askers.items():
            sent_away = name == NOBODY and isinstance(declared[expected.route], Requires)
            if expected.statuses[name] >= REFUSED or sent_away:
                refused += 1
                assert asker.ask(world, expected).status_code == expected.statuses[name], f"{expected.route}: {name}"
    after = digests(world.owner_dsn, NOTED)
    assert moved(before, after) == []
    assert refused > 700


def test_a_page_takes_no_form_without_its_token(world: World, living_app: FastAPI) -> None:
    """What a browser may be tricked into sending is refused, whoever is signed in in it."""
    browser = Asker(world, living_app, "super_admin").browser
    before = digests(world.owner_dsn, NOTED)
    declared = declarations(living_app)
    tried = 0
    for expected in expectations():
        if expected.page and expected.method != "GET" and not isinstance(declared[expected.route], Arriving):
            answer = browser.request(expected.method, expected.address(world), data=expected.body_as_form(world))
            assert answer.status_code == 403, expected.route
            tried += 1
    assert tried > 60
    assert moved(before, digests(world.owner_dsn, NOTED)) == []


def test_a_machine_gets_no_further_than_its_scope(
    world: World, living_app: FastAPI, rewinding: RewindingDatabase
) -> None:
    """With the widest key that a member can make: not where people decide, nor where a permission is asked for."""
    user = world.do(lambda session: session.get(User, world.people["super_admin"]))
    key, _ = world.do(api_keys.create, world.clock, user, name="Till", scopes=[SCOPE], days=1, held=[SCOPE])
    machine = Asker(world, living_app, NOBODY)
    machine.program.bear(key)
    before = digests(world.owner_dsn)
    declared = declarations(living_app)
    for expected in expectations():
        access = declared[expected.route]
        if isinstance(access, Requires) and not expected.page and (access.in_person or access.permission is not None):
            assert machine.ask(world, expected).status_code == 403, expected.route
    rewinding.rewind()
    assert digests(world.owner_dsn) == before


@pytest.mark.parametrize(
    "header", ["Bearer gk_00000000_unknown", "Bearer a.b.c", "Basic YTpi", "Bearer", "Bearer " + "x" * 5000]
)
def test_a_forged_proof_opens_nothing(world: World, header: str) -> None:
    app = boot.create_app(Settings(data_dir=world.data_dir, secret_key=SECRET), world.database, world.clock)
    before = digests(world.owner_dsn)
    client = Client(app)
    declared = declarations(app)
    for expected in expectations():
        if isinstance(declared[expected.route], Requires):
            answer = client.request(expected.method, expected.address(world), headers={"authorization": header})
            assert answer.status_code == 401, f"{expected.route} answered {answer.status_code}"
    assert digests(world.owner_dsn) == before
