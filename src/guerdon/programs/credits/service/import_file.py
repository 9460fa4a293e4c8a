"""The file of an import: its rows by column, or what is wrong with it as a whole."""

import csv
import io
from collections.abc import Iterator

from guerdon.core.csv_text import uncell
from guerdon.programs.credits.errors import (
    ImportColumnMissingError,
    ImportColumnUnknownError,
    ImportFileError,
    ImportRowUnreadableError,
    ImportTooLongError,
)
from guerdon.programs.credits.service.csv_format import INPUT_COLUMNS, NUMBERS, OUTPUT_COLUMNS
from guerdon.web.i18n import msgid
from guerdon.web.typed import plain_number

ROWS_MAX = 10_000
FILE_BYTES_MAX = 8 * 1024 * 1024
SURPLUS = ""
"""The column under which a row with more cells than the header says so."""


def read_rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that is not blank with its number; blank ones count too, so that a spreadsheet shows the same number.

    Args:
        content: UTF-8, comma or semicolon, with a header. Where semicolons part cells, numbers may have a comma.

    Raises:
        ImportFileError: it is no such CSV, or has too many rows.
    """
    if len(content) > FILE_BYTES_MAX:
        raise too_long()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ImportFileError(field="file", problem=msgid("it is not UTF-8")) from exc
    if "\0" in text:
        raise ImportFileError(field="file", problem=msgid("it is not a text"))
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    number = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = [name.strip() for name in next(reader, ())]
        number = 1
        _check_header(names)
        for number, row in enumerate(reader, start=2):
            if number > ROWS_MAX + 1:
                raise too_long()
            cells = dict(zip(names, map(uncell, row), strict=False))
            if delimiter == ";":
                cells |= {name: plain_number(cells[name]) for name in NUMBERS if name in cells}
            if any(cell.strip() for cell in row[len(names) :]):
                cells[SURPLUS] = "too many cells"
            if any(cells.values()):
                yield number, cells
    except csv.Error as exc:
        raise ImportRowUnreadableError(field="file", problem="", row=number + 1) from exc


def too_long() -> ImportTooLongError:
    """The refusal of a file that is too long or too large."""
    return ImportTooLongError(field="file", rows_max=ROWS_MAX, size_max_mb=FILE_BYTES_MAX // (1024 * 1024))


def _check_header(names: list[str]) -> None:
    if not names:
        raise ImportFileError(field="file", problem=msgid("it is empty"))
    missing = [name for name in ("type", "member_email") if name not in names]
    if missing:
        raise ImportColumnMissingError(field="file", column=missing[0])
    unknown = [name for name in names if name not in OUTPUT_COLUMNS and name not in INPUT_COLUMNS]
    if unknown:
        raise ImportColumnUnknownError(field="file", column=unknown[0][:100])
    if len(set(names)) < len(names):
        raise ImportFileError(field="file", problem=msgid("a column stands there twice"))
