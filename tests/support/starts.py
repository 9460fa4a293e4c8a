"""``guerdon up`` for tests: on a copy of data that are migrated already, which most of them are not about."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from guerdon.db.embedded import EmbeddedServer
from support.processes import RunningUp, guerdon_environment, guerdon_here


@contextmanager
def ready(environment: dict[str, str]) -> Iterator[RunningUp]:
    """A ``guerdon up`` that is ready; whatever is left of it is ended afterwards."""
    running = RunningUp(environment, "--no-demo")
    try:
        running.wait_until_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.finish()
        EmbeddedServer(running.data_dir).stop()


@pytest.fixture(scope="session")
def filled() -> Iterator[Path]:
    """A data directory with a migrated database, to be copied."""
    directory = Path(tempfile.mkdtemp(prefix="gt-"))
    migrated = guerdon_here("db", "migrate", environment=guerdon_environment(directory))
    assert migrated.returncode == 0, migrated.stderr
    yield directory
    shutil.rmtree(directory)


def copy(filled: Path, environment: dict[str, str]) -> None:
    """Fill a data directory; the database's files stay its server's own."""
    subprocess.run(["cp", "--archive", f"{filled}/.", environment["GUERDON_DATA_DIR"]], check=True)
