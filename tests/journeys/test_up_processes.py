"""Several web servers under one ``guerdon up``: one port, one set of figures, one end."""

import re
import signal
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import RunningUp, alive, free_port, guerdon, guerdon_environment
from support.starts import copy, ready

PROCESSES = 3
REQUESTS = 60


@pytest.fixture
def environment(short_dir: Path) -> dict[str, str]:
    return guerdon_environment(short_dir, port=free_port(), web_processes=PROCESSES)


@pytest.fixture
def up(environment: dict[str, str], filled: Path) -> Iterator[RunningUp]:
    copy(filled, environment)
    with ready(environment) as running:
        yield running


def answer(environment: dict[str, str], path: str) -> str:
    """What is answered over a connection of its own."""
    with urllib.request.urlopen(f"http://127.0.0.1:{environment['GUERDON_PORT']}{path}", timeout=10) as found:
        text: str = found.read().decode()
    return text


def test_they_share_port_and_figures(up: RunningUp, environment: dict[str, str]) -> None:
    webs = up.parts("web")
    assert len(webs) == PROCESSES
    for _ in range(REQUESTS):
        assert '"alive"' in answer(environment, "/healthz")
    counting = {int(found[1]) for each in up.metrics() if (found := re.fullmatch(r"counter_(\d+)\.db", each))}
    assert len(counting) > 1  # connections were spread
    assert counting <= {each.pid for each in webs}
    counted = f'guerdon_http_requests_total{{method="GET",route="/healthz",status="200"}} {REQUESTS}.0'
    until = time.monotonic() + 10  # a request is counted when its answer has been sent, which may be read before
    while counted not in answer(environment, "/metrics") and time.monotonic() < until:
        time.sleep(0.1)
    for _ in range(2 * PROCESSES):  # whichever of them is asked
        shown = answer(environment, "/metrics")
        assert counted in shown
        assert f'guerdon_database_connections{{state="capacity"}} {PROCESSES * 15}.0' in shown
        assert shown.count("# TYPE guerdon_queue_late_seconds gauge") == 1
    until = time.monotonic() + 60  # the worker makes up for nights in which it did not run
    while "\nguerdon_backup_timestamp_seconds " not in answer(environment, "/metrics") and time.monotonic() < until:
        time.sleep(0.2)
    assert "\nguerdon_backup_timestamp_seconds " in answer(environment, "/metrics")
    tree = up.tree()
    up.process.send_signal(signal.SIGINT)
    assert up.finish() == 0, up.output
    assert alive(tree) == []
    assert up.metrics() == []


def test_one_that_dies_stops_the_others(up: RunningUp) -> None:
    tree = up.tree()
    up.parts("web")[1].kill()
    assert up.finish() == 1
    assert "The web process stopped unexpectedly (signal SIGKILL)" in up.output
    assert alive(tree) == []


def test_their_port_is_not_shared_with_another_guerdon(
    up: RunningUp, environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = {**environment, "GUERDON_DATA_DIR": str(tmp_path / "other")}
    for processes in ("1", "2"):
        refused = guerdon("up", environment={**elsewhere, "GUERDON_WEB_PROCESSES": processes})
        assert refused.returncode == 1
        assert "GUERDON_PORT" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert len(up.parts("web")) == PROCESSES
