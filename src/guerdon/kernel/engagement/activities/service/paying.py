"""Posting what is granted: new value from issuance, or from budgets that cannot be overspent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.engagement.activities.schemas import CounterChange, Fact
from guerdon.kernel.engagement.activities.service import counting
from guerdon.kernel.engagement.activities.service.book import Book
from guerdon.kernel.engagement.activities.service.boosting import Boosts
from guerdon.kernel.engagement.activities.service.counting import Tally
from guerdon.kernel.engagement.activities.service.evaluating import Grant
from guerdon.kernel.engagement.activities.service.installing import REFERENCE
from guerdon.kernel.engagement.activities.service.periods import day_of, zone
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.errors import refusal
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service import post_batch
from guerdon.kernel.ledger.service.door import unwatched

_LOCK_BUDGET = text("SELECT pg_advisory_xact_lock(hashtextextended('engagement.budget.' || :id, 0))")
_BALANCES = text(
    """
    SELECT o.id, o.code, a.unit_id, a.balance - a.floor AS left_minor, a.floor IS NULL AS unbounded
    FROM ledger.owners AS o
    LEFT JOIN ledger.accounts AS a ON a.owner_id = o.id AND a.pocket = 1
    WHERE o.id = ANY(:ids) AND o.closed_at IS NULL
    """
)
_BY_CODE = text("SELECT id FROM ledger.owners WHERE code = ANY(:codes)")


def lock_budgets(session: Session, book: Book, facts: Sequence[Fact], boosts: Sequence[Boosts]) -> list[UUID]:
    """Lock every budget that these facts could draw on, in the order of their ids, until the transaction ends.

    Locked, so that what is left of one can be counted down in memory while awards are judged. Whoever else draws on it
    meets its floor on the ledger.
    """
    codes = {rule.budget for fact in facts for rule in book.kinds[fact.kind].rules if rule.budget is not None}
    ids = {each for boost in boosts for each in boost.budget_ids}
    if codes:
        ids |= set(session.scalars(_BY_CODE, {"codes": list(codes)}))
    ordered = sorted(ids)
    for budget_id in ordered:
        lock_budget(session, budget_id)
    return ordered


def lock_budget(session: Session, budget_id: UUID) -> None:
    """Let no award draw on a budget until the transaction ends; for who takes out of it otherwise, too."""
    session.execute(_LOCK_BUDGET, {"id": str(budget_id)})


def read_budgets(session: Session, ids: Sequence[UUID]) -> tuple[dict[tuple[UUID, str], int | None], dict[str, UUID]]:
    """What is left in budgets, by owner and unit (None: without bound), and whose each name is."""
    left: dict[tuple[UUID, str], int | None] = {}
    owners: dict[str, UUID] = {}
    if ids:
        units = catalogue(session).units_by_id
        for row in session.execute(_BALANCES, {"ids": list(ids)}):
            owners[row.code] = row.id
            if row.unit_id is not None:
                left[row.id, units[row.unit_id].code] = None if row.unbounded else row.left_minor
    return left, owners


def post(
    session: Session, grants: Sequence[Grant], budget_ids: dict[str, UUID], now: datetime
) -> tuple[list[list[Posted]], dict[tuple[UUID, str, str], str]]:
    """Post grants, all in one batch.

    Returns:
        The transfers of each grant; and why, for those that the ledger refuses.
    """
    postings: list[Posting] = []
    numbers: list[int] = []
    for number, grant in enumerate(grants):
        for posting in _postings(grant, budget_ids):
            postings.append(posting)
            numbers.append(number)
    with unwatched(session):
        judged = post_batch(session, postings, now, all_or_nothing=False)
    posted: list[list[Posted]] = [[] for _ in grants]
    refused: dict[tuple[UUID, str, str], str] = {}
    for number, each in zip(numbers, judged, strict=True):
        posted[number].append(each)
        if not each.accepted:
            grant = grants[number]
            refused[grant.activity_id, grant.rule.program, grant.rule.code] = refusal(each.verdict).message
    return posted, refused


def _postings(grant: Grant, budget_ids: dict[str, UUID]) -> list[Posting]:
    rule, fact = grant.rule, grant.fact
    credit = Account(fact.owner_id, rule.unit, Pocket.PENDING if grant.due_at is not None else Pocket.AVAILABLE)
    reference = Reference(REFERENCE, grant.activity_id)
    key = f"{grant.activity_id}:{rule.program}.{rule.code}"
    base: Account | SystemAccount = SystemAccount("issuance", rule.unit)
    if rule.budget is not None:
        base = Account(budget_ids[rule.budget], rule.unit)
    parts: list[tuple[Account | SystemAccount, int, str]] = [(base, grant.base_minor, key)]
    parts += [(Account(boost.budget_id, rule.unit), share, f"{key}:{boost.code}") for boost, share in grant.boosts]
    return [
        Posting(
            debit,
            credit,
            amount_minor,
            rule.transfer_kind,
            part_key,
            reference=reference,
            actor_id=fact.actor_id,
            happened_at=fact.happened_at,
            due_at=grant.due_at,
        )
        for debit, amount_minor, part_key in parts
        if amount_minor > 0
    ]


def count_earned(session: Session, book: Book, grants: Sequence[Grant]) -> list[CounterChange]:
    """Advance what members have earned of each unit by what rules have granted them."""
    community = zone(book.time_zone)
    tally = Tally()
    for grant in grants:
        day = day_of(grant.fact.happened_at, community)
        metric_id = book.earned_id(session, grant.rule.unit)
        tally.sum_up(grant.fact.owner_id, metric_id, day, grant.amount_minor, grant.fact.happened_at)
    return counting.advance(session, tally).changes
