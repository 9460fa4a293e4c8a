"""How credits came about, in words and numbers that people read: rules count in hundredths, people do not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from guerdon.core.money import to_decimal, to_text
from guerdon.kernel.engagement.explanation import UNITS, filled_in, in_words, unit_of
from guerdon.programs.credits.service.valuing import SCALE

_RATIO = re.compile(r"ratio\((?P<above>[^?(),+-]+), *10*\)")
_NAME = re.compile(r"\b(activity|params)\.(\w+)(?:\[activity\.(\w+)\])?")


@dataclass(frozen=True, slots=True)
class Override:
    """Another amount than the rule gave: by whom, when and why."""

    credits: Decimal
    instead_of: Decimal | None
    reason: str
    by: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """How credits came about.

    Attributes:
        rule, version, rule_id, words, numbers, credits: of the rule; None where none was asked.
        converted: a conversion of money into the unit of cash that the rules count in, if it was not one to one.
        override: what a person set instead.
    """

    rule: str | None
    version: int | None
    rule_id: UUID | None
    words: str | None
    numbers: str | None
    converted: str | None
    credits: Decimal | None
    override: Override | None


def explain(calculation: Mapping[str, Any] | None) -> Explanation | None:
    """What a contribution's ``calculation`` says; None if there is none, as of rows that came past the program."""
    if not calculation:
        return None
    found = calculation.get("override")
    override = (
        Override(
            Decimal(found["credits"]),
            None if found["instead_of"] is None else Decimal(found["instead_of"]),
            found["reason"],
            UUID(found["by"]),
            datetime.fromisoformat(found["at"]),
        )
        if found
        else None
    )
    if "rule" not in calculation:
        return Explanation(None, None, None, None, None, None, None, override)
    amount_minor = int(calculation["amount_minor"])
    formula, inputs, params = calculation["formula"], calculation["inputs"], calculation["params"]
    return Explanation(
        rule=calculation["rule"],
        version=calculation["version"],
        rule_id=UUID(calculation["rule_id"]),
        words=in_words(formula),
        numbers=f"{in_numbers(formula, inputs, params)} = {to_text(amount_minor, SCALE)}",
        converted=_converted(inputs),
        credits=to_decimal(amount_minor, SCALE),
        override=override,
    )


def in_numbers(formula: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """The formula with values as people read them: ``50 × 0.1 × 0.8``.

    A formula of another make than products over a power of ten is shown as it is computed.
    """
    product = _RATIO.fullmatch(formula)
    if product is None:
        return filled_in(formula, inputs, params)
    factors = [_factor(part.strip(), inputs, params) for part in product["above"].split("*")]
    if None in factors:
        return filled_in(formula, inputs, params)
    return " × ".join(map(str, factors))


def _factor(part: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> str | None:
    name = _NAME.fullmatch(part)
    if name is None:
        return None
    value: Any = (inputs if name[1] == "activity" else params).get(name[2])
    if name[3] and isinstance(value, Mapping):
        value = value.get(str(inputs.get(name[3])))
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return plain(to_decimal(value, UNITS.get(unit_of(name[2]), 0)))


def _converted(inputs: Mapping[str, Any]) -> str | None:
    if "rate" not in inputs or Decimal(inputs["rate"]) == 1:
        return None
    amount = to_decimal(int(inputs["amount_hundredths"]), SCALE)
    given = f"{inputs['amount']} {inputs['currency']}" if "amount" in inputs else inputs["currency"]
    return f"{given} × {inputs['rate']} = {plain(amount)}"


def plain(number: Decimal) -> str:
    """A number without trailing zeros or exponent."""
    return format(number.normalize(), "f") if number else "0"
