"""Where in an expression that a form sent something is wrong, for the page that shows the form again."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.kernel.engagement.service.terms import read_lines
from guerdon.web.i18n import msgid

_AROUND_MAX = 60
_WORD = re.compile(r"[\w.]+|.?")
_LINE_OF = re.compile(r"multipliers\.(\d+)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A mistake within an expression.

    Attributes:
        before, at, after: the line of the expression around it; all empty where its place is not known.
        technical: what the library said, in English.
    """

    before: str
    at: str
    after: str
    technical: str


def of(error: GuerdonError, sent: Mapping[str, str]) -> dict[str, Mark]:
    """The mistakes in expressions that an error tells of, by the field of the form."""
    found: dict[str, Mark] = {}
    for each in error.errors if isinstance(error, FieldErrors) else [error]:
        field, technical, line = each.field or "", each.params.get("technical") or "", each.params.get("line")
        numbered = _LINE_OF.fullmatch(field)
        if not technical and not line:
            continue
        if numbered:
            field = "multipliers"
            source = read_lines(sent.get(field, ""))[int(numbered[1])]
        else:
            source = sent.get(field, "").strip()
        found.setdefault(field, _mark(source, line, each.params.get("column"), technical))
    return found


def _mark(source: str, line: int | None, column: int | None, technical: str) -> Mark:
    lines = source.splitlines()
    if not line or not column or line > len(lines):
        return Mark("", "", "", technical)
    written, start = lines[line - 1], column - 1
    word = _WORD.match(written, start)
    end = word.end() if word else start
    before = "…" * (start > _AROUND_MAX) + written[max(start - _AROUND_MAX, 0) : start]
    after = written[end : end + _AROUND_MAX] + "…" * (len(written) > end + _AROUND_MAX)
    # What is missing at the end has no letters of its own.
    return Mark(before, written[start:end] or "\N{NO-BREAK SPACE}", after, technical)


def by_field(errors: Mapping[str, str], gettext: Callable[..., str]) -> dict[str, str]:
    """Errors with those of single multipliers put under the field that has all of them, one on a line."""
    found: dict[str, str] = {}
    for field, text in errors.items():
        numbered = _LINE_OF.fullmatch(field)
        if not numbered:
            found[field] = text
            continue
        told = gettext(msgid("Line {line}: {text}"), line=int(numbered[1]) + 1, text=text)
        found["multipliers"] = " ".join(filter(None, (found.get("multipliers"), told)))
    return found
