"""TigerBeetle's own program: its server, and the load that it can make itself."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.arena import MEMBERS


class TigerBeetleError(RuntimeError):
    """The program did not do what it was asked; the message is what it wrote last."""


@contextmanager
def server(program: Path) -> Iterator[str]:
    """The port of one replica with its own defaults, durable, on a file of its own, listening on this machine only.

    Raises:
        TigerBeetleError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="guerdon-bench-tigerbeetle-") as directory:
        file = Path(directory) / "0_0.tigerbeetle"
        log = Path(directory) / "server.log"
        _run(program, "format", "--cluster=0", "--replica=0", "--replica-count=1", str(file))
        # At the address 0 it takes a port that is free, writes it out once it listens, and ends with its input.
        command = [str(program), "start", "--addresses=0", str(file)]
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as served,
        ):
            assert served.stdout is not None
            port = served.stdout.readline().strip()
            if not port:
                raise TigerBeetleError(_end(log.read_text(encoding="utf-8", errors="replace")))
            yield port


def load(program: Path, port: str, *, clients: int, transfers: int, size: int) -> float:
    """Transfers a second that its own program gets accepted, from one account to others taken at random.

    Args:
        clients: each waits for its answer before it sends again.
        size: transfers a request.
    """
    told = _run(
        program,
        "benchmark",
        f"--addresses={port}",
        "--id-order=tbid",  # ids as clients make them, and others in every run
        f"--account-count={MEMBERS + 1}",
        "--account-count-hot=1",
        "--query-count=0",
        f"--clients={clients}",
        f"--transfer-count={transfers}",
        f"--transfer-batch-count={size}",
    )
    found = re.search(r"^load accepted = (\d+) tx/s$", told, re.MULTILINE)
    if found is None:
        raise TigerBeetleError(_end(told))
    return float(found[1])


def version(program: Path) -> str:
    """Its version number, without the commit."""
    told = _run(program, "version")
    found = re.search(r"\d+\.\d+\.\d+", told)
    if found is None:
        raise TigerBeetleError(_end(told))
    return found[0]


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TigerBeetleError(_end(done.stderr))
    return done.stdout


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-10:])
