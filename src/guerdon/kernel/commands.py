"""What the commands of the kernel and of programs share."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import typer

from guerdon.core.errors import GuerdonError
from guerdon.core.settings import Settings, load_settings
from guerdon.db.database import Database
from guerdon.db.location import open_database, running_database

_prepare: list[Callable[[Settings], None]] = []


def prepare_with(prepare: Callable[[Settings], None]) -> None:
    """Have every process of a command that works on the database prepared so; the composition root says how."""
    _prepare[:] = [prepare]


@contextmanager
def working_database(name: str) -> Iterator[Database]:
    """The database for a command of a program, as the application's role; the embedded server runs as long, if need be.

    What the command records and posts has the consequences that it has in a request: acts are put on record, counters
    advance, and badges, streaks, tiers and boards follow.

    Args:
        name: of the command, for the server's list of connections: ``guerdon credits``.
    """
    settings = load_settings()
    for prepare in _prepare:
        prepare(settings)
    with running_database(settings) as location:
        database = open_database(settings, location, application_name=name)
        try:
            yield database
        finally:
            database.dispose()


class OutputBrokenError(GuerdonError):
    """What a command writes could not be written to its end; what stood in a file before stands there still."""

    code = "output-broken"
    status = 507
    message = "The output cannot be written: {problem}."
    remedy = "Make room, or let it go elsewhere; what was written so far is not whole."


@contextmanager
def export_target(path: Path | None) -> Iterator[TextIO]:
    """Where ``--out`` says that an export goes: standard output, or a file that gets its name once it is whole.

    What stood there stays until then, and for good when the export breaks off. Pipes and devices are written as they
    are.

    Raises:
        typer.BadParameter: the file cannot be opened.
        OutputBrokenError: it cannot be written to its end.
    """
    try:
        with _target(path) as target:
            yield target
            target.flush()
    except BrokenPipeError:  # who reads has enough
        raise
    except OSError as exc:
        raise OutputBrokenError(problem=exc.strerror or str(exc)) from exc


@contextmanager
def _target(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        if sys.stdout is None:  # as it is where whoever called closed it
            raise typer.BadParameter("standard output is closed; name a file", param_hint="--out")
        yield sys.stdout
        return
    whole = path.is_file() or not path.exists()
    unfinished = path.with_name(f"{path.name}.part") if whole else path
    try:
        file = unfinished.open("w", encoding="utf-8", newline="")
    except OSError as exc:
        raise typer.BadParameter(f"{path} cannot be written: {exc.strerror}", param_hint="--out") from exc
    try:
        with file:
            yield file
        if whole:
            unfinished.replace(path)
    finally:
        if whole:
            unfinished.unlink(missing_ok=True)
