"""Every route of the whole application says who may call it."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.access import Requires, declared_access, routes_of


@pytest.fixture
def whole_app(database: Database, clock: FixedClock, tmp_path: Path) -> Any:
    """The application as it is put together for real."""
    if importlib.util.find_spec("guerdon.boot") is None:
        pytest.skip("the composition root is not built yet")
    from guerdon import boot

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
