"""What can be seen of texts: of keys all of it, because they are compared, and of names at least something."""

import re
import unicodedata

_NOTHING_TO_SEE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Characters that count as letters, marks or signs, and show nothing: joiners, fillers, variation selectors."""


_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def is_legible(text: str) -> bool:
    """Whether every character of a text can be seen, so that two texts that look alike are the same.

    Not so with control characters, zero-width ones, those that turn the direction of writing, and blanks other than the
    plain one. Free text may hold them: emoji and several scripts need joiners.
    """
    return text.isprintable() and (text.isascii() or _NOTHING_TO_SEE.search(text) is None)


def one_line(text: str) -> str:
    """A text on one line: line breaks and control characters are blanks, and none surround it."""
    return _BREAKS.sub(" ", text).strip()


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: it is empty, or holds nothing but spaces and characters without a sign."""
    return not any(is_legible(sign) for sign in text if sign != " ")


def first_unseen(text: str) -> tuple[int, str]:
    """Where in a text that is not legible the first character stands that cannot be seen, and what it is.

    Such as ``(3, "U+200B ZERO WIDTH SPACE")``, counted from 1.
    """
    place, sign = next((place, sign) for place, sign in enumerate(text, 1) if not is_legible(sign))
    return place, f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".rstrip()
