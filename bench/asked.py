"""What whoever runs the bench asks for; what cannot be had is said at once, and not after half an hour."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import (
    activities,
    activity_http,
    boards,
    identity,
    large,
    pgledger,
    reading,
    scans,
    small,
    tigerbeetle,
)
from bench.arena import Arena
from bench.figures import Figure, Progress
from bench.plan import QUICK, WHOLE, Plan

Question = Callable[[Arena, Plan, Progress], list[Figure]]

OURS: Mapping[str, Question] = {
    "small": small.figures,
    "identity": identity.figures,
    "activities": activities.figures,
    "activity_http": activity_http.figures,
    "scans": scans.figures,
    "reading": reading.figures,
    "boards": boards.figures,
    "large": large.figures,
}
PEERS = {"pgledger": pgledger, "tigerbeetle": tigerbeetle}
"""Other ledgers, which whoever runs the bench has; a path of each is asked for."""

_ONLY = f"only these questions: {', '.join([*OURS, *PEERS])}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the arguments of ``python -m bench`` say.

    Attributes:
        questions: in the order in which they are asked.
        missing: the peers that a whole run could have stood beside.
        command: how it was asked, without the paths of this machine.
    """

    plan: Plan
    questions: Mapping[str, Question]
    missing: Sequence[str]
    write: bool
    command: str


def arguments(given: Sequence[str] | None = None) -> Asked:
    """Read them from the command line.

    Raises:
        SystemExit: with status 2, after a sentence that says what is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the ledger and what stands on it.")
    parser.add_argument("--quick", action="store_true", help="a look of a few minutes, with a smaller ledger")
    parser.add_argument("--only", nargs="+", choices=[*OURS, *PEERS], metavar="NAME", help=_ONLY)
    parser.add_argument("--write", action="store_true", help="write the table to docs/reference/performance.md")
    parser.add_argument("--pgledger", type=_path, metavar="PATH", help="its SQL: pgledger.sql, or a directory with it")
    parser.add_argument("--tigerbeetle", type=_path, metavar="PATH", help="the program of its server")
    asked = parser.parse_args(given)
    only: list[str] = asked.only or []
    if only and asked.write:
        parser.error("--write writes a whole run, and --only asks for a part of one")
    paths: dict[str, Path | None] = {name: getattr(asked, name) for name in PEERS}
    for name, path in paths.items():
        if path is None and name in only:
            parser.error(f"--only {name} needs --{name} PATH")
        if path is not None and (obstacle := PEERS[name].obstacle(path)):
            parser.error(f"--{name}: {obstacle}")
    theirs = {name: partial(PEERS[name].figures, path) for name, path in paths.items() if path is not None}
    questions: dict[str, Question] = {**OURS, **theirs}
    return Asked(
        plan=QUICK if asked.quick else WHOLE,
        questions={name: question for name, question in questions.items() if name in (only or questions)},
        missing=[name for name, path in paths.items() if path is None and not only],
        write=asked.write,
        command=_command(asked),
    )


def _path(text: str) -> Path:
    """From the root, so that a program beside us is not looked for elsewhere."""
    return Path(text).absolute()


def _command(asked: argparse.Namespace) -> str:
    flags = [f"--{name}" for name in ("quick", "write") if getattr(asked, name)]
    only = ["--only", *asked.only] if asked.only else []
    paths = [f"--{name} PATH" for name in PEERS if getattr(asked, name) is not None]
    return " ".join(["python -m bench", *flags, *only, *paths])
