"""TigerBeetle, a ledger that is a database of its own, from a program that the caller has; without a target.

Needs its client beside Guerdon's packages: ``pip install tigerbeetle==VERSION``, no newer than the program.
"""

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import batches, scripts
from bench.arena import MEMBERS, Arena, Place
from bench.driver import CLIENTS, tps
from bench.figures import Figure, Progress, Rounds
from bench.from_python import in_turn, ledger, postings, side_by_side, singly, whole
from bench.plan import Plan
from bench.tigerbeetle_server import TigerBeetleError, load, server, version

PACKAGE = "tigerbeetle"
OLDEST = "0.17.0"
"""Before, its client answered with refusals alone."""

BATCH = 8_189
"""The most that it takes in a request."""

BATCHES = 20
BATCHES_FROM_PYTHON = 5
SINGLES_A_SECOND = 1_000
"""How many single transfers stand for a second of the plan, where a number has to be told instead of a time."""

ISSUER = 1


def obstacle(program: Path) -> str | None:
    """What keeps it from being measured, and what helps; None if nothing does."""
    if not (program.is_file() and os.access(program, os.X_OK)):
        return f"no program at {program}"
    try:
        number = version(program)
    except (OSError, TigerBeetleError) as exc:
        return f"{program} does not tell its version as TigerBeetle does: {exc}"
    if _ordered(number) < _ordered(OLDEST):
        return f"{program} is of version {number}; its client speaks as the bench does since {OLDEST}"
    remedy = f"{sys.executable} -m pip install '{PACKAGE}<={number}'"
    try:
        client = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return f"its client is missing: {remedy}"
    if _ordered(client) > _ordered(number):
        return f"its client {client} is newer than the program, which turns it away: {remedy}"
    return None


def _ordered(number: str) -> list[int]:
    return [int(part) for part in number.split(".")[:3]]


def figures(program: Path, arena: Arena, plan: Plan, progress: Progress) -> list[Figure]:
    """Issuing to members from one account, singly and in batches: by compiled programs, then from Python.

    Raises:
        ModuleNotFoundError: its client is not installed.
        TigerBeetleError: its program does not start, or it refused a transfer.
    """
    package = importlib.import_module(PACKAGE)
    ours = arena.place("beside_tigerbeetle")
    name = f"TigerBeetle {version(program)}"
    with server(program) as port:
        found = _compiled(ours, name, partial(load, program, port), plan, progress)
        # It remembers 64 clients, and the one that has been silent for the longest must go: ours comes after the load.
        with package.ClientSync(cluster_id=0, replica_addresses=port) as client:
            return found + _from_python(ours, name, _Client(package, client), plan, progress)


@dataclass(frozen=True, slots=True)
class _Client:
    """Its client for Python: a module, and what of it is connected."""

    package: Any
    connected: Any

    def open_accounts(self) -> None:
        """The issuer and the members, with the balance after each transfer kept, as ours keep it."""
        flags = self.package.AccountFlags.HISTORY
        numbers = range(ISSUER, ISSUER + MEMBERS + 1)
        accounts = [self.package.Account(id=number, ledger=1, code=1, flags=flags) for number in numbers]
        for first in range(0, len(accounts), BATCH):
            results = self.connected.create_accounts(accounts[first : first + BATCH])
            _require(results, self.package.CreateAccountStatus.CREATED)

    def transfers(self, count: int) -> list[Any]:
        """Awards to members far from each other, as ours."""
        return [
            self.package.Transfer(
                id=self.package.id(),
                debit_account_id=ISSUER,
                credit_account_id=ISSUER + 1 + number * 7919 % MEMBERS,
                amount=10,
                ledger=1,
                code=1,
            )
            for number in range(count)
        ]

    def send(self, transfers: list[Any]) -> None:
        """One request."""
        _require(self.connected.create_transfers(transfers), self.package.CreateTransferStatus.CREATED)

    def send_one(self, transfer: Any) -> None:
        """A request with one transfer; the client puts together what several threads send."""
        self.send([transfer])


def _require(results: list[Any], created: Any) -> None:
    """A refusal is a result like any other there, and no exception."""
    for result in results:
        if result.status != created:
            raise TigerBeetleError(f"refused: {result.status.name}")


def _compiled(ours: Place, name: str, theirs: Callable[..., float], plan: Plan, progress: Progress) -> list[Figure]:
    singles = plan.seconds * SINGLES_A_SECOND
    one_by_one = Rounds(
        {
            "ours": lambda: tps(ours.app_dsn, scripts.door(), plan.seconds),
            "theirs": lambda: theirs(clients=CLIENTS, transfers=singles, size=1),
        },
        plan.single_rounds,
        progress,
    )
    with ours.owner() as staging, ours.app() as app:
        batched = Rounds(
            {
                "ours": lambda: batches.rate(staging, batches.door(app), BATCH, BATCHES),
                "theirs": lambda: theirs(clients=1, transfers=BATCH * BATCHES, size=BATCH),
            },
            plan.single_rounds,
            progress,
        )
    by = f"{name} by its own load program"
    return [
        one_by_one.figure(f"single transfers, {CLIENTS} connections", "ours", "theirs", f"{by}, {CLIENTS} clients"),
        batched.figure(f"batches of {BATCH:,}", "ours", "theirs", f"{by}, one client"),
    ]


def _from_python(ours: Place, name: str, theirs: _Client, plan: Plan, progress: Progress) -> list[Figure]:
    theirs.open_accounts()
    singles, many = plan.seconds * SINGLES_A_SECOND, BATCH * BATCHES_FROM_PYTHON
    with ledger(ours, connections=CLIENTS) as database:
        post = singly(database)
        one_by_one = Rounds(
            {
                "ours": lambda: side_by_side(post, postings(singles), CLIENTS),
                "theirs": lambda: side_by_side(theirs.send_one, theirs.transfers(singles), CLIENTS),
            },
            plan.single_rounds,
            progress,
        )
    with ledger(ours, connections=1) as database:
        post_all = whole(database)
        batched = Rounds(
            {
                "ours": lambda: in_turn(post_all, postings(many), BATCH),
                "theirs": lambda: in_turn(theirs.send, theirs.transfers(many), BATCH),
            },
            plan.single_rounds,
            progress,
        )
    by = f"{name} by its client for Python"
    return [
        one_by_one.figure(
            f"single transfers from Python, {CLIENTS} threads", "ours", "theirs", f"{by}, which the threads share"
        ),
        batched.figure(f"batches of {BATCH:,} from Python, one connection", "ours", "theirs", by),
    ]
