"""How expressions are spelt: where texts and comments stand in them, and what in them could run for long.

CEL has no loops but for its macros over lists. Those nest, and what they ask for each element may be costly: two in
each other, over lists that were put together, run for minutes, and so does a pattern that is compiled for each element.
An amount needs none of that.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any

import cel
from pydantic import StringConstraints, TypeAdapter
from pydantic_core import SchemaError

from guerdon.kernel.engagement.mistakes import ExpressionError, Place, place_at, unknown
from guerdon.web.i18n import msgid

QUESTIONS_MAX = 2
PATTERNS_MAX = 5
SUMS_MAX = 10
PATTERN_LENGTH_MAX = 200
REPETITIONS_MAX = 200
MATCHED_LENGTH_MAX = 2000
TEXTS = (
    r"\b[bB]?[rR]\"\"\".*?\"\"\"|\b[bB]?[rR]'''.*?'''"
    r"|\b[bB]?[rR]\"[^\"\n\r]*\"|\b[bB]?[rR]'[^'\n\r]*'"
    r"|(?:\b[bB])?\"\"\"(?:[^\\]|\\.)*?\"\"\"|(?:\b[bB])?'''(?:[^\\]|\\.)*?'''"
    r"|(?:\b[bB])?\"(?:[^\"\\\n\r]|\\.)*\"|(?:\b[bB])?'(?:[^'\\\n\r]|\\.)*'"
)
"""Texts within an expression, as a regular expression with DOTALL."""
_KEPT = re.compile(rf"{TEXTS}|(?P<comment>//[^\n]*)", re.DOTALL)
_BUILDS_LIST = re.compile(r"\b(?:map|filter)\s*\(")
_SIGNS = re.compile(
    r"(?P<asks>\b(?:all|exists|exists_one)\s*\()|(?P<matches>\bmatches\s*\()|(?P<opens>\()|(?P<sum>\+)|\)"
)
_NAMED_LIST = re.compile(r"(?:[\w.]|\[[^\[\]+?]*\])+\s*\.\s*\Z")
_REPETITION = re.compile(r"(?<!\\)\{(\d+)(?:,(\d*))?\}")
_OWN = re.compile(r"(?<!\w)(size|matches)(?=\s*\()")
_OWN_NAME = re.compile(r"(?<!\w)(?:size|matches)_\b")


@lru_cache(maxsize=4096)
def masked(source: str) -> str:
    """An expression with its texts and comments blanked out, each character in its place."""

    def blank(found: re.Match[str]) -> str:
        if found["comment"] is not None:
            return " " * len(found[0])
        return f"'{'~' * (len(found[0]) - 2)}'"

    return _KEPT.sub(blank, source)


def renamed(source: str) -> str:
    """An expression that calls ``size`` and ``matches`` of Guerdon's own: the library's ``size`` counts the bytes of a
    text instead of its characters, and its ``matches`` compiles the pattern at each call."""
    parts, end = [], 0
    for found in _OWN.finditer(masked(source)):
        parts += [source[end : found.end()], "_"]
        end = found.end()
    return "".join((*parts, source[end:]))


def size(value: Any) -> int:
    """What expressions call as ``size``: the characters of a text, the elements of a list, the names of an object.

    Raises:
        TypeError: it is nothing of the kind.
    """
    if not isinstance(value, str | list | dict | bytes):
        raise TypeError("size takes a text, a list or an object")
    return len(value)


def matches(value: Any, pattern: Any) -> bool:
    """What expressions call as ``matches``: whether a pattern fits somewhere in a text, in time linear in both.

    Raises:
        TypeError: one of them is no text.
        ValueError: the text is too long.
    """
    if not (isinstance(value, str) and isinstance(pattern, str)):
        raise TypeError("matches takes a text and a pattern")
    if len(value) > MATCHED_LENGTH_MAX:
        raise ValueError(f"matches takes at most {MATCHED_LENGTH_MAX} characters")
    return _compiled(pattern).validator.isinstance_python(value)


OWN_FUNCTIONS = {"size_": size, "matches_": matches}
"""By the names that ``renamed`` gives them."""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> TypeAdapter[str]:
    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def check(source: str) -> None:
    """Refuse what could run for long. The expression is CEL otherwise.

    Raises:
        ExpressionError: it builds lists, asks for each element within another such question or of a list that has no
            name, puts much together for each, or has patterns that are too many, too large or not known beforehand.
    """
    signs = masked(source)
    own = _OWN_NAME.search(signs)
    if own:
        raise unknown(own[0], (), place_at(source, own.start()))
    builds = _BUILDS_LIST.search(signs)
    if builds:
        raise ExpressionError(msgid("map and filter are not available."), place=place_at(source, builds.start()))
    questions = patterns = sums = 0
    for sign, within in _calls(signs):
        place = place_at(source, sign.start())
        if sign["asks"]:
            questions += 1
            _check_question(signs[: sign.start()], within, place)
        elif sign["matches"]:
            patterns += 1
            _check_pattern(source, signs, sign, within)
        else:
            sums += within
    if questions > QUESTIONS_MAX:
        raise ExpressionError(
            msgid("all, exists and exists_one may stand in it {maximum} times together."), maximum=QUESTIONS_MAX
        )
    if sums > SUMS_MAX:
        raise ExpressionError(
            msgid("within all, exists and exists_one, + may stand {maximum} times together."), maximum=SUMS_MAX
        )
    if patterns > PATTERNS_MAX:
        raise ExpressionError(msgid("matches may stand in it {maximum} times."), maximum=PATTERNS_MAX)


def _calls(signs: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Every question, pattern and sum, and whether it stands within a question."""
    open_questions: list[bool] = []
    for sign in _SIGNS.finditer(signs):
        if sign[0] == ")":
            if open_questions:
                open_questions.pop()
            continue
        if not sign["opens"]:
            yield sign, any(open_questions)
        if sign["sum"]:
            continue
        open_questions.append(sign["asks"] is not None)


def _check_question(before: str, within: bool, place: Place) -> None:
    if within:
        raise ExpressionError(msgid("all, exists and exists_one cannot stand in each other."), place=place)
    if not _NAMED_LIST.search(before):
        raise ExpressionError(
            msgid("all, exists and exists_one ask of a list by its name, such as activity.tags.exists(t, t == 'new')."),
            place=place,
        )


def _check_pattern(source: str, signs: str, sign: re.Match[str], within: bool) -> None:
    place = place_at(source, sign.start())
    if within:
        raise ExpressionError(msgid("matches cannot stand within all, exists or exists_one."), place=place)
    start, end = _last_argument(signs, sign.end())
    literal = source[start:end].strip()
    if not re.fullmatch(TEXTS, literal, re.DOTALL):
        raise ExpressionError(msgid("matches takes its pattern as a text in quotes."), place=place)
    pattern = cel.compile(literal).execute({})
    if not isinstance(pattern, str) or len(pattern) > PATTERN_LENGTH_MAX or _repetitions(pattern) > REPETITIONS_MAX:
        raise ExpressionError(
            msgid("a pattern has at most {length} characters, and repeats at most {repetitions} times."),
            place=place,
            length=PATTERN_LENGTH_MAX,
            repetitions=REPETITIONS_MAX,
        )
    try:
        _compiled(pattern)
    except SchemaError as exc:
        raise ExpressionError(msgid("the pattern cannot be read."), place=place, technical=str(exc)) from exc


def _last_argument(signs: str, start: int) -> tuple[int, int]:
    """Where the last argument of a call stands whose arguments begin at ``start``."""
    depth, place = 1, start
    for place in range(start, len(signs)):
        depth += (signs[place] in "([{") - (signs[place] in ")]}")
        if signs[place] == "," and depth == 1:
            start = place + 1
        if depth == 0:
            break
    return start, place


def _repetitions(pattern: str) -> int:
    product = 1
    for least, most in _REPETITION.findall(pattern):
        product *= max(int(most or least), 1)
    return product
