"""Expressions of rules: Common Expression Language over whole numbers, compiled once.

Amounts are integers of a unit's smallest part. Where a rule has to multiply by a fraction it says so with
``ratio(value, divisor)``, which divides exactly and rounds halves up; a float as a result is refused.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import cel

from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.kernel.engagement import spelling
from guerdon.kernel.engagement.mistakes import (
    TOO_MUCH,
    TRUTH,
    WHOLE_NUMBER,
    ExpressionError,
    of_running,
    of_spelling,
    wrong_result,
)
from guerdon.web.i18n import msgid

__all__ = [
    "ExpressionError",
    "as_truth",
    "as_whole_number",
    "compiled",
    "evaluate",
    "executed",
    "functions",
    "ratio",
    "truth",
    "whole_number",
]

EXPRESSION_LENGTH_MAX = 2000
INTEGER_MIN = -(2**63)
CALLABLE = frozenset(
    """
    bytes contains double dyn duration endsWith int matches ratio size startsWith string timestamp type uint
    getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds
    """.split()  # noqa: SIM905 - two dozen lines otherwise
)
"""What an expression may call; without this list a misspelt name would be found out by the first award."""
# The library logs a warning whenever a function that it calls raises; what raised is told to whoever asked.
logging.getLogger("cel").setLevel(logging.ERROR)


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

    Raises:
        ExpressionError: it is empty, too long, not CEL, or could run for long.
    """
    if not source.strip():
        raise ExpressionError(msgid("it is empty."))
    if longest is not None and len(source) > longest:
        raise ExpressionError(msgid("it is longer than {maximum} characters."), maximum=longest)
    try:
        program = cel.compile(source)
    except ValueError as exc:
        raise of_spelling(source, exc) from exc
    spelling.check(source)
    own = spelling.renamed(source)
    return program if own == source else cel.compile(own)


def functions() -> dict[str, Any]:
    """What a context has to have for expressions to call."""
    return {"ratio": ratio, **spelling.OWN_FUNCTIONS}


def executed(program: "cel.Program", context: "cel.Context") -> Any:
    """What a compiled expression gives.

    Raises:
        ExpressionError: it fails.
    """
    try:
        return program.execute(context)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        raise of_running(exc, CALLABLE) from exc


def evaluate(source: str, variables: Mapping[str, Any]) -> Any:
    """The value of an expression.

    Args:
        variables: what it may read: texts, truths and whole numbers of 64 bits, in objects and lists.

    Raises:
        ExpressionError: it cannot be compiled, or fails on these variables.
    """
    program = compiled(source)
    _check_variable(variables)
    return executed(program, cel.Context(variables=dict(variables), functions=functions()))


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
            raise ExpressionError(msgid("a number is larger than 64 bits hold."))
    elif value is not None and not isinstance(value, bool | str):
        raise ExpressionError("it cannot read a {kind}.", kind=type(value).__name__)


def whole_number(source: str, variables: Mapping[str, Any]) -> int:
    """The value of an expression that must be a whole number from 0 to what an account can hold.

    Raises:
        ExpressionError: it is anything else.
    """
    return as_whole_number(evaluate(source, variables))


def truth(source: str, variables: Mapping[str, Any]) -> bool:
    """The value of an expression that must be true or false.

    Raises:
        ExpressionError: it is anything else.
    """
    return as_truth(evaluate(source, variables))


def as_whole_number(value: Any) -> int:
    """A value, if it is a whole number from 0 to what an account can hold.

    Raises:
        ExpressionError: it is anything else.
    """
    if type(value) is not int:
        raise wrong_result(value, WHOLE_NUMBER)
    if value < 0:
        raise ExpressionError(msgid("it gives less than 0."))
    if value > AMOUNT_MINOR_MAX:
        raise ExpressionError(TOO_MUCH)
    return value


def as_truth(value: Any) -> bool:
    """A value, if it is true or false.

    Raises:
        ExpressionError: it is anything else.
    """
    if not isinstance(value, bool):
        raise wrong_result(value, TRUTH)
    return value
