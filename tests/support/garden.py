"""A small program of the tests' own, and the whole application with it: what the kernel does for any program."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.money import Unit, UnitKind
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel.engagement.schemas import RuleSeed, TierSeed
from guerdon.kernel.engagement.service import rules, tiers
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.ledger.catalogue import register_units
from guerdon.kernel.program import HomeCard, Program, ReviewQueue

from .http_client import Client
from .people import PASSWORD

LEAF = Unit("LEAF", 2, UnitKind.POINTS, "leaves")
GARDEN = Program(
    name="garden",
    title="Garden",
    package="guerdon.kernel.home",
    units=(LEAF,),
    rules=(
        RuleSeed(
            code="watering",
            activity_kind="garden.watering",
            unit="LEAF",
            amount=(
                "ratio(activity.litres_hundredths * params.leaves_per_litre_bp"
                " * params.plant_percent[activity.plant], 1000000)"
            ),
            condition="activity.litres_hundredths > 0",
            params={"leaves_per_litre_bp": 5000, "plant_percent": {"tree": 100, "moss": 50}},
            note="Half a leaf for each litre.",
        ),
        RuleSeed(code="weeding", activity_kind="garden.weeding", unit="LEAF", amount="100 * activity.beds"),
    ),
    tiers=(
        TierSeed("seed", "Seed", "LEAF", 0),
        TierSeed("shoot", "Shoot", "LEAF", 2100),
        TierSeed("bush", "Bush", "LEAF", 5100),
        TierSeed("tree", "Tree", "LEAF", 10100),
    ),
    review=ReviewQueue("To look at", "/garden/review", "engagement:read", lambda _session: 3),
    home=lambda _session, _clock, _user, _locale: [HomeCard("Leaves", "12.50", "Silver", "/garden")],
)


def plant(owner_dsn: str) -> None:
    """Put the program's units, rules and tiers into a database, as a migration would."""
    database = Database(owner_dsn)
    with database.transaction() as session:
        register_units(session, GARDEN.units)
        rules.install(session, GARDEN.name, GARDEN.rules)
        tiers.install(session, GARDEN.name, GARDEN.tiers)
    database.dispose()


@pytest.fixture
def garden(owner_dsn: str, database: Database, recorded: None) -> Database:
    """The test's database with the program in it."""
    plant(owner_dsn)
    return database


@pytest.fixture
def whole_app(database: Database, clock: FixedClock, recorded: None, tmp_path: Path) -> FastAPI:
    """The application as it is put together for real."""
    settings = Settings(data_dir=tmp_path, secret_key="s" * 40, community_name="Les Amis du Parc")
    return boot.create_app(settings, database, clock)


@pytest.fixture
def garden_app(whole_app: FastAPI, garden: Database) -> FastAPI:
    """The whole application, in which the garden is the only program."""
    whole_app.state.programs = (GARDEN,)
    return whole_app


@pytest.fixture
def visit(garden_app: FastAPI, person: Callable[..., Any]) -> Iterator[Callable[..., Client]]:
    """Opens browsers: ``visit("admin")`` is somebody of that role, ``visit()`` a visitor."""

    def open_browser(role: str | None = None) -> Client:
        client = Client(garden_app, page=True)
        if role is not None:
            person(role, Role(role))
            answer = client.submit("/sign-in", email=f"{role}@example.org", password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return client

    return open_browser


@pytest.fixture
def call(garden_app: FastAPI, person: Callable[..., Any]) -> Callable[[str], Client]:
    """Opens API clients with the access token of somebody of a role."""

    def open_client(role: str) -> Client:
        person(role, Role(role))
        client = Client(garden_app)
        answer = client.post("/api/v1/identity/tokens", json={"email": f"{role}@example.org", "password": PASSWORD})
        return client.bear(answer.json()["access_token"])

    return open_client
