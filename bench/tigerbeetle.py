"""TigerBeetle, a ledger that is a database of its own, from a server program that the caller has; without a target.

Needs its client beside Guerdon's packages: ``pip install tigerbeetle``, of the version of the server.
"""

import contextlib
import importlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, Progress

MEMBERS = 10_000
BATCH = 8_189
BATCHES = 40
SINGLES = 2_000
ISSUER = 1
START_TIMEOUT_S = 30


def figures(program: Path, progress: Progress) -> list[Figure]:
    """Issuing to members from one account, one at a time and in batches.

    Args:
        program: the server's executable.
        progress: is told what has been done.

    Raises:
        ModuleNotFoundError: the client is not installed.
        subprocess.CalledProcessError: the program does not format its file.
    """
    client_package = importlib.import_module("tigerbeetle")
    with _server(program) as port, client_package.ClientSync(cluster_id=0, replica_addresses=str(port)) as client:
        _open_accounts(client_package, client)
        singly = _rate(client_package, client, SINGLES, 1)
        progress("TigerBeetle, one at a time")
        batched = _rate(client_package, client, BATCH * BATCHES, BATCH)
        progress("TigerBeetle, batches")
    return [
        Figure("TigerBeetle, one at a time", "shown for comparison", singly, None, "transfers/s", singly, 1),
        Figure(f"TigerBeetle, batches of {BATCH:,}", "shown for comparison", batched, None, "transfers/s", batched, 1),
    ]


def _open_accounts(package: Any, client: Any) -> None:
    numbers = range(ISSUER, ISSUER + MEMBERS + 1)
    accounts = [package.Account(id=number, ledger=1, code=1) for number in numbers]
    for start in range(0, len(accounts), BATCH):
        client.create_accounts(accounts[start : start + BATCH])


def _rate(package: Any, client: Any, count: int, size: int) -> float:
    """Transfers a second; what is sent is made before the clock starts."""
    transfers = [
        package.Transfer(
            id=package.id(),
            debit_account_id=ISSUER,
            credit_account_id=ISSUER + 1 + number % MEMBERS,
            amount=10,
            ledger=1,
            code=1,
        )
        for number in range(count)
    ]
    start = time.perf_counter()
    for first in range(0, count, size):
        client.create_transfers(transfers[first : first + size])
    return count / (time.perf_counter() - start)


@contextlib.contextmanager
def _server(program: Path) -> Iterator[int]:
    """A single replica on a file of its own, durable, listening on this machine only."""
    with tempfile.TemporaryDirectory(prefix="gb-") as directory, socket.socket() as probe:
        file = Path(directory) / "0_0.tigerbeetle"
        formatting = ["format", "--cluster=0", "--replica=0", "--replica-count=1", str(file)]
        subprocess.run([str(program), *formatting], check=True, capture_output=True)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.close()
        server = subprocess.Popen(
            [str(program), "start", f"--addresses=127.0.0.1:{port}", str(file)], stderr=subprocess.DEVNULL
        )
        try:
            _wait(port)
            yield port
        finally:
            server.terminate()
            server.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"the server does not answer on port {port}")
