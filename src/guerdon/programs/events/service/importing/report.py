"""What became of an import: how many rows each table had, how many are new here, what is wrong, what to know."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row.

    Attributes:
        row: as a spreadsheet counts: the header is row 1.
        column: empty if the row as a whole is at fault.
    """

    table: str
    row: int
    column: str
    problem: str


@dataclass(slots=True)
class Report:
    """The outcome; with faults, nothing came in."""

    read: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, table: str, row: int, column: str, problem: str) -> None:
        """Say what is wrong."""
        self.faults.append(Fault(table, row, column, problem))

    def note(self, what: str, rows: Iterable[int]) -> None:
        """Say once what is so of some rows."""
        numbers = sorted(rows)
        if numbers:
            shown = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
            self.notes.append(f"{what} (rows {shown})")
