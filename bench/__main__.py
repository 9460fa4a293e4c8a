"""``python -m bench``: every figure from one run."""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import (
    activities,
    activity_http,
    boards,
    identity,
    large,
    pgledger,
    reading,
    report,
    scans,
    small,
    tigerbeetle,
)
from bench.arena import arena
from bench.figures import Figure
from bench.plan import BATCH, QUICK, SIZES, WHOLE, Plan

WIDTH = 180
"""Of the table where there is no terminal that says how wide it may be."""


def main() -> int:
    """Measure, print, write if asked; the exit status tells whether every target was met."""
    asked = _arguments()
    plan = QUICK if asked.quick else WHOLE
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with progress:
        task = progress.add_task("starting the server", total=_steps(plan, asked))

        def step(what: str) -> None:
            progress.update(task, advance=1, description=what)

        with arena() as built:
            version = built.version()
            found: list[Figure] = []
            place = small.prepare(built)
            for question in (small.singles, small.in_batches, small.sizes, small.from_python):
                found += question(place, plan, step)
            found += identity.figures(built, plan, step)
            found += activities.figures(built, plan, step)
            found += activity_http.figures(built, plan, step)
            found += scans.figures(built, plan, step)
            found += reading.figures(built, plan, step)
            found += boards.figures(built, plan, step)
            full = large.load(built, plan, step)
            found += large.size(full, plan)
            found += large.figures(built, full, plan, step)
            if asked.pgledger is not None:
                found += pgledger.figures(built, asked.pgledger, plan, step)
            if asked.tigerbeetle is not None:
                found += tigerbeetle.figures(asked.tigerbeetle, built, plan, step)
    notes = _notes(asked)
    report.show(console, found, notes)
    if asked.write:
        report.write(found, notes, _command(asked), version)
        console.print(f"Written to {report.PAGE.name}.")
    return 0 if all(figure.passed is not False for figure in found) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the ledger and what stands on it.")
    parser.add_argument("--quick", action="store_true", help="a look of two minutes, with a smaller ledger")
    parser.add_argument("--write", action="store_true", help="write the table to docs/reference/performance.md")
    parser.add_argument("--pgledger", type=Path, metavar="PATH", help="its SQL: pgledger.sql, or a directory with it")
    parser.add_argument("--tigerbeetle", type=Path, metavar="PATH", help="the program of its server")
    asked = parser.parse_args()
    if asked.tigerbeetle is not None and (obstacle := tigerbeetle.obstacle(asked.tigerbeetle)):
        parser.error(f"--tigerbeetle: {obstacle}")
    return asked


def _steps(plan: Plan, asked: argparse.Namespace) -> int:
    singles = plan.single_rounds * 4 + plan.single_rounds * 2
    batches = plan.batch_rounds * 3 + plan.batch_rounds * 2
    sizes = plan.size_rounds * len(SIZES) + plan.client_rounds
    beside = max(3, plan.single_rounds // 2) * 4 + pgledger.BATCH_ROUNDS * 2 if asked.pgledger else 0
    beside += plan.single_rounds * 8 if asked.tigerbeetle else 0
    requests = plan.single_rounds * 4 + plan.batch_rounds * 2
    pages = plan.single_rounds * 2 + 1
    asking = plan.board_members * 3 // (2 * boards.BATCH) + boards.ROUNDS * 4 + 2
    return singles + batches + sizes + requests + pages + asking + plan.client_rounds + plan.large // BATCH + beside


def _notes(asked: argparse.Namespace) -> list[str]:
    notes = ["Results and ratios are medians over the rounds, in each of which the contestants take turns."]
    if asked.pgledger is None:
        notes.append("pgledger: not given (`--pgledger PATH`).")
    if asked.tigerbeetle is None:
        notes.append("TigerBeetle: not given (`--tigerbeetle PATH`); the page tells what a prototype gave.")
    return notes


def _command(asked: argparse.Namespace) -> str:
    flags = [name for name in ("quick", "write") if getattr(asked, name)]
    given = [f"--{name} PATH" for name in ("pgledger", "tigerbeetle") if getattr(asked, name) is not None]
    return " ".join(["python -m bench", *(f"--{flag}" for flag in flags), *given])


if __name__ == "__main__":
    sys.exit(main())
