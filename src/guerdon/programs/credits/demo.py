"""Demo data: a few months of contributions, most of them reviewed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import cycle

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, FixedClock
from guerdon.kernel.program import DemoPeople
from guerdon.programs.credits.schemas import Condition, HoursIn, ItemIn, MoneyIn, PaymentMethod
from guerdon.programs.credits.service.reviewing import approve, reject
from guerdon.programs.credits.service.submitting import submit

ITEMS = (
    ("Four-person tent with all its poles", "120", Condition.LIKE_NEW),
    ("Two garden benches", "80", Condition.GOOD),
    ("Children's books, a box of forty", "60.50", Condition.GOOD),
    ("Sewing machine", "150", Condition.FAIR),
    ("Football goals", "95", Condition.NEW),
    ("Cooking pots for large groups", "45", Condition.POOR),
)
ACTIVITIES = (
    "Community garden",
    "Homework help",
    "Beach clean-up",
    "Repairing bicycles",
    "Cooking for the feast",
    "Reading to children",
)
WAITING = 9
"""How many of the latest contributions are still to be reviewed."""


@dataclass(frozen=True, slots=True)
class _Plan:
    days_ago: int
    member: int
    given: ItemIn | MoneyIn | HoursIn


def make(session: Session, clock: Clock, people: DemoPeople) -> None:
    """Submit contributions of every type for the demo members and review the older ones."""
    reviewers = cycle(people.staff)
    plans = sorted(_plans(clock, len(people.members)), key=lambda plan: -plan.days_ago)
    for number, plan in enumerate(plans):
        then = FixedClock(clock.now() - timedelta(days=plan.days_ago, hours=number % 9))
        contribution = submit(session, then, people.members[plan.member], plan.given)
        if number >= len(plans) - WAITING:
            continue
        reviewer = next(reviewers)
        then.move(timedelta(hours=5))
        if number % 11 == 7:
            reject(session, then, reviewer, contribution.id, reason="The hall has no room for it at present.")
        else:
            approve(session, then, reviewer, contribution.id)


def _plans(clock: Clock, members: int) -> Iterator[_Plan]:
    """Contributions over four months; the first members give more than the last."""
    today = clock.now().date()
    number = 0
    for member in range(members):
        for step in range(members + 3 - member):
            days_ago = (7 * member + 11 * step) % 120
            kind = (member + step) % 3
            number += 1
            if kind == 0:
                description, value, condition = ITEMS[number % len(ITEMS)]
                given: ItemIn | MoneyIn | HoursIn = ItemIn(
                    description=description, estimated_value=Decimal(value), condition=condition
                )
            elif kind == 1:
                given = MoneyIn(
                    amount=Decimal(10 + 5 * (number % 7)),
                    currency="USD",
                    payment_method=PaymentMethod.MOBILE_MONEY,
                    transaction_id=f"DEMO-{number:04}",
                )
            else:
                given = HoursIn(
                    activity=ACTIVITIES[number % len(ACTIVITIES)],
                    hours=Decimal(1 + number % 5) + Decimal("0.5") * (number % 2),
                    date=today - timedelta(days=days_ago + 1),
                )
            yield _Plan(days_ago, member, given)
