"""Servers that are measured from outside: started as people start them, and stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from pydantic import SecretStr

from bench.arena import Place
from guerdon.cli.listening import listen
from guerdon.core.settings import Settings
from guerdon.kernel.program import ENTRY_POINT_GROUP

READY_S = 60
TRIES = 20
SECRET = "b" * 40
HERE = Path(__file__).parent


@contextmanager
def guerdon_web(place: Place, directory: Path, programs: Mapping[str, str] | None = None) -> Iterator[str]:
    """``guerdon web``, as often as ``guerdon up`` starts it and on one port as there, with its log in a file.

    Args:
        programs: installed beside those of the box, by name: where in Python each is found.
    """
    settings = Settings(data_dir=directory, secret_key=SecretStr(SECRET), port=free_port())
    environment = {
        **os.environ,
        "GUERDON_DATABASE_URL": place.owner_dsn,
        "GUERDON_DATABASE_APP_URL": place.app_dsn,
        "GUERDON_DATA_DIR": str(directory),
        "GUERDON_SECRET_KEY": SECRET,
        "GUERDON_PORT": str(settings.port),
        "PYTHONPATH": str(_installed(directory, programs or {})),
    }
    command = [sys.executable, "-m", "guerdon.cli", "web", "--listen-fd"]
    with (directory / "web.log").open("wb") as log, running(command, settings, log, environment) as address:
        yield address


def _installed(directory: Path, programs: Mapping[str, str]) -> Path:
    """A directory where Python finds the entry points of programs, as if a package with them were installed."""
    described = directory / "programs" / "bench_programs-0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-programs\nVersion: 0\n", encoding="utf-8")
    points = "".join(f"{name} = {where}\n" for name, where in programs.items())
    (described / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{points}", encoding="utf-8")
    return described.parent


@contextmanager
def running(command: list[str], settings: Settings, log: object, environment: dict[str, str]) -> Iterator[str]:
    """The address of a server that runs in as many processes as the settings say, once all of them answer.

    Args:
        command: ends where the number of the listening socket is to be told.
    """
    with ExitStack() as stack:
        listeners = stack.enter_context(listen(settings))
        for listener in listeners:
            fd = listener.fileno()
            process = subprocess.Popen(  # type: ignore[call-overload]
                [*command, str(fd)], env=environment, stderr=log, stdout=log, cwd=HERE.parent, pass_fds=[fd]
            )
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        for listener in listeners:
            listener.close()
        _wait(settings.port, len(listeners))
        yield settings.base_url


def _wait(port: int, processes: int) -> None:
    """Wait until many requests in a row are answered, each on a connection that any of the processes may get."""
    until = time.monotonic() + READY_S
    answered = 0
    while answered < TRIES * processes:
        if time.monotonic() > until:
            raise RuntimeError("the server does not answer")
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                answered += 1
        except HTTPError:
            answered += 1
        except OSError:
            answered = 0
            time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
