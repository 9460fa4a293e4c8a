"""What the command says: results on standard output, everything else on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from guerdon.core.errors import GuerdonError

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_error(error: GuerdonError) -> None:
    """One red sentence that says what is wrong, and one that says what to do."""
    err.print(Text(f"Error: {error}", style="bold red"), soft_wrap=True)
    err.print(Text(error.remedy.format_map(error.params)), soft_wrap=True)


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
