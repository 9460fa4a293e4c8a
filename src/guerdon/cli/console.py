"""What the command says: results on standard output, everything else on standard error."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from guerdon.core.errors import FieldErrors, GuerdonError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
WIDTH_MAX = 10_000


def show_table(table: Table, narrow: Callable[[], Table] | None = None) -> None:
    """Print a table of which nothing is cut off.

    A terminal that it does not fit gets it with cells over several lines. Elsewhere each row is one line, as wide as it
    has to be, because whoever reads it there can scroll, or is a program.

    Args:
        narrow: makes the table for a terminal that this one does not fit, if it is better told otherwise.
    """
    width = Measurement.get(out, out.options.update_width(WIDTH_MAX), table).maximum
    if not out.is_terminal:
        Console(file=out.file, highlight=False, width=width).print(table)
        return
    shown = narrow() if narrow is not None and width > out.width else table
    for column in shown.columns:
        column.overflow = "fold"
    out.print(shown)


def show_error(error: GuerdonError) -> None:
    """One red sentence that says what is wrong, and one that says what to do; for several fields, of each."""
    for each in error.errors if isinstance(error, FieldErrors) else [error]:
        where = f"{each.field}: " if isinstance(error, FieldErrors) and each.field else ""
        err.print(Text(f"Error: {where}{each}", style="bold red"), soft_wrap=True)
        err.print(Text(each.remedy.format_map(each.params)), soft_wrap=True)


def note(message: str) -> None:
    """Tell something beside the result, on standard error."""
    err.print(Text(message, style="yellow"), soft_wrap=True)


@contextmanager
def step(doing: str, done: str) -> Iterator[None]:
    """Show that something is under way, then that it is done and how long it took.

    A terminal shows a spinner; a pipe or a log gets one plain line for each step.
    """
    started = time.monotonic()
    if err.is_terminal:
        with err.status(Text(doing)):
            yield
    else:
        yield
    err.print(Text.assemble(("✓ ", "green"), done, (f"  {time.monotonic() - started:.1f} s", "dim")), soft_wrap=True)
