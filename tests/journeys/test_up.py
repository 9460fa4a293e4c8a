"""``guerdon up`` as an operator meets it: started, doubled, stopped, killed."""

import os
import shutil
import signal
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from guerdon.db.embedded import EmbeddedServer
from support.processes import RunningUp, alive, eventually, free_port, guerdon, guerdon_environment, guerdon_here
from support.starts import copy, ready


@pytest.fixture
def environment(short_dir: Path) -> dict[str, str]:
    return guerdon_environment(short_dir, port=free_port())


@pytest.fixture
def first_up(environment: dict[str, str]) -> Iterator[RunningUp]:
    """The first on its data directory."""
    with ready(environment) as running:
        yield running


@pytest.fixture
def up(environment: dict[str, str], filled: Path) -> Iterator[RunningUp]:
    """One that a test may do anything to."""
    copy(filled, environment)
    with ready(environment) as running:
        yield running


@pytest.fixture(scope="module")
def shared_up(filled: Path) -> Iterator[tuple[RunningUp, dict[str, str]]]:
    """One that tests leave as it is, and its environment."""
    directory = Path(tempfile.mkdtemp(prefix="gt-"))
    environment = guerdon_environment(directory, port=free_port())
    copy(filled, environment)
    with ready(environment) as running:
        yield running, environment
    shutil.rmtree(directory)


def health(environment: dict[str, str]) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{environment['GUERDON_PORT']}/healthz", timeout=10) as answer:
        status: int = answer.status
    return status


def port_is_free(environment: dict[str, str]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(environment["GUERDON_PORT"]))) != 0


def test_serves_and_stops_without_a_trace(first_up: RunningUp, environment: dict[str, str]) -> None:
    up = first_up
    assert health(environment) == 200
    tree = up.tree()
    assert len(tree) > 4  # itself, web, worker, the database and its helpers
    up.process.send_signal(signal.SIGINT)
    assert up.finish() == 0, up.output
    assert alive(tree) == []
    assert list((up.data_dir / "run").iterdir()) == []
    assert port_is_free(environment)
    assert "Traceback" not in up.output


def test_sigterm_stops_it_too(up: RunningUp) -> None:
    tree = up.tree()
    up.process.terminate()
    assert up.finish() == 0, up.output
    assert alive(tree) == []


def test_second_up_on_the_same_data_says_so(shared_up: tuple[RunningUp, dict[str, str]]) -> None:
    up, environment = shared_up
    second = guerdon("up", environment={**environment, "GUERDON_PORT": str(free_port())})
    assert second.returncode == 1
    assert f"process {up.process.pid}" in second.stderr
    assert f"http://127.0.0.1:{environment['GUERDON_PORT']}" in second.stderr
    assert "Traceback" not in second.stderr
    assert health(environment) == 200


def test_commands_use_the_running_database(shared_up: tuple[RunningUp, dict[str, str]]) -> None:
    up, environment = shared_up
    url = guerdon_here("db", "url", environment=environment)
    assert url.stdout.startswith("postgresql://guerdon_owner:")
    assert url.stderr == ""
    status = guerdon_here("db", "status", environment=environment)
    assert status.returncode == 0, status.stderr
    assert EmbeddedServer(up.data_dir).running


def test_killed_parent_takes_web_and_worker_along(up: RunningUp, environment: dict[str, str]) -> None:
    parts = [up.part("web"), up.part("worker")]
    database = EmbeddedServer(up.data_dir).pid
    up.process.kill()
    up.finish()
    eventually(lambda: not alive(parts), 15)
    assert alive(parts) == []
    assert port_is_free(environment)
    again = RunningUp(environment, "--no-demo")
    again.wait_until_ready()
    assert EmbeddedServer(up.data_dir).pid == database  # adopted
    assert health(environment) == 200
    again.process.send_signal(signal.SIGINT)
    assert again.finish() == 0
    assert not psutil.pid_exists(database or 0) or psutil.Process(database).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("part", ["web", "worker"])
def test_dead_part_stops_the_rest(up: RunningUp, part: str) -> None:
    tree = up.tree()
    up.part(part).kill()
    assert up.finish() == 1
    assert f"The {part} process stopped unexpectedly (signal SIGKILL)" in up.output
    assert "Traceback" not in up.output
    assert alive(tree) == []


@pytest.mark.parametrize("delay_s", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_interrupted_start_leaves_nothing(environment: dict[str, str], delay_s: float) -> None:
    running = RunningUp(environment, "--no-demo")
    eventually((running.data_dir / "up.lock").exists, 60)
    time.sleep(delay_s)
    tree = running.tree()
    os.killpg(running.process.pid, signal.SIGINT)  # as a terminal does: to all that it can reach
    assert running.finish() == 0, running.output
    assert alive(tree) == []
    assert EmbeddedServer(running.data_dir).pid is None
    assert "Traceback" not in running.output


def test_taken_port_is_reported_before_anything_starts(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["GUERDON_PORT"]))):
        refused = guerdon_here("up", environment=environment)
    assert refused.returncode == 1
    assert f"127.0.0.1:{environment['GUERDON_PORT']}" in refused.stderr
    assert "GUERDON_PORT" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (Path(environment["GUERDON_DATA_DIR"]) / "database").exists()


@pytest.mark.parametrize(
    ("setting", "value"), [("PORT", "many"), ("TIME_ZONE", "Mars/Olympus"), ("DATABASE_POOL_SIZE", "0")]
)
def test_broken_setting_is_named(environment: dict[str, str], setting: str, value: str) -> None:
    refused = guerdon_here("up", environment={**environment, f"GUERDON_{setting}": value})
    assert refused.returncode == 1
    assert f"GUERDON_{setting}" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert os.listdir(environment["GUERDON_DATA_DIR"]) == []  # noqa: PTH208 - one call says it
