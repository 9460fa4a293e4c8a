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

from guerdon.kernel.engagement.expressions import (
    CALLABLE,
    as_truth,
    as_whole_number,
    compiled,
    executed,
    functions,
)
from guerdon.kernel.engagement.mistakes import ExpressionError, Place, place_at, unknown
from guerdon.kernel.engagement.spelling import TEXTS, masked
from guerdon.web.i18n import msgid

ROOTS = ("activity", "member", "counters", "params")
PERIODS = ("day", "week", "month", "life")
_TOKENS = re.compile(
    rf"(?P<kept>{TEXTS}|//[^\n]*|\bhas\s*\([^()]*\))"
    r"|(?<![\w.])(?P<root>activity|member|counters)(?P<path>(?:\.[A-Za-z_]\w*)+)(?P<call>\s*\()?",
    re.DOTALL,
)
_ITERATED = re.compile(r"\b(?:all|exists|exists_one)\s*\(\s*(\w+)\s*,")
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
    flat = _FLAT.search(masked(source))
    if flat:
        raise unknown(flat[0], (), place_at(source, flat.start()))
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
    for name in sorted(roots - set(ROOTS)):
        raise unknown(name, ROOTS, place_of(name, source))
    for name in sorted({name for name in cel.compile(source).functions() if name.isidentifier()} - CALLABLE):
        raise unknown(name, CALLABLE, place_of(name, source))
    if "counters" in roots:
        raise ExpressionError(
            msgid("counters are read as counters.<metric>.<day, week, month or life>."),
            place=place_of("counters", source),
        )
    return Bound(source, program, tuple(found.values()), frozenset(roots))


def place_of(name: str, source: str) -> Place | None:
    """Where a name first stands in an expression, or is called."""
    found = re.search(rf"(?<![\w.]){re.escape(name)}\b|\b{re.escape(name)}(?=\s*\()", masked(source))
    return place_at(source, found.start()) if found else None


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
        self._context = cel.Context(variables={"params": dict(params)}, functions=functions())

    def bind(self, names: Sequence[str], values: Sequence[Any]) -> None:
        """Give variables their values: whole numbers of 64 bits, texts, truths, lists and objects of such, or None."""
        for name, value in zip(names, values, strict=True):
            self._context.add_variable(name, value)

    def value(self, expression: Bound) -> Any:
        """What an expression gives on what is bound.

        Raises:
            ExpressionError: it fails.
        """
        return executed(expression.program, self._context)

    def truth(self, expression: Bound) -> bool:
        """What an expression gives that must be true or false.

        Raises:
            ExpressionError: it fails, or gives something else.
        """
        return as_truth(self.value(expression))

    def whole_number(self, expression: Bound) -> int:
        """What an expression gives that must be a whole number from 0 to what an account can hold.

        Raises:
            ExpressionError: it fails, or gives something else.
        """
        return as_whole_number(self.value(expression))
