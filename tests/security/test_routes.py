"""Every route of the whole application says who may call it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Match

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.access import Requires, declared_access, routes_of
from guerdon.kernel.identity.models import User
from support.http_client import Client, is_problem


@pytest.fixture
def whole_app(database: Database, clock: FixedClock, tmp_path: Path) -> Any:
    """The application as it is put together for real."""
    return boot.create_app(Settings(data_dir=tmp_path, secret_key="s" * 40), database, clock)


def problems_of(app: FastAPI) -> list[str]:
    """Routes that declare nothing, or more than one thing, or a permission that does not exist."""
    found = []
    for route in routes_of(app):
        declared = declared_access(route)
        if len(declared) != 1:
            found.append(f"{sorted(route.methods or ())} {route.path} declares {len(declared)} kinds of access")
        for each in declared:
            if isinstance(each, Requires) and each.permission and each.permission not in app.state.permissions:
                found.append(f"{route.path} requires the unknown permission {each.permission}")
    return found


def test_every_route_declares_its_access(whole_app: FastAPI) -> None:
    assert problems_of(whole_app) == []


def test_every_route_of_identity_declares_its_access(identity_app: FastAPI) -> None:
    assert problems_of(identity_app) == []
    assert len(routes_of(identity_app)) > 25


def test_a_route_that_declares_nothing_is_found(identity_app: FastAPI) -> None:
    @identity_app.get("/forgotten")
    def forgotten() -> None: ...

    assert len(problems_of(identity_app)) == 1


def test_signposts_lead_to_every_route_and_hide_none(whole_app: FastAPI) -> None:
    """What a router says of an address is what it would say without the signpost before it."""
    identifier = "0198c0de-0000-7000-8000-000000000001"
    addresses = {re.sub(r"{[^}]*}", identifier, str(route.path)) for route in routes_of(whole_app) if route.methods}
    led_astray = []
    for address in (*sorted(addresses), "/", "/nothing", "/api/v1", "/api/v1/nothing", "/static/x.css"):
        for method in ("GET", "POST"):
            scope = {"type": "http", "path": address, "method": method, "root_path": "", "app": whole_app}
            said = [
                (route.matches(dict(scope))[0], type(route).matches(route, dict(scope))[0])
                for route in whole_app.router.routes
            ]
            led_astray += [address for with_it, without in said if with_it != without]
            assert address not in addresses or any(with_it != Match.NONE for with_it, _ in said), address
    assert led_astray == []


def test_an_address_takes_the_methods_of_the_routes_that_name_it_most_exactly(
    whole_app: FastAPI, person: Callable[..., User]
) -> None:
    """``PUT /api/v1/events/figures`` changes no event that is called figures."""
    methods: dict[str, set[str]] = {}
    for route in routes_of(whole_app):
        if route.methods and str(route.path).startswith("/api/"):
            methods.setdefault(str(route.path), set()).update(route.methods)
    # An address with a parameter is asked for with an id; which other route may name the same one does not matter then.
    identifier = "0198c0de-0000-7000-8000-000000000001"
    user = person("awa", "super_admin")
    token, _ = whole_app.state.access_tokens.issue(user.id, whole_app.state.clock, proven=True)
    client = Client(whole_app).bear(token)
    for path, taken in methods.items():
        allowed = taken | {"HEAD"} if "GET" in taken else taken
        address = re.sub(r"{[^}]*}", identifier, path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
            answer = client.request(method, address)
            assert answer.status_code == 405, f"{method} {path}: {answer.text}"
            is_problem(answer, 405, "method-not-allowed")
            assert answer.headers["allow"] == ", ".join(sorted(allowed)), f"{method} {path}"
    assert len([path for path in methods if "{" not in path]) > 80
    assert len(methods) > 160
