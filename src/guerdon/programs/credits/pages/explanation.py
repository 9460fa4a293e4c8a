"""How the credits of a contribution came about: in plain words, with its own numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency

from guerdon.core.money import to_decimal
from guerdon.programs.credits.models import Contribution
from guerdon.programs.credits.service.currencies import BASE_CURRENCY
from guerdon.programs.credits.service.explaining import Override, explain
from guerdon.programs.credits.service.valuing import SCALE
from guerdon.web import formats
from guerdon.web.i18n import msgid
from guerdon.web.viewer import current_viewer

_BP = 4
_PERCENT = 2
_CONDITIONS = {
    "new": msgid("New"),
    "like_new": msgid("Like new"),
    "good": msgid("Good"),
    "fair": msgid("Fair"),
    "poor": msgid("Poor"),
    "unknown": msgid("not stated"),
}
_RULES = {
    "item_donation": msgid("Donated items"),
    "money": msgid("Gifts of money"),
    "volunteer_hours": msgid("Volunteer hours"),
}


@dataclass(frozen=True, slots=True)
class Explained:
    """How an amount came about.

    Attributes:
        rule, version: what was in force; empty and 0 if no rule was asked.
        steps: label and text of each number that went in.
        sum: the numbers as one calculation.
        by_rule: what the rule gives.
        override: what staff gave instead.
    """

    rule: str
    version: int
    steps: list[tuple[str, str]]
    sum: str
    by_rule: Decimal
    override: Override | None


def explained(contribution: Contribution) -> Explained | None:
    """How the credits of a contribution came about; None if nothing has worked them out."""
    found = explain(contribution.calculation)
    if found is None:
        return None
    if found.rule is None:
        return Explained("", 0, [], "", Decimal(0), found.override)
    document = contribution.calculation or {}
    steps, total = _steps(found.rule, document["inputs"], document["params"])
    return Explained(
        rule=gettext(_RULES.get(found.rule, found.rule)),
        version=found.version or 0,
        steps=steps,
        sum=total or (found.numbers or "").rpartition(" = ")[0],
        by_rule=found.credits or Decimal(0),
        override=found.override,
    )


def gettext(message: str, **params: Any) -> str:
    """A text in the reader's language."""
    return current_viewer().translator.gettext(message, **params)


def rates_in_words(rule: str, params: Mapping[str, Any]) -> str:
    """What a rule gives, in a sentence: ``2 credits an hour``; empty for numbers that are not those of the box."""
    if rule == "volunteer_hours" and "credits_per_hour_bp" in params:
        return gettext("{credits} credits an hour", credits=_parts(params["credits_per_hour_bp"], _BP))
    if rule in ("money", "item_donation") and "credits_per_unit_bp" in params:
        each = _parts(params["credits_per_unit_bp"], _BP)
        return (
            gettext("{credits} credits for each {currency}", credits=each, currency=BASE_CURRENCY)
            if rule == "money"
            else gettext("{credits} credits for each {currency} of value", credits=each, currency=BASE_CURRENCY)
        )
    return ""


def _steps(rule: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    try:
        if rule == "volunteer_hours":
            return _of_hours(inputs, params)
        if rule == "money":
            return _of_money(inputs, params)
        if rule == "item_donation":
            return _of_item(inputs, params)
    except KeyError:  # the rule was rewritten: its formula explains it then
        pass
    return [], ""


def _of_hours(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    worked = _parts(inputs["hours_hundredths"], SCALE)
    rate = _parts(params["credits_per_hour_bp"], _BP)
    steps = [
        (gettext("Hours"), worked),
        (gettext("Rate"), gettext("{credits} credits an hour", credits=rate)),
    ]
    return steps, f"{worked} × {rate}"


def _of_money(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    cash = to_decimal(int(inputs["amount_hundredths"]), SCALE)
    each = _parts(params["credits_per_unit_bp"], _BP)
    steps = []
    if inputs["currency"] != BASE_CURRENCY:
        rate = formats.number(Decimal(inputs["rate"]))
        told = gettext(
            "1 {currency} = {rate} {base} on that day", currency=inputs["currency"], rate=rate, base=BASE_CURRENCY
        )
        steps.append((gettext("Exchange rate"), told))
    steps += [
        (gettext("Amount that counts"), _cash(cash)),
        (gettext("Rate"), gettext("{credits} credits for each {currency}", credits=each, currency=BASE_CURRENCY)),
    ]
    return steps, f"{formats.number(cash)} × {each}"


def _of_item(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> tuple[list[tuple[str, str]], str]:
    value = to_decimal(int(inputs["value_hundredths"]), SCALE)
    each = _parts(params["credits_per_unit_bp"], _BP)
    share = formats.percent(to_decimal(int(params["condition_percent"][inputs["condition"]]), _PERCENT))
    condition = gettext(_CONDITIONS.get(inputs["condition"], inputs["condition"]))
    steps = [
        (gettext("Estimated value"), _cash(value)),
        (
            gettext("Rate"),
            gettext("{credits} credits for each {currency} of value", credits=each, currency=BASE_CURRENCY),
        ),
        (gettext("Its condition"), gettext("{condition}: {share} of it counts", condition=condition, share=share)),
    ]
    return steps, f"{formats.number(value)} × {each} × {share}"


def _parts(number: int, decimals: int) -> str:
    # The format of Babel stops at three decimals; a basis point has four.
    return formats.amount(int(number), decimals, trim=True)


def _cash(amount: Decimal) -> str:
    return format_currency(amount, BASE_CURRENCY, locale=current_viewer().locale)
