"""Posting what is granted: new value from issuance, or from budgets that cannot be overspent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.ids import idempotency_int
from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.book import Book, CompiledRule
from guerdon.kernel.engagement.activities.service.boosting import Boosts
from guerdon.kernel.engagement.activities.service.counting import Tally
from guerdon.kernel.engagement.activities.service.evaluating import Candidate, Grant
from guerdon.kernel.engagement.activities.service.installing import REFERENCE
from guerdon.kernel.ledger.catalogue import catalogue, refresh
from guerdon.kernel.ledger.errors import refusal
from guerdon.kernel.ledger.schemas import Pocket, Posted
from guerdon.kernel.ledger.service.door import column, send_columns

_LOCK_BUDGET = Statement("SELECT pg_advisory_xact_lock(hashtextextended('engagement.budget.' || :id, 0))")
_BALANCES = Statement(
    """
    SELECT o.id, o.code, a.unit_id, a.balance - a.floor AS left_minor, a.floor IS NULL AS unbounded
    FROM ledger.owners AS o
    LEFT JOIN ledger.accounts AS a ON a.owner_id = o.id AND a.pocket = 1
    WHERE o.id = ANY(:ids) AND o.closed_at IS NULL
    """
)
_BY_CODE = Statement("SELECT id FROM ledger.owners WHERE code = ANY(:codes)")


def lock_budgets(session: Session, book: Book, facts: Sequence[Fact], boosts: Sequence[Boosts]) -> list[UUID]:
    """Lock every budget that these facts could draw on, in the order of their ids, until the transaction ends.

    Locked, so that what is left of one can be counted down in memory while awards are judged. Whoever else draws on it
    meets its floor on the ledger.
    """
    codes = {rule.budget for fact in facts for rule in book.kinds[fact.kind].rules if rule.budget is not None}
    ids = {each for boost in boosts for each in boost.budget_ids}
    if codes:
        ids |= {each for (each,) in _BY_CODE.rows(session, codes=list(codes))}
    ordered = sorted(ids)
    for budget_id in ordered:
        lock_budget(session, budget_id)
    return ordered


def lock_budget(session: Session, budget_id: UUID) -> None:
    """Let no award draw on a budget until the transaction ends; for who takes out of it otherwise, too."""
    _LOCK_BUDGET.run(session, id=str(budget_id))


def read_budgets(session: Session, ids: Sequence[UUID]) -> tuple[dict[tuple[UUID, str], int | None], dict[str, UUID]]:
    """What is left in budgets, by owner and unit (None: without bound), and whose each name is."""
    left: dict[tuple[UUID, str], int | None] = {}
    owners: dict[str, UUID] = {}
    if ids:
        units = catalogue(session).units_by_id
        for owner_id, code, unit_id, left_minor, unbounded in _BALANCES.rows(session, ids=list(ids)):
            owners[code] = owner_id
            if unit_id is not None:
                left[owner_id, units[unit_id].code] = None if unbounded else left_minor
    return left, owners


def post(
    session: Session, grants: Sequence[Grant], budget_ids: Mapping[str, UUID], now: datetime
) -> tuple[list[list[Posted]], dict[tuple[UUID, str, str], str]]:
    """Post grants, all in one batch or none.

    Returns:
        The transfers of each grant; and why, for those that the ledger refuses: then nothing has moved.
    """
    posted: list[list[Posted]] = [[] for _ in grants]
    refused: dict[tuple[UUID, str, str], str] = {}
    if not grants:
        return posted, refused
    columns = _Columns(session)
    for number, grant in enumerate(grants):
        columns.add(number, grant, budget_ids)
    judged = send_columns(session, columns.packed(), now)
    for number, each in zip(columns.grants, judged, strict=True):
        posted[number].append(each)
        if not each.accepted:
            grant = grants[number]
            refused[grant.of.activity_id, grant.rule.program, grant.rule.code] = refusal(each.verdict).message
    return posted, refused


class _Columns:
    """Postings of grants as columns: there are thousands, and what they have in common is worked out once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._codes: dict[tuple[int, bool, bool], tuple[str, str, str, str]] = {}
        self._reference = str(catalogue(session).reference_id(REFERENCE))
        self._last: Candidate | None = None
        self._common: tuple[str, str, str, str, str | None] = ("", "", "", "", None)
        self.grants: list[int] = []
        self._rows: list[tuple[str | None, ...]] = []

    def add(self, number: int, grant: Grant, budget_ids: Mapping[str, UUID]) -> None:
        """What pays for a grant: issuance or the rule's budget, and the budget of each campaign."""
        rule = grant.rule
        if grant.of is not self._last:
            self._last, self._common = grant.of, _texts(grant.of)
        key = f"{self._common[0]}:{rule.program}.{rule.code}"
        if grant.base_minor > 0:
            payer = budget_ids[rule.budget] if rule.budget is not None else None
            self._add(number, grant, payer, grant.base_minor, key)
        for boost, share in grant.boosts:
            if share > 0:
                self._add(number, grant, boost.budget_id, share, f"{key}:{boost.code}")

    def _add(self, number: int, grant: Grant, payer: UUID | None, amount_minor: int, key: str) -> None:
        _, activity_id, member, happened_at, actor_id = self._common
        unit, debit, credit, kind = self._code(grant.rule, budget=payer is not None, pending=grant.due_at is not None)
        self.grants.append(number)
        self._rows.append(
            (
                member if payer is None else f"{payer.int:032x}",
                unit,
                debit,
                credit,
                str(amount_minor),
                kind,
                f"{idempotency_int(key):032x}",
                self._reference,
                activity_id,
                happened_at,
                actor_id,
                None if payer is None else member,
                None if grant.due_at is None else grant.due_at.isoformat(),
            )
        )

    def _code(self, rule: CompiledRule, *, budget: bool, pending: bool) -> tuple[str, str, str, str]:
        known = self._codes.get((rule.id.int, budget, pending))
        if known is None:
            codes = catalogue(self._session)
            if rule.unit not in codes.units or rule.transfer_kind not in codes.kinds:
                refresh(self._session)
                codes = catalogue(self._session)
            debit = Pocket.AVAILABLE.value if budget else "issuance"
            credit = Pocket.PENDING.value if pending else Pocket.AVAILABLE.value
            known = self._codes[rule.id.int, budget, pending] = (
                str(codes.unit_id(rule.unit)),
                str(codes.account_id(debit)),
                str(codes.account_id(credit)),
                str(codes.kind_id(rule.transfer_kind)),
            )
        return known

    def packed(self) -> dict[str, str]:
        """The columns as the ledger's door takes them."""
        return dict(zip(_POSTING, map(column, zip(*self._rows, strict=True)), strict=True))


def _texts(candidate: Candidate) -> tuple[str, str, str, str, str | None]:
    """What all grants of a fact share: its id as people write it and as a column has it, member, moment and actor."""
    fact, activity_id = candidate.fact, candidate.activity_id
    actor_id = None if fact.actor_id is None else f"{fact.actor_id.int:032x}"
    return (
        str(activity_id),
        f"{activity_id.int:032x}",
        f"{candidate.owner:032x}",
        fact.happened_at.isoformat(),
        actor_id,
    )


_POSTING = (
    *("owner_id", "unit_id", "debit", "credit", "amount", "kind_id", "idempotency_key", "reference_type_id"),
    *("reference_id", "happened_at", "actor_id", "peer_owner_id", "due_at"),
)


def add_earned(session: Session, book: Book, grants: Sequence[Grant], tally: Tally) -> None:
    """Add what rules have granted to what members have earned of each unit."""
    metrics = {unit: book.earned_id(session, unit) for unit in {grant.rule.unit for grant in grants}}
    for grant in grants:
        fact = grant.of.fact
        tally.sum_up(fact.owner_id, metrics[grant.rule.unit], grant.of.day, grant.amount_minor, fact.happened_at)
