"""CSV as programs and spreadsheets read it: lines, and cells that no spreadsheet runs as formulas."""

import csv
import io
from collections.abc import Iterable
from typing import Any

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def lines(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as text, each with the end of its line."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def cell(value: Any) -> str:
    """A value as a cell; a text that a spreadsheet would run as a formula is led by an apostrophe."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and _looks_like_formula(text) else text


def uncell(text: str) -> str:
    """A cell as the text that ``cell`` made it from, without surrounding space."""
    stripped = text.strip()
    return stripped[1:] if stripped[:1] == "'" and _looks_like_formula(stripped) else stripped


def _looks_like_formula(text: str) -> bool:
    # With apostrophes before it too, so that taking one away gives back exactly what was there.
    return text.lstrip("'").startswith(_FORMULA_SIGNS)
