"""What is wrong with an expression, in plain words that can be translated, with its place and the nearest known name.

The library speaks of tokens, overloads and types of Rust. What it says is kept as a detail for those who want it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from guerdon.core.errors import Sentence
from guerdon.web.i18n import msgid

TECHNICAL_LENGTH_MAX = 300
_TECHNICAL_KEPT_MAX = 100
_KNOWN_SHOWN_MAX = 8
_FOUND_LENGTH_MAX = 40


_GIVEN = {
    "int": msgid("a whole number"),
    "float": msgid("a number with a fraction"),
    "str": msgid("a text"),
    "bool": msgid("true or false"),
    "list": msgid("a list"),
    "dict": msgid("an object"),
    "NoneType": msgid("nothing"),
}
_OTHERWISE = msgid("something else")
TRUTH, WHOLE_NUMBER = _GIVEN["bool"], _GIVEN["int"]
"""What conditions and amounts have to give."""


class Place(NamedTuple):
    """A character of an expression; line and column count from 1."""

    line: int
    column: int


class ExpressionError(ValueError):
    """An expression cannot be compiled or evaluated; its text says why.

    Args:
        template: what is wrong: a message id with placeholders.
        place: where, if that is known.
        technical: what the library said.
        misfit: whether it is the kind of a value that is wrong, so that it is so with every value.
        params: what fills the placeholders.
    """

    def __init__(
        self, template: str, *, place: Place | None = None, technical: str = "", misfit: bool = False, **params: Any
    ) -> None:
        self.sentence = Sentence(template, params)
        self.place = place
        self.technical = technical[:TECHNICAL_LENGTH_MAX]
        self.misfit = misfit
        super().__init__(str(self.sentence))

    @property
    def details(self) -> dict[str, Any]:
        """What typed errors are given of it: ``RuleExpressionError(field=…, **mistake.details)``."""
        line, column = self.place or (None, None)
        return {"problem": self.sentence, "line": line, "column": column, "technical": self.technical or None}

    @property
    def kept(self) -> dict[str, Any]:
        """What is kept of it with a fact that a rule failed on; ``read_back`` makes a sentence of it again."""
        params = {
            name: value.template if isinstance(value, Sentence) else value
            for name, value in self.sentence.params.items()
        }
        return {**params, "problem": self.sentence.template, "technical": self.technical[:_TECHNICAL_KEPT_MAX]}


def read_back(kept: Mapping[str, Any]) -> Sentence:
    """What was wrong with an expression, from what is kept of it; formerly that was an English sentence."""
    template = str(kept.get("problem", ""))
    if "technical" not in kept:
        return Sentence("{problem}", {"problem": template})
    words = {*_GIVEN.values(), _OTHERWISE}
    return Sentence(
        template,
        {name: Sentence(value) if isinstance(value, str) and value in words else value for name, value in kept.items()},
    )


def place_at(source: str, offset: int) -> Place:
    """The place of the character at an offset."""
    before = source[:offset]
    return Place(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def unknown(name: str, known: Collection[str], place: Place | None = None) -> ExpressionError:
    """Something that an expression reads or calls is not there.

    Args:
        known: what could have been meant.
    """
    shown = name[:100]
    near = get_close_matches(name[:100], list(known), 1)
    if near:
        return ExpressionError(
            msgid("there is no '{name}'; did you mean '{nearest}'?"), place=place, name=shown, nearest=near[0]
        )
    if 0 < len(known) <= _KNOWN_SHOWN_MAX:
        return ExpressionError(
            msgid("there is no '{name}'; there is {known}."), place=place, name=shown, known=", ".join(sorted(known))
        )
    return ExpressionError(msgid("there is no '{name}'."), place=place, name=shown)


def wrong_result(value: Any, wanted: str) -> ExpressionError:
    """An expression gives something else than what is wanted, ``TRUTH`` or ``WHOLE_NUMBER``."""
    given = Sentence(_GIVEN.get(type(value).__name__, _OTHERWISE))
    return ExpressionError(
        msgid("it gives {given} instead of {wanted}."), misfit=True, given=given, wanted=Sentence(wanted)
    )


ABSENT = msgid("'{name}' is not there.")
TOO_MUCH = msgid("it gives more than an account can hold.")
"""What may be found when everything has been multiplied, too."""

_FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_QUOTED = re.compile(r"(?:input|at:|identifier:) '?(.*?)'?(?: expecting .*)?$")
_MISSING = re.compile(r"missing '(.+?)' at")
_SPELT_OUT = frozenset({"and", "or", "not", "&", "|"})


def _where(source: str, place: Place) -> Sentence:
    if "\n" in source.strip():
        return Sentence(msgid("at line {line}, character {column}"), place._asdict())
    return Sentence(msgid("at character {column}"), {"column": place.column})


def of_spelling(source: str, error: ValueError) -> ExpressionError:
    """What the library's parser found, in plain words."""
    faults = [(Place(int(line), int(column)), what) for line, column, what in _FAULT.findall(str(error))]
    # What it calls incomplete is the beginning of what was cut off; where that is, comes next.
    place, what = next((each for each in faults if not each[1].startswith("Incomplete")), (None, ""))
    if place is None:
        return ExpressionError(msgid("it cannot be read."), technical=what or str(error).splitlines()[0])
    template, found = next(_spelling(what))
    return ExpressionError(template, place=place, technical=what, found=found, where=_where(source, place))


def _spelling(what: str) -> Iterator[tuple[str, str]]:
    """Message ids that fit, the first the best, and the signs that are at fault."""
    quoted, missing = _QUOTED.search(what), _MISSING.search(what)
    found = (quoted[1] if quoted else "").strip()[:_FOUND_LENGTH_MAX]
    if "Recursion limit" in what:
        yield msgid("it is nested too deeply."), ""
    if missing:
        yield msgid("'{found}' is missing, {where}."), missing[1]
    if "input '<EOF>'" in what:
        yield msgid("it stops too early; something is missing at its end."), ""
    if "int literal" in what:
        yield msgid("a number is too large, {where}."), ""
    if "token recognition" in what and found[:1] in ("'", '"'):
        yield msgid("a text is not closed, or has a sign that cannot be read, {where}."), found
    if found == "=":
        yield msgid("write == to compare, {where}."), found
    if found.lower() in _SPELT_OUT:
        yield msgid("write && for and, || for or, ! for not, {where}."), found
    if found:
        yield msgid("'{found}' is not expected, {where}."), found
    yield msgid("it cannot be read, {where}."), ""


_UNDEFINED = re.compile(r"Undefined variable or function: '(.*?)'")
_FUNCTION = re.compile(r"Function '(\w+?)_?' error: (?:Python function call failed: (\w+): )?")


def of_running(error: Exception, callable_names: Collection[str]) -> ExpressionError:
    """What went wrong while an expression was evaluated, in plain words.

    Args:
        callable_names: what expressions may call.
    """
    technical = f"{type(error).__name__}: {error}"
    template, params, misfit = next(_running(error, callable_names))
    return ExpressionError(template, technical=technical, misfit=misfit, **params)


def _running(error: Exception, callable_names: Collection[str]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    said = str(error)
    function = _FUNCTION.match(said)
    if isinstance(error, ZeroDivisionError) or (function and function[2] == "ZeroDivisionError"):
        yield msgid("it divides by zero."), {}, False
    if isinstance(error, OverflowError):
        yield msgid("a number becomes larger than 64 bits hold."), {}, False
    if isinstance(error, KeyError):
        yield ABSENT, {"name": str(error.args[0]).strip("'\"")[:100]}, False
    if isinstance(error, IndexError):
        yield msgid("a list is shorter than it would have to be."), {}, False
    if isinstance(error, TypeError):
        yield msgid("it puts together what does not go together, such as a number and a text."), {}, True
    undefined = _UNDEFINED.search(said)
    if undefined:
        name = undefined[1].removesuffix("_")
        if name not in callable_names:
            yield msgid("there is no '{name}'."), {"name": name[:100]}, False
        function = undefined
    if function:
        misfit = function is undefined or function[2] == "TypeError"
        name = function[1].removesuffix("_")
        yield msgid("'{name}' can do nothing with what it is given."), {"name": name[:100]}, misfit
    yield msgid("it fails."), {}, False
