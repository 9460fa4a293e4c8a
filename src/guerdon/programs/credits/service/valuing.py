"""Working out what a contribution is worth, by the rule in force, so that it can be explained years later."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from guerdon.core.money import round_half_up, to_decimal
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import Evaluation
from guerdon.kernel.engagement.service import rules
from guerdon.programs.credits.errors import WorthTooMuchError
from guerdon.programs.credits.schemas import CREDITS_MAX, VALUE_MAX, HoursIn, ItemIn, MoneyIn
from guerdon.programs.credits.service.currencies import check_decimals, current_rates, rate_of

SCALE = 2
HUNDREDTHS = 100
_NUMBER = {"item_donation": "estimated_value", "money": "amount", "volunteer_hours": "hours"}


class Valuer:
    """Works out what contributions are worth, and reads each rule in force and the currencies' rates only once.

    Args:
        at: when they were submitted: the currencies' rates are those of this moment.
    """

    def __init__(self, session: Session, at: datetime) -> None:
        self._session = session
        self._at = at
        self._rules: dict[str, Rule] = {}

    def evaluate(self, given: ItemIn | MoneyIn | HoursIn) -> Evaluation:
        """What a contribution is worth by the rule in force.

        Raises:
            CurrencyNotAcceptedError, CurrencyUnknownError, TooManyDecimalsError: for money.
            RuleEvaluationError: the rule fails on it.
            WorthTooMuchError: it would be worth more than can be kept.
        """
        rule = self._rules.get(given.type)
        if rule is None:
            rule = self._rules[given.type] = rules.in_force(self._session, "credits", given.type)
        evaluation = rules.evaluate(rule, self._inputs(given))
        if credits_of(evaluation) > CREDITS_MAX:
            raise _too_much(_NUMBER[given.type])
        return evaluation

    @cached_property
    def _rates(self) -> dict[str, Decimal]:
        return {rate.currency: rate.rate for rate in current_rates(self._session, self._at)}

    def _inputs(self, given: ItemIn | MoneyIn | HoursIn) -> dict[str, Any]:
        """A contribution as rules read it: whole numbers and texts."""
        if isinstance(given, ItemIn):
            condition = given.condition.value if given.condition else "unknown"
            return {"value_hundredths": int(given.estimated_value * HUNDREDTHS), "condition": condition}
        if isinstance(given, HoursIn):
            return {"hours_hundredths": int(given.hours * HUNDREDTHS)}
        check_decimals(given.amount, given.currency)
        rate = rate_of(self._rates, given.currency)
        worth = Fraction(given.amount) * Fraction(rate)
        if worth > VALUE_MAX:
            raise _too_much("amount")
        return {
            "amount_hundredths": round_half_up(worth * HUNDREDTHS),
            "amount": format(given.amount, "f"),
            "currency": given.currency,
            "rate": format(rate.normalize(), "f"),
        }


def _too_much(field: str) -> WorthTooMuchError:
    return WorthTooMuchError(field=field, credits_max=CREDITS_MAX)


def credits_of(evaluation: Evaluation) -> Decimal:
    """The credits that an evaluation came to."""
    return to_decimal(evaluation.amount_minor, SCALE)
