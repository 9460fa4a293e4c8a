"""The parameters of a rule: whole numbers, texts, truths, and objects of such."""

from collections.abc import Iterator, Mapping
from typing import Any

from guerdon.kernel.engagement.errors import (
    RuleParamKindError,
    RuleParamMissingError,
    RuleParamNumberError,
    RuleParamsError,
    RuleParamUnknownError,
)

PARAM_MAX = 10**12
"""The largest number in a rule's parameters: what it is multiplied with may be millions and still fits an amount."""
TEXT_LENGTH_MAX = 500


def misfits(known: Mapping[str, Any], params: Mapping[str, Any]) -> list[RuleParamsError]:
    """What is wrong with parameters, held against those that a rule knows; empty when nothing is.

    Args:
        known: of the version in force; names and shapes count.
        params: the new ones.
    """
    return list(_misfits(known, params, "params"))


def _misfits(known: Mapping[str, Any], params: Mapping[str, Any], path: str) -> Iterator[RuleParamsError]:
    for name in [*known, *(name for name in params if name not in known)]:
        field = f"{path}.{name}"[:200]
        if name not in params:
            yield RuleParamMissingError(field=field, name=name)
        elif name not in known:
            yield RuleParamUnknownError(field=field, name=name[:100])
        else:
            yield from _misfit(known[name], params[name], name, field)


def _misfit(expected: Any, given: Any, name: str, field: str) -> Iterator[RuleParamsError]:
    if isinstance(expected, Mapping) and isinstance(given, Mapping):
        yield from _misfits(expected, given, field)
    elif type(expected) is int:
        if type(given) is not int or not 0 <= given <= PARAM_MAX:
            yield RuleParamNumberError(field=field, name=name, maximum=PARAM_MAX)
    elif type(expected) not in (bool, str) or type(given) is not type(expected) or len(str(given)) > TEXT_LENGTH_MAX:
        yield RuleParamKindError(field=field, name=name)


def flat(params: Mapping[str, Any], path: str = "params") -> list[tuple[str, tuple[str, ...], Any]]:
    """Every parameter as ``(field, names, value)``: ``("params.weight.weekend", ("weight", "weekend"), 150)``."""
    found: list[tuple[str, tuple[str, ...], Any]] = []
    for name, value in params.items():
        if isinstance(value, Mapping):
            found += [(field, (name, *names), inner) for field, names, inner in flat(value, f"{path}.{name}")]
        else:
            found.append((f"{path}.{name}", (name,), value))
    return found


def read(known: Mapping[str, Any], sent: Mapping[str, str], path: str = "params") -> dict[str, Any]:
    """The parameters that a form sent, shaped like those that a rule knows; what is no number stays a text."""
    return {
        name: read(value, sent, f"{path}.{name}")
        if isinstance(value, Mapping)
        else _as_kind(value, sent.get(f"{path}.{name}", ""))
        for name, value in known.items()
    }


def _as_kind(known: Any, text: str) -> Any:
    if isinstance(known, bool):
        return text == "yes"
    digits = text.replace("\u202f", "").replace("\u00a0", "").replace(" ", "")
    return (
        int(digits) if isinstance(known, int) and digits.isascii() and digits.isdigit() and len(digits) < 20 else text
    )
