"""The ``World`` of a test, settled once and copied for each."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from guerdon import boot
from guerdon.core.clock import FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.kernel import acts, messages
from security.expectations import settle_all

from .databases import START_OF_TIME, DatabaseFactory, on_database
from .people import PASSWORD
from .world import ROLES, SECRET, World


@pytest.fixture(scope="session")
def _settled(
    database_factory: DatabaseFactory, _template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, World]:
    """The name of a database with everybody in it, to be copied, and who and what is there."""
    name = database_factory.create(_template)
    server = database_factory.server
    database = Database(on_database(server.app_dsn, name))
    recorders, carriers = list(acts._recorders), list(messages._carriers)
    data_dir = tmp_path_factory.mktemp("settled")
    boot.prepare(Settings(data_dir=data_dir, secret_key=SECRET))
    world = World(database, on_database(server.owner_dsn, name), FixedClock(START_OF_TIME), data_dir)
    for person, role in ROLES.items():
        world.people[person] = world.person(person, role, password=PASSWORD if person == "owner" else None)
    settle_all(world)
    database.dispose()
    acts._recorders[:], messages._carriers[:] = recorders, carriers
    return name, world


@contextmanager
def _copied(factory: DatabaseFactory, settled: tuple[str, World], clock: FixedClock) -> Iterator[World]:
    """A copy of the settled world, and the process as the application makes it."""
    template, original = settled
    recorders, carriers = list(acts._recorders), list(messages._carriers)
    boot.prepare(Settings(data_dir=original.data_dir, secret_key=SECRET))
    name = factory.create(template)
    database = Database(on_database(factory.server.app_dsn, name))
    owner_dsn = on_database(factory.server.owner_dsn, name)
    yield World(database, owner_dsn, clock, original.data_dir, dict(original.people), dict(original.things))
    database.dispose()
    factory.drop(name)
    acts._recorders[:], messages._carriers[:] = recorders, carriers


@pytest.fixture
def world(database_factory: DatabaseFactory, _settled: tuple[str, World], clock: FixedClock) -> Iterator[World]:
    """Everybody is there, and the owner has one of everything."""
    with _copied(database_factory, _settled, clock) as world:
        yield world


@pytest.fixture(scope="module")
def shared_world(database_factory: DatabaseFactory, _settled: tuple[str, World]) -> Iterator[World]:
    """The same for all tests of a module, each of which leaves it as it was."""
    with _copied(database_factory, _settled, FixedClock(START_OF_TIME)) as world:
        yield world
