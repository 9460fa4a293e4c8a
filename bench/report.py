"""The table: on the terminal, and in the reference."""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.figures import Figure

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "performance.md"
BEGIN = "<!-- figures: written by make bench -->"
END = "<!-- end of figures -->"
_HEAD = ("figure", "result", "against", "baseline", "ratio", "target", "rounds", "")


def heading(command: str, version: str) -> str:
    """How, when and on what it was measured: without it no figure means anything."""
    return f"`{command}` on {datetime.now(UTC):%Y-%m-%d}: {machine(version)}."


def show(console: Console, title: str, found: Iterable[Figure], notes: Iterable[str]) -> None:
    """Print the table."""
    console.print(title)
    table = Table(*_HEAD, box=SIMPLE_HEAD)
    for figure in found:
        style = {True: "green", False: "bold red", None: ""}[figure.passed]
        table.add_row(*_cells(figure), style=style)
    console.print(table)
    for note in notes:
        console.print(note)


def write(title: str, found: Iterable[Figure], notes: Iterable[str]) -> None:
    """Put the table between its marks on the page; the rest of the page stays as people wrote it.

    Raises:
        ValueError: the page has lost its marks.
    """
    page = PAGE.read_text(encoding="utf-8")
    if BEGIN not in page or END not in page:
        raise ValueError(f"{PAGE} lacks the lines {BEGIN!r} and {END!r}")
    before, rest = page.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    lines = [
        title,
        "",
        "| " + " | ".join((*_HEAD[:-1], "met")) + " |",
        "| " + " | ".join("---" for _ in _HEAD) + " |",
        *("| " + " | ".join(_cells(figure)) + " |" for figure in found),
        "",
        *(f"{note}\n" for note in notes),
    ]
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"{END}{after}", encoding="utf-8")


def machine(version: str) -> str:
    """What it was measured on, without names."""
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} on {platform.machine()},"
        f" PostgreSQL {version} as embedded and configured by Guerdon (fsync on), Python {platform.python_version()},"
        f" load average {load:.1f} at the end"
    )


def _cells(figure: Figure) -> tuple[str, ...]:
    is_ratio = figure.baseline is not None
    met = {True: "yes", False: "NO", None: ""}[figure.passed]
    sign = "≤" if figure.at_most else "≥"
    return (
        figure.name,
        f"{figure.ours:,.0f} {figure.unit}",
        figure.against,
        f"{figure.baseline:,.0f} {figure.unit}" if figure.baseline is not None else "",
        f"{figure.value:.2f}" if is_ratio else "",
        f"{sign} {figure.target:,g}" if figure.target is not None else "",
        str(figure.rounds),
        met,
    )
