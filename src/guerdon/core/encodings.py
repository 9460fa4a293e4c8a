"""Texts of unknown encoding, as spreadsheets save them."""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "windows-1252": "Windows-1252",
    "macintosh": "Mac Roman",
    "ibm850": "IBM 850",
}
"""The encodings that are read, by the name that registers have for each: what Excel writes, and what came before it."""

# The one that is met most often first.
_PYTHON_NAMES = {"windows-1252": "cp1252", "macintosh": "mac_roman", "ibm850": "cp850"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, and how it was read.

    Attributes:
        encoding: one of ``ENCODINGS``.
        sure: whether it was named or can be nothing else; otherwise somebody should look at its accents.
    """

    text: str
    encoding: str
    sure: bool


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """Read a text.

    Args:
        encoding: one of ``ENCODINGS``; without it, what a mark at the beginning says, else UTF-8 if it is that, else
            the most likely.

    Raises:
        ValueError: it is not of that encoding, or of none that is read.
    """
    if encoding is not None:
        return Decoded(_read(content, encoding), encoding, sure=True)
    if content.startswith(_WIDE_MARKS):
        return Decoded(_read(content, "utf-16"), "utf-16", sure=True)
    try:
        return Decoded(_read(content, "utf-8"), "utf-8", sure=True)
    except UnicodeDecodeError:
        name = _likeliest(content)
        if name is None:
            raise
        return Decoded(_read(content, name), name, sure=False)


def _likeliest(content: bytes) -> str | None:
    """The encoding as which it looks the least like nonsense; of several, the one that is met most often."""
    found = from_bytes(content, cp_isolation=list(_PYTHON_NAMES.values()))
    chaos = {match.encoding: match.chaos for match in found}
    names = [name for name, python in _PYTHON_NAMES.items() if python in chaos]
    return min(names, key=lambda name: chaos[_PYTHON_NAMES[name]], default=None)


def _read(content: bytes, encoding: str) -> str:
    if encoding == "utf-16" and not content.startswith(_WIDE_MARKS):
        return content.decode("utf-16-le")  # as Windows writes it, where the mark was lost
    return content.decode("utf-8-sig" if encoding == "utf-8" else _PYTHON_NAMES.get(encoding, encoding))
