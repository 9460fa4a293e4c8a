"""A rule's formula for people who do not read code: in words, and with the values of one case put in.

Both are shown beside the formula, never computed with.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_RATIO = re.compile(r"\bratio\(")
_NAME = re.compile(r"\b(?:activity|params)((?:\.\w+)+)((?:\[[^\[\]]+\])?)")
_READS = re.compile(r"\bactivity\.(\w+)")
_LOOKUP = re.compile(r"\bparams\.([\w.]+)\[activity\.(\w+)\]")
_POWER_OF_TEN = re.compile(r"10*")
_INPUT = re.compile(r"\bactivity\.(\w+)\b(?![.\[(])")
_HARD = re.compile(r"\bactivity\.\w+[.\[(]|\[activity\.|[\ue000\ue001]")
_MARK = re.compile("\ue000(\\w+)\ue001")
UNITS = {"_minor": 0, "_hundredths": 2, "_percent": 2, "_bp": 4}
"""How the end of a name says which part of 1 a whole number counts: by decimals; the smallest parts have none of 1."""


def in_words(formula: str, gettext: Callable[[str], str] = str) -> str:
    """The formula with names as words and the signs of arithmetic: ``hours × points per hour``.

    A division by 10, 100 … is left out: it only turns parts into wholes, and words do not count in parts.

    Args:
        gettext: what the words are in the reader's language.
    """

    def worded(found: re.Match[str]) -> str:
        name = words(found[1].rpartition(".")[2])
        key = words(found[2][1:-1].rpartition(".")[2].strip("'\""))
        return f"{gettext(name)} ({gettext(key)})" if key and key != name else gettext(name)

    return _signs(_divisions(_NAME.sub(worded, formula), wholes=True))


def filled_in(formula: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """The formula with the values of one case instead of names: ``3 × 150``."""
    variables = {"activity": inputs, "params": params}

    def value(found: re.Match[str]) -> str:
        known = _follow(variables, found[0].partition("[")[0].split("."))
        key = found[2][1:-1]
        if key:
            chosen = _follow(variables, key.split(".")) if key.startswith("activity.") else key.strip("'\"")
            known = known.get(str(chosen)) if isinstance(known, Mapping) else None
        return found[0] if known is None or isinstance(known, Mapping) else json.dumps(known, ensure_ascii=False)

    return _signs(_divisions(_NAME.sub(value, formula)))


class Filling:
    """``filled_in`` for one version of a rule, whose parameters never change, made ready for many cases.

    Args:
        formula: of the rule.
        params: of its version.
    """

    def __init__(self, formula: str, params: Mapping[str, Any]) -> None:
        self._formula = formula
        self._params = params
        self._simple = not _HARD.search(formula)
        # Values are put in last: a mark in brackets stands for each until then.
        marked = _INPUT.sub(lambda found: f"\ue000{found[1]}\ue001", formula) if self._simple else formula
        self._parts = _MARK.split(filled_in(marked, {}, params))

    def __call__(self, inputs: Mapping[str, Any]) -> str:
        """The formula with the values of one case."""
        parts = self._parts[:]
        for place in range(1, len(parts), 2):
            value = inputs.get(parts[place])
            if not self._simple or type(value) is not int or value < 0:
                return filled_in(self._formula, inputs, self._params)
            parts[place] = str(value)
        return "".join(parts) if self._simple else filled_in(self._formula, inputs, self._params)


def reads(*formulas: str) -> list[str]:
    """The names that formulas read of a fact, in the order in which they first stand there."""
    return list(dict.fromkeys(name for formula in formulas for name in _READS.findall(formula)))


def choices(name: str, params: Mapping[str, Any], *formulas: str) -> list[str]:
    """The values that an input may have because a formula looks it up in the parameters; empty if none does."""
    for path, read in (found for formula in formulas for found in _LOOKUP.findall(formula)):
        table = _follow({"params": params}, ["params", *path.split(".")])
        if read == name and isinstance(table, Mapping):
            return list(table)
    return []


def words(name: str) -> str:
    """A name of a rule as words: ``points_per_hour`` is ``points per hour``; its unit is left out."""
    return name.removesuffix(unit_of(name)).replace("_", " ").strip()


def unit_of(name: str) -> str:
    """The end of a name that says in which parts it counts, one of ``UNITS``, or the empty string."""
    return next((unit for unit in UNITS if name.endswith(unit) and name != unit), "")


def _follow(start: Any, path: list[str]) -> Any:
    for name in path:
        start = start.get(name) if isinstance(start, Mapping) else None
    return start


def _divisions(formula: str, *, wholes: bool = False) -> str:
    """Write ``ratio(a, b)`` as ``(a) ÷ b``; what is not balanced stays as it is."""
    start = _RATIO.search(formula)
    while start:
        depth, comma = 1, 0
        for place in range(start.end(), len(formula)):
            sign = formula[place]
            depth += (sign in "([") - (sign in ")]")
            if sign == "," and depth == 1:
                comma = place
            if depth == 0:
                break
        else:
            return formula
        if not comma:
            return formula
        above, below = formula[start.end() : comma].strip(), formula[comma + 1 : place].strip()
        above = f"({above})" if re.search(r"[-+?]", above) else above
        below = f"({below})" if re.search(r"[-+*/?]", below) else below
        written = above if wholes and _POWER_OF_TEN.fullmatch(below) else f"{above} ÷ {below}"
        formula = f"{formula[: start.start()]}{written}{formula[place + 1 :]}"
        start = _RATIO.search(formula)
    return formula


def _signs(formula: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*\*\s*", " × ", formula)).strip()
