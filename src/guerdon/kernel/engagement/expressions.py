"""Expressions of rules: Common Expression Language over whole numbers, compiled once.

Amounts are integers of a unit's smallest part. Where a rule has to multiply by a fraction it says so with
``ratio(value, divisor)``, which divides exactly and rounds halves up; a float as a result is refused.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import cel

from guerdon.core.money import round_half_up

EXPRESSION_LENGTH_MAX = 2000


class ExpressionError(ValueError):
    """The expression cannot be compiled or evaluated; its text says why."""


def _ratio(value: int, divisor: int) -> int:
    if not (type(value) is int and type(divisor) is int):
        raise TypeError("ratio takes two whole numbers")
    if divisor == 0:
        raise ZeroDivisionError("ratio by zero")
    return round_half_up(Fraction(value, divisor))


@lru_cache(maxsize=4096)
def compiled(source: str) -> "cel.Program":
    """The compiled form of an expression.

    Raises:
        ExpressionError: it is empty, too long or not CEL.
    """
    if not source.strip():
        raise ExpressionError("it is empty")
    if len(source) > EXPRESSION_LENGTH_MAX:
        raise ExpressionError(f"it is longer than {EXPRESSION_LENGTH_MAX} characters")
    try:
        return cel.compile(source)
    except ValueError as exc:
        raise ExpressionError(str(exc).splitlines()[0][:200]) from exc


def evaluate(source: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Args:
        variables: what it may read, plain JSON values.

    Raises:
        ExpressionError: it cannot be compiled, or fails on these variables.
    """
    program = compiled(source)
    context = cel.Context(variables=dict(variables), functions={"ratio": _ratio})
    try:
        return program.execute(context)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        raise ExpressionError(f"{type(exc).__name__}: {str(exc)[:200]}") from exc


def whole_number(source: str, variables: Mapping[str, Any]) -> int:
    """The value of an expression that must be a whole number of at least 0.

    Raises:
        ExpressionError: it is anything else.
    """
    value = evaluate(source, variables)
    if type(value) is not int:
        raise ExpressionError(f"it gives {type(value).__name__} instead of a whole number")
    if value < 0:
        raise ExpressionError("it gives less than 0")
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
