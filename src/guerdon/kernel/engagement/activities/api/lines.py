"""NDJSON coming in: kept in a temporary file while it arrives, so that a request that is too large is refused whole."""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from guerdon.kernel.engagement.activities.errors import BatchTooLongError

LINES_MAX = 10_000
LINE_BYTES_MAX = 65_536
MEMORY_BYTES_MAX = 262_144
"""Of a request; what is larger goes to disk."""


class Line(NamedTuple):
    """A line that is not blank; its text is None if it is too long to be looked at."""

    number: int
    text: bytes | None


async def spool(stream: AsyncIterator[bytes]) -> IO[bytes]:
    """Take a whole body in. The caller closes the file.

    Raises:
        BatchTooLongError: it has too many lines.
    """
    file = SpooledTemporaryFile(max_size=MEMORY_BYTES_MAX)  # noqa: SIM115 - the caller reads it while it answers
    try:
        async for piece in _limited(stream):
            file.write(piece)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


async def _limited(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    lines, open_line = 0, False
    async for piece in stream:
        if piece:
            lines += piece.count(b"\n")
            open_line = not piece.endswith(b"\n")
            if lines + open_line > LINES_MAX:
                raise BatchTooLongError(lines_max=LINES_MAX)
            yield piece


def read_lines(file: IO[bytes]) -> Iterator[Line]:
    """The lines of a file, one after the other; closes it in the end.

    A mark of the byte order, with which some programs begin their files, is no part of the first line.
    """
    with closing(file):
        number = 0
        while text := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            if number == 1:
                text = text.removeprefix(BOM_UTF8)
            if len(text) > LINE_BYTES_MAX and not text.endswith(b"\n"):
                while (rest := file.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
                    pass
                yield Line(number, None)
            elif stripped := text.strip():
                yield Line(number, stripped)
