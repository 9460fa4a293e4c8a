"""Where campaigns come in: more of an award than the rule alone gives, paid by a budget of the campaign's.

The kernel's evaluation knows no campaigns. Whoever has any registers a *booster*; it is asked once for a batch and
gives a function that is asked for every award.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import Fact


@dataclass(frozen=True, slots=True)
class Boost:
    """A multiplier on an award.

    Attributes:
        code: of the campaign; the outcome names it.
        multiplier_bp: whole basis points, 20000 is double; it compounds with the rule's own, within the rule's bounds.
        budget_id: the bounded owner on the ledger that pays what this adds; it pays whole or not at all. A boost that
            the budget cannot cover any more stands in the award with 0.
    """

    code: str
    multiplier_bp: int
    budget_id: UUID


class Boosts(Protocol):
    """What is to be added to awards of one batch.

    Attributes:
        budget_ids: every budget that may be asked to pay, so that all can be locked in one order.
        conditions: the expressions that it may evaluate, so that the counters that they read can be read before.
    """

    budget_ids: Sequence[UUID]
    conditions: Sequence[str]

    def __call__(self, unit: str, rule: str, fact: Fact, variables: Mapping[str, Any]) -> Sequence[Boost]:
        """The boosts of an award in the order in which they compound.

        Args:
            unit: what the rule pays in.
            rule: its program and code, ``events.attendance``.
            variables: what expressions read: ``activity``, ``member``, and of ``counters`` what ``conditions`` read.
        """
        ...


class Booster(Protocol):
    """Prepares the boosts of a batch, reading whatever it needs in sets."""

    def __call__(self, session: Session, now: datetime, facts: Sequence[Fact]) -> Boosts:
        """Ready to be asked for each award of these facts."""
        ...


_boosters: dict[str, Booster] = {}


def boost_with(name: str, booster: Booster) -> None:
    """Have a booster asked; registering a name again replaces it."""
    _boosters[name] = booster


def boost_no_more(name: str) -> None:
    """Ask it no more; for tests."""
    _boosters.pop(name, None)


def boosts_of(session: Session, now: datetime, facts: Sequence[Fact]) -> list[Boosts]:
    """The prepared boosters of a batch, without those that cannot pay for anything."""
    prepared = [booster(session, now, facts) for booster in _boosters.values()]
    return [each for each in prepared if each.budget_ids]
