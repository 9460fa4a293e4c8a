"""What a version of a rule says besides its numbers, in words: its expressions, caps, waits and who pays."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from guerdon.core.money import Unit, to_text
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleTerms
from guerdon.kernel.engagement.service import terms
from guerdon.web.i18n import msgid

Words = list[tuple[str, str]]
"""Names of terms and what they are."""

_NAMES = {
    "condition": msgid("Condition"),
    "amount": msgid("Formula"),
    "multipliers": msgid("Multipliers"),
    "multiplier_min_bp": msgid("Multipliers together at least"),
    "multiplier_max_bp": msgid("Multipliers together at most"),
    "caps.act": msgid("At most at once"),
    "caps.day": msgid("At most in a day"),
    "caps.week": msgid("At most in a week"),
    "caps.month": msgid("At most in a month"),
    "caps.life": msgid("At most for one member"),
    "cool_down_s": msgid("Gives again after"),
    "maturity_s": msgid("Stays pending for"),
    "budget": msgid("Budget"),
}
_OFTEN = ("condition", "amount")
"""Told of every rule, in a place of their own."""


def said(rule: Rule, unit: Unit, gettext: Callable[[str], str]) -> Words:
    """What a version says beyond condition and formula."""
    found = terms.of(rule)
    plain = _flat(RuleTerms(found.condition, found.amount))
    told = _flat(found)
    return [
        (gettext(label), _written(name, told[name], unit))
        for name, label in _NAMES.items()
        if name not in _OFTEN and told[name] != plain[name]
    ]


def changed(draft: Rule, against: Rule | None, unit: Unit, gettext: Callable[[str], str]) -> Words:
    """What a draft says otherwise than the version in force: what that was, and what it is from then on."""
    if against is None:
        return []
    before, after = _flat(terms.of(against)), _flat(terms.of(draft))
    return [
        (gettext(label), f"{_written(name, before[name], unit)} → {_written(name, after[name], unit)}")
        for name, label in _NAMES.items()
        if before[name] != after[name]
    ]


def _flat(given: RuleTerms) -> dict[str, Any]:
    return asdict(given) | {f"caps.{period}": given.caps.get(period) for period in terms.CAPS}


def _written(name: str, value: Any, unit: Unit) -> str:
    return ", ".join(_parts(name, value, unit)) or "–"


def _parts(name: str, value: Any, unit: Unit) -> Iterator[str]:
    if name == "multipliers":
        yield from value
    elif name.startswith("caps."):
        if value is not None:
            yield f"{to_text(value, unit.scale)} {unit.code}"
    elif name.endswith("_bp"):
        yield f"× {to_text(value, 4)}"
    elif name.endswith("_s"):
        yield f"{value} s"
    elif value is not None:
        yield value
