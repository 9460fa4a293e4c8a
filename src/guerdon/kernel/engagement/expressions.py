"""Expressions of rules: Common Expression Language over whole numbers, compiled once.

Amounts are integers of a unit's smallest part. Where a rule has to multiply by a fraction it says so with
``ratio(value, divisor)``, which divides exactly and rounds halves up; a float as a result is refused.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import cel

from guerdon.core.money import AMOUNT_MINOR_MAX

EXPRESSION_LENGTH_MAX = 2000
QUESTIONS_MAX = 2
INTEGER_MIN = -(2**63)
_CALL = r"(?:\s|//[^\n]*)*\("
_BUILDS_LIST = re.compile(r"\b(map|filter)\b" + _CALL)
_ASKS_LIST = re.compile(r"\b(all|exists|exists_one)\b" + _CALL)


class ExpressionError(ValueError):
    """The expression cannot be compiled or evaluated; its text says why."""


def ratio(value: int, divisor: int) -> int:
    """What expressions call to divide: exactly, halves rounded up."""
    if not (type(value) is int and type(divisor) is int):
        raise TypeError("ratio takes two whole numbers")
    if divisor == 0:
        raise ZeroDivisionError("ratio by zero")
    # Whole numbers throughout: a Fraction costs ten times as much, and this is called for every award.
    rounded = (2 * abs(value) + abs(divisor)) // (2 * abs(divisor))
    return rounded if (value < 0) == (divisor < 0) else -rounded


@lru_cache(maxsize=4096)
def compiled(source: str, *, longest: int | None = EXPRESSION_LENGTH_MAX) -> "cel.Program":
    """The compiled form of an expression.

    CEL has no loops but for its macros over lists, and those nest: four ``map`` in each other, 300 characters long, run
    for seconds. An amount needs no lists built, so ``map`` and ``filter`` are refused, and of ``all``, ``exists`` and
    ``exists_one`` two are allowed. With that and the limit on length, the worst takes some 50 ms.

    Raises:
        ExpressionError: it is empty, too long, not CEL, or could run for long.
    """
    if not source.strip():
        raise ExpressionError("it is empty")
    if longest is not None and len(source) > longest:
        raise ExpressionError(f"it is longer than {longest} characters")
    if _BUILDS_LIST.search(source):
        raise ExpressionError("map and filter are not available")
    if len(_ASKS_LIST.findall(source)) > QUESTIONS_MAX:
        raise ExpressionError(f"all, exists and exists_one may stand in it {QUESTIONS_MAX} times together")
    try:
        return cel.compile(source)
    except ValueError as exc:
        raise ExpressionError(str(exc).splitlines()[0][:200]) from exc


def evaluate(source: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Args:
        variables: what it may read: texts, truths and whole numbers of 64 bits, in objects and lists.

    Raises:
        ExpressionError: it cannot be compiled, or fails on these variables.
    """
    program = compiled(source)
    _check_variable(variables)
    context = cel.Context(variables=dict(variables), functions={"ratio": ratio})
    try:
        return program.execute(context)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        raise ExpressionError(f"{type(exc).__name__}: {str(exc)[:200]}") from exc


def _check_variable(value: Any) -> None:
    """Refuse what CEL would turn into a float, or is one."""
    if isinstance(value, Mapping):
        for each in value.values():
            _check_variable(each)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            _check_variable(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        if not INTEGER_MIN <= value <= AMOUNT_MINOR_MAX:
            raise ExpressionError("a number is larger than 64 bits hold")
    elif value is not None and not isinstance(value, bool | str):
        raise ExpressionError(f"it cannot read a {type(value).__name__}")


def whole_number(source: str, variables: Mapping[str, Any]) -> int:
    """The value of an expression that must be a whole number from 0 to what an account can hold.

    Raises:
        ExpressionError: it is anything else.
    """
    value = evaluate(source, variables)
    if type(value) is not int:
        raise ExpressionError(f"it gives {type(value).__name__} instead of a whole number")
    if value < 0:
        raise ExpressionError("it gives less than 0")
    if value > AMOUNT_MINOR_MAX:
        raise ExpressionError("it gives more than an account can hold")
    return value


def truth(source: str, variables: Mapping[str, Any]) -> bool:
    """The value of an expression that must be true or false.

    Raises:
        ExpressionError: it is anything else.
    """
    value = evaluate(source, variables)
    if not isinstance(value, bool):
        raise ExpressionError(f"it gives {type(value).__name__} instead of true or false")
    return value
