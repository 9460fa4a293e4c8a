"""What goes between the application and PostgreSQL, written down by the driver's own library."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event

from guerdon.db.database import Database


class Wire:
    """Messages in both directions."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _told(self) -> list[list[str]]:
        """Direction, length, kind and content of each message; statements may go over several lines."""
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [line.split("\t", 4)[1:] for line in lines if line.count("\t") >= 3]

    @property
    def statements(self) -> list[str]:
        """What was asked, as far as the first end of a line."""
        return [rest[0] for side, _, kind, *rest in self._told() if side == "F" and kind in {"Query", "Parse"}]

    @property
    def round_trips(self) -> int:
        """How often the server has said that it is ready for more."""
        return sum(kind == "ReadyForQuery" for _, _, kind, *_ in self._told())


@contextmanager
def tapped(database: Database, directory: Path) -> Iterator[Wire]:
    """Write down what connections say that are taken from the pool inside the block and given back there."""
    path = directory / "wire"
    with path.open("w", encoding="utf-8") as file:

        def tap(raw: Any, *_: object) -> None:
            raw.pgconn.trace(file.fileno())

        def leave(raw: Any, *_: object) -> None:
            if raw is not None:
                raw.pgconn.untrace()

        event.listen(database.engine, "checkout", tap)
        event.listen(database.engine, "checkin", leave)
        try:
            yield Wire(path)
        finally:
            event.remove(database.engine, "checkout", tap)
            event.remove(database.engine, "checkin", leave)
