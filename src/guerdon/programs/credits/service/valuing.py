"""Working out what a contribution is worth, by the rule in force, so that it can be explained years later."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from guerdon.core.money import round_half_up, to_decimal
from guerdon.kernel.engagement.schemas import Evaluation
from guerdon.kernel.engagement.service import rules
from guerdon.programs.credits.errors import AmountOfCreditsError
from guerdon.programs.credits.schemas import CREDITS_MAX, HoursIn, ItemIn, MoneyIn
from guerdon.programs.credits.service.currencies import check_decimals, rate_for

SCALE = 2
HUNDREDTHS = 100


def evaluate(session: Session, given: ItemIn | MoneyIn | HoursIn, at: datetime) -> Evaluation:
    """What a contribution is worth by the rule in force.

    Args:
        at: when it was submitted: the currency's rate is that of this moment.

    Raises:
        CurrencyNotAcceptedError, CurrencyUnknownError, TooManyDecimalsError: for money.
        RuleEvaluationError: the rule fails on it.
        AmountOfCreditsError: it would be worth more than can be kept.
    """
    evaluation = rules.evaluate(rules.in_force(session, "credits", given.type), _inputs(session, given, at))
    if credits_of(evaluation) > CREDITS_MAX:
        raise AmountOfCreditsError(field=None, credits_max=CREDITS_MAX)
    return evaluation


def credits_of(evaluation: Evaluation) -> Decimal:
    """The credits that an evaluation came to."""
    return to_decimal(evaluation.amount_minor, SCALE)


def _inputs(session: Session, given: ItemIn | MoneyIn | HoursIn, at: datetime) -> dict[str, Any]:
    """A contribution as rules read it: whole numbers and texts."""
    if isinstance(given, ItemIn):
        condition = given.condition.value if given.condition else "unknown"
        return {"value_hundredths": int(given.estimated_value * HUNDREDTHS), "condition": condition}
    if isinstance(given, HoursIn):
        return {"hours_hundredths": int(given.hours * HUNDREDTHS)}
    check_decimals(given.amount, given.currency)
    rate = rate_for(session, given.currency, at)
    return {
        "amount_hundredths": round_half_up(Fraction(given.amount) * Fraction(rate) * HUNDREDTHS),
        "amount": format(given.amount, "f"),
        "currency": given.currency,
        "rate": format(rate.normalize(), "f"),
    }
