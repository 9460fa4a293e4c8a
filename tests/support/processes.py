"""Real ``guerdon`` processes: started, listened to, and looked for after they should be gone."""

import fcntl
import io
import os
import re
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from unittest import mock

import psutil

from guerdon.cli.main import main
from guerdon.kernel import acts, messages

READY_TIMEOUT_S = 90


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def guerdon_environment(data_dir: Path, **settings: object) -> dict[str, str]:
    """The environment of this process, without its own settings, with those given; one web server is enough for most.

    Python keeps what it compiles, even where it is told not to: compiling anew costs each process more than a second.
    """
    own = ("GUERDON_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"GUERDON_DATA_DIR": str(data_dir), "GUERDON_WEB_PROCESSES": "1"}
    return environment | {f"GUERDON_{name.upper()}": str(value) for name, value in settings.items()}


def guerdon(*arguments: str, environment: dict[str, str], timeout_s: float = 60) -> "subprocess.CompletedProcess[str]":
    """Run a ``guerdon`` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "guerdon.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )


def guerdon_in_terminal(*arguments: str, environment: dict[str, str], columns: int, timeout_s: float = 60) -> list[str]:
    """The lines that a ``guerdon`` command shows in a terminal of that many columns."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "guerdon.cli", *arguments]
    streams = {"stdin": theirs, "stdout": theirs, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=environment | {"TERM": "xterm", "NO_COLOR": "1"}, **streams)
    os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):  # it ends with an error of its own
        while part := terminal.read(65_536):
            shown += part
    _, told = process.communicate(timeout=timeout_s)
    assert process.returncode == 0, told.decode()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).splitlines()


def guerdon_here(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a ``guerdon`` command to its end in this process: for what commands say, without the seconds of a start."""
    out, err = io.StringIO(), io.StringIO()
    recorders, carriers = list(acts._recorders), list(messages._carriers)
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["guerdon", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        else:
            code = 0
        finally:
            acts._recorders[:], messages._carriers[:] = recorders, carriers
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


class RunningUp:
    """A ``guerdon up`` in a process tree of its own.

    Args:
        environment: from ``guerdon_environment``.
        arguments: after ``up``.
    """

    def __init__(self, environment: dict[str, str], *arguments: str) -> None:
        self.data_dir = Path(environment["GUERDON_DATA_DIR"])
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "guerdon.cli", "up", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """What the tree has said so far."""
        return "".join(self._lines)

    def wait_until_ready(self) -> None:
        """Wait for the line that says where to look."""
        eventually(lambda: "Press Ctrl-C" in self.output or self.process.poll() is not None, READY_TIMEOUT_S)
        assert "Press Ctrl-C" in self.output, self.output

    def part(self, name: str) -> psutil.Process:
        """The child that runs ``guerdon <name>``."""
        return self.parts(name)[0]

    def parts(self, name: str) -> list[psutil.Process]:
        """The children that run ``guerdon <name>``."""
        return [child for child in psutil.Process(self.process.pid).children() if name in child.cmdline()[1:4]]

    def metrics(self) -> list[str]:
        """Names of the files in which several web servers count together."""
        directory = self.data_dir / "metrics"
        return sorted(each.name for each in directory.iterdir()) if directory.exists() else []

    def tree(self) -> list[psutil.Process]:
        """The process and all that it started, the database's included."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def finish(self, timeout_s: float = 20) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(timeout_s)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie that nobody has reaped does not."""
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def eventually(condition: Callable[[], bool], timeout_s: float) -> None:
    """Wait until a condition holds; the caller asserts what it wants to see."""
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
