"""Expressions that are evaluated thousands of times a second: what they read is known before, and bound flat.

Turning a Python object into CEL's costs ten times what an expression does. So ``activity.minutes`` becomes a variable
of its own, ``activity__minutes``, that takes a number; an object is built only for what cannot be read that way, such
as ``has(activity.minutes)``. A property that was left out reads as ``null``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cel

from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.engagement.expressions import ExpressionError, compiled, ratio

ROOTS = ("activity", "member", "counters", "params")
PERIODS = ("day", "week", "month", "life")
_STRINGS = (
    r"[rRbB]{0,2}\"\"\".*?\"\"\"|[rRbB]{0,2}'''.*?'''"
    r"|[rR][bB]?\"[^\"\n]*\"|[rR][bB]?'[^'\n]*'"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
)
_TOKENS = re.compile(
    rf"(?P<kept>{_STRINGS}|//[^\n]*|\bhas\s*\([^()]*\))"
    r"|(?<![\w.])(?P<root>activity|member|counters)(?P<path>(?:\.[A-Za-z_]\w*)+)(?P<call>\s*\()?",
    re.DOTALL,
)
_ITERATED = re.compile(r"\b(?:all|exists|exists_one)\s*\(\s*(\w+)\s*,")
FUNCTIONS = frozenset(
    """
    bytes contains double dyn duration endsWith int matches ratio size startsWith string timestamp type uint
    getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds
    """.split()  # noqa: SIM905 - two dozen lines otherwise
)
"""What an expression may call; without this list a misspelt name would be found out by the first award."""
_FLAT = re.compile(r"\b(?:activity|member|counters)__\w+")


@dataclass(frozen=True, slots=True)
class Read:
    """Something that an expression reads: from where, by which path, bound under which name."""

    root: str
    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """The variable that takes its value."""
        return "__".join((self.root, *self.path))


@dataclass(frozen=True, slots=True)
class Bound:
    """A compiled expression.

    Attributes:
        reads: what is bound flat.
        roots: what is bound as an object: ``activity``, ``member``, ``params``.
    """

    source: str
    program: "cel.Program"
    reads: tuple[Read, ...]
    roots: frozenset[str]


@lru_cache(maxsize=4096)
def bound(source: str) -> Bound:
    """Compile an expression and find out what it reads.

    Counters are read as ``counters.<metric>.<period>``, of another program as ``counters.<program>.<metric>.<period>``.

    Raises:
        ExpressionError: it is not CEL, could run for long, or reads or calls what there is not.
    """
    compiled(source)
    if _FLAT.search(source):
        raise ExpressionError("names with two underscores after activity, member or counters are not available")
    found: dict[str, Read] = {}

    def flatten(token: re.Match[str]) -> str:
        if token["kept"] is not None:
            return token[0]
        names = token["path"][1:].split(".")
        taken = _taken(token["root"], names, called=token["call"] is not None)
        if taken == 0:
            return token[0]
        read = Read(token["root"], tuple(names[:taken]))
        found[read.name] = read
        return ".".join((read.name, *names[taken:])) + (token["call"] or "")

    program = compiled(_TOKENS.sub(flatten, source), longest=None)
    roots = set(program.variables()) - set(found) - set(_ITERATED.findall(source))
    unknown = roots - set(ROOTS)
    if unknown:
        raise ExpressionError(f"it reads '{min(unknown)}', which there is not")
    strange = {name for name in compiled(source).functions() if name.isidentifier()} - FUNCTIONS
    if strange:
        raise ExpressionError(f"it calls '{min(strange)}', which there is not")
    if "counters" in roots:
        raise ExpressionError("counters are read as counters.<metric>.<day, week, month or life>")
    return Bound(source, program, tuple(found.values()), frozenset(roots))


def _taken(root: str, names: list[str], *, called: bool) -> int:
    """How many names of a path are the value's own; what follows is an operation on it. 0 leaves the path alone."""
    length = len(names) - 1 if called else len(names)
    if root == "counters":
        return next((place + 1 for place in range(1, min(length, 4)) if names[place] in PERIODS), 0)
    if root == "member" and names[0] == "tiers":
        return 2 if length >= 2 else 0
    return 1 if length >= 1 else 0


class Frame:
    """Where expressions with the same parameters are evaluated: bind what they read, then ask.

    Args:
        params: of the rule; bound once.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._context = cel.Context(variables={"params": dict(params)}, functions={"ratio": ratio})

    def bind(self, names: Sequence[str], values: Sequence[Any]) -> None:
        """Give variables their values: whole numbers of 64 bits, texts, truths, lists and objects of such, or None."""
        for name, value in zip(names, values, strict=True):
            self._context.add_variable(name, value)

    def value(self, expression: Bound) -> Any:
        """What an expression gives on what is bound.

        Raises:
            ExpressionError: it fails.
        """
        try:
            return expression.program.execute(self._context)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as exc:
            raise ExpressionError(f"{type(exc).__name__}: {str(exc)[:200]}") from exc

    def truth(self, expression: Bound) -> bool:
        """What an expression gives that must be true or false.

        Raises:
            ExpressionError: it fails, or gives something else.
        """
        value = self.value(expression)
        if not isinstance(value, bool):
            raise ExpressionError(f"it gives {type(value).__name__} instead of true or false")
        return value

    def whole_number(self, expression: Bound) -> int:
        """What an expression gives that must be a whole number from 0 to what an account can hold.

        Raises:
            ExpressionError: it fails, or gives something else.
        """
        value = self.value(expression)
        if type(value) is not int:
            raise ExpressionError(f"it gives {type(value).__name__} instead of a whole number")
        if not 0 <= value <= AMOUNT_MINOR_MAX:
            raise ExpressionError("it gives less than 0" if value < 0 else "it gives more than an account can hold")
        return value
