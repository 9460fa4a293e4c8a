"""What one unit of a currency is worth in the unit of cash that the rules count in, from a moment on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from babel.numbers import get_currency_precision, list_currencies
from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.kernel.acts import Act, announce
from guerdon.programs.credits.errors import (
    CurrencyNotAcceptedError,
    CurrencyUnknownError,
    RateInvalidError,
    RateKnownError,
    TooManyDecimalsError,
)
from guerdon.programs.credits.models import CurrencyRate

RATE_MAX = Decimal(1_000_000_000)
RATE_DECIMALS_MAX = 12
SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)
BASE_CURRENCY = "USD"
"""What the default rules count in; its rate is put in as 1 and can be changed like any other."""


def current_rates(session: Session, at: datetime) -> Sequence[CurrencyRate]:
    """The rates in force, by currency."""
    latest = (
        select(CurrencyRate.currency, func.max(CurrencyRate.valid_from))
        .where(CurrencyRate.valid_from <= at)
        .group_by(CurrencyRate.currency)
    )
    found = select(CurrencyRate).where(tuple_(CurrencyRate.currency, CurrencyRate.valid_from).in_(latest))
    return session.scalars(found.order_by(CurrencyRate.currency)).all()


def history(session: Session) -> Sequence[CurrencyRate]:
    """Every rate, by currency, the latest first."""
    return session.scalars(select(CurrencyRate).order_by(CurrencyRate.currency, CurrencyRate.valid_from.desc())).all()


def rate_of(rates: Mapping[str, Decimal], currency: str) -> Decimal:
    """The rate of a currency among those in force.

    Raises:
        CurrencyNotAcceptedError: there is none; names those that there are.
    """
    if currency not in rates:
        raise CurrencyNotAcceptedError(field="currency", currency=currency, accepted=", ".join(sorted(rates)))
    return rates[currency]


def check_decimals(amount: Decimal, currency: str) -> None:
    """Check that an amount has no more decimals than its currency.

    Raises:
        CurrencyUnknownError: ISO 4217 has no such currency.
        TooManyDecimalsError: it has more.
    """
    if currency not in list_currencies():
        raise CurrencyUnknownError(field="currency", currency=currency)
    decimals = get_currency_precision(currency)
    if amount != round(amount, decimals):
        raise TooManyDecimalsError(field="amount", decimals=decimals)


def set_rate(session: Session, currency: str, rate: Decimal, *, valid_from: datetime, actor_id: UUID) -> CurrencyRate:
    """Set the rate of a currency from a moment on; earlier contributions keep theirs.

    Raises:
        CurrencyUnknownError, RateInvalidError: the currency, the rate.
        RateKnownError: there is one from exactly that moment on; rates are never overwritten.
    """
    if currency not in list_currencies():
        raise CurrencyUnknownError(field="currency", currency=currency)
    if not rate.is_finite() or not 0 < rate < RATE_MAX or rate != round(rate, RATE_DECIMALS_MAX):
        raise RateInvalidError(field="rate", problem="")
    values = {"rate": rate, "created_by": actor_id}
    made = session.scalars(
        insert(CurrencyRate)
        .values(currency=currency, valid_from=valid_from, **values)
        .on_conflict_do_nothing(index_elements=["currency", "valid_from"])
        .returning(CurrencyRate)
    ).one_or_none()
    if made is None:
        raise RateKnownError(field="valid_from", currency=currency)
    announce(
        session,
        Act(
            "credits.currency_rate_set",
            "currency_rate",
            actor_id=actor_id,
            new={"currency": currency, "rate": str(rate), "valid_from": valid_from},
        ),
    )
    return made


def install(session: Session) -> None:
    """Put in the base currency where no rate has been set yet."""
    if session.scalars(select(CurrencyRate.currency).limit(1)).first() is None:
        session.add(CurrencyRate(currency=BASE_CURRENCY, valid_from=SINCE_EVER, rate=Decimal(1)))
        session.flush()
