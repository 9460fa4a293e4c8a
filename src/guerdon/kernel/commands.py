"""What the commands of the kernel and of programs share."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import typer


@contextmanager
def export_target(path: Path | None) -> Iterator[TextIO]:
    """Where ``--out`` says that an export goes: standard output, or a file that gets its name once it is whole.

    What stood there stays until then, and for good when the export breaks off. Pipes and devices are written as they
    are.

    Raises:
        typer.BadParameter: the file cannot be written.
    """
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
