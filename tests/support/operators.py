"""Commands as an operator types them, on a database that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guerdon.db.embedded import EmbeddedServer
from support.processes import guerdon_environment, guerdon_here

Run = tuple[dict[str, str], str]


@pytest.fixture
def running(short_dir: Path) -> Iterator[Run]:
    """The environment of commands on a running database, and its owner's DSN."""
    environment = guerdon_environment(short_dir)
    with EmbeddedServer(short_dir, durable=False) as server:
        assert guerdon_here("db", "migrate", environment=environment).returncode == 0
        yield environment, server.owner_dsn
