"""Servers that are measured from outside: started as people start them, and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.arena import Place

READY_S = 60
SECRET = "b" * 40
HERE = Path(__file__).parent


@contextmanager
def guerdon_web(place: Place, directory: Path) -> Iterator[str]:
    """``guerdon web``, as ``guerdon up`` starts it, with its log in a file."""
    port = free_port()
    environment = {
        **os.environ,
        "GUERDON_DATABASE_URL": place.owner_dsn,
        "GUERDON_DATABASE_APP_URL": place.app_dsn,
        "GUERDON_DATA_DIR": str(directory),
        "GUERDON_SECRET_KEY": SECRET,
        "GUERDON_PORT": str(port),
    }
    command = [sys.executable, "-m", "guerdon.cli", "web"]
    with (directory / "web.log").open("wb") as log, running(command, port, log, environment) as address:
        yield address


@contextmanager
def running(command: list[str], port: int, log: object, environment: dict[str, str]) -> Iterator[str]:
    """A server's address, once it answers."""
    process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, cwd=HERE.parent)  # type: ignore[call-overload]
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server does not answer")


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
