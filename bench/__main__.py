"""``python -m bench``: every figure from one run."""

import sys
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from bench import report
from bench.arena import arena
from bench.asked import arguments
from bench.figures import Figure

WIDTH = 180
"""Of the table where there is no terminal that says how wide it may be."""


def main() -> int:
    """Measure, print, write if asked; the exit status tells whether every target was met."""
    asked = arguments()
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
    found: list[Figure] = []
    with progress:
        task = progress.add_task("starting the server", total=len(asked.questions))
        with arena() as built:
            version = built.version()
            for name, question in asked.questions.items():
                progress.update(task, description=name)
                found += question(built, asked.plan, partial(_tell, progress, task, name))
                progress.update(task, advance=1)
    title, notes = report.heading(asked.command, version), _notes(asked.missing)
    report.show(console, title, found, notes)
    if asked.write:
        report.write(title, found, notes)
        console.print(f"Written to {report.PAGE.name}.")
    return 0 if all(figure.passed is not False for figure in found) else 1


def _tell(progress: Progress, task: TaskID, name: str, what: str) -> None:
    progress.update(task, description=f"{name}: {what}")


def _notes(missing: Sequence[str]) -> list[str]:
    return [
        "Results and ratios are medians over the rounds, in each of which the contestants take turns.",
        *(f"Not given: {name} (`--{name} PATH`)." for name in missing),
    ]


if __name__ == "__main__":
    sys.exit(main())
