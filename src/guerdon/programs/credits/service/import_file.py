"""The file of an import: its rows by column, or what is wrong with it as a whole."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from guerdon.core.csv_text import uncell
from guerdon.core.encodings import ENCODINGS, decode
from guerdon.programs.credits.errors import (
    ImportColumnMissingError,
    ImportColumnUnknownError,
    ImportFileError,
    ImportNotOfEncodingError,
    ImportRowUnreadableError,
    ImportTooLongError,
)
from guerdon.programs.credits.service.csv_format import INPUT_COLUMNS, NUMBERS, OUTPUT_COLUMNS
from guerdon.web.i18n import msgid
from guerdon.web.typed import plain_number

ROWS_MAX = 10_000
FILE_BYTES_MAX = 8 * 1024 * 1024
Encoding = Literal["utf-8", "utf-16", "windows-1252", "macintosh", "ibm850"]
"""How a file may be said to be encoded; the names of ``ENCODINGS``."""
DELIMITERS = (",", ";", "\t")
"""What may stand between cells. With a comma, numbers have a point; with the others, a point or a comma."""
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
"""What is a thousand in one country and one in another; files with tabs come from both."""
WORKBOOK_MARK = b"PK\x03\x04"
"""How .xlsx and .ods begin."""
SURPLUS = ""
"""The column under which a row with more cells than the header says so."""


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file as it was read.

    Attributes:
        encoding: one of ``ENCODINGS``.
        sure: whether the encoding was named or can be nothing else.
        delimiter: what stands between its cells.
    """

    text: str
    encoding: str
    sure: bool
    delimiter: str

    def first_lines(self, number: int) -> list[list[str]]:
        """The first lines as cells, to be looked at; fewer where the file is shorter or a line is none."""
        with suppress(csv.Error):
            reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)
            return list(islice(reader, number))
        return []


def opened(content: bytes, encoding: str | None = None) -> ImportFile:
    """Find out how a file is to be read.

    Args:
        encoding: one of ``ENCODINGS``, if it is known.

    Raises:
        ImportFileError: it is too large, not of that encoding, or no text.
    """
    if len(content) > FILE_BYTES_MAX:
        raise too_long()
    if content.startswith(WORKBOOK_MARK):
        raise ImportFileError(field="file", problem=msgid("it is a workbook; save it as CSV first"))
    try:
        decoded = decode(content, encoding)
    except ValueError as exc:
        if encoding is None:
            raise ImportFileError(field="file", problem=msgid("it is not a text")) from exc
        raise ImportNotOfEncodingError(field="encoding", problem="", encoding=ENCODINGS[encoding]) from exc
    if "\0" in decoded.text:
        raise ImportFileError(field="file", problem=msgid("it is not a text"))
    header = decoded.text.partition("\n")[0]
    return ImportFile(decoded.text, decoded.encoding, decoded.sure, max(DELIMITERS, key=header.count))


def read_rows(file: ImportFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that is not blank with its number; blank ones count too, so that a spreadsheet shows the same number.

    Raises:
        ImportFileError: it has no header of ours, or too many rows.
    """
    number = 0
    try:
        reader = csv.reader(io.StringIO(file.text, newline=""), delimiter=file.delimiter, strict=True)
        names = [name.strip() for name in next(reader, ())]
        number = 1
        _check_header(names)
        for number, row in enumerate(reader, start=2):
            if number > ROWS_MAX + 1:
                raise too_long()
            cells = dict(zip(names, map(uncell, row), strict=False))
            if any(cell.strip() for cell in row[len(names) :]):
                cells[SURPLUS] = "too many cells"
            if any(cells.values()):
                yield number, {name: _plain(name, text, file.delimiter) for name, text in cells.items()}
    except csv.Error as exc:
        raise ImportRowUnreadableError(field="file", problem="", row=number + 1) from exc


def _plain(column: str, text: str, delimiter: str) -> str:
    """A cell as the services take it: with a point in numbers, where the file was written with decimal commas."""
    if column not in NUMBERS or delimiter == "," or (delimiter == "\t" and _THOUSANDS.fullmatch(text)):
        return text
    return plain_number(text)


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
