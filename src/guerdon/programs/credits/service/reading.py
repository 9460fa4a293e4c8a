"""Lists, single contributions, where a member stands, and the leaderboard."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from guerdon.core.money import to_decimal
from guerdon.kernel.engagement.ladders.service import configuring, keeping
from guerdon.kernel.identity.models import User
from guerdon.kernel.ledger.schemas import Pocket
from guerdon.kernel.ledger.service import balances
from guerdon.programs.credits.errors import ContributionNotFoundError
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import Breakdown, Filters, LeaderboardRow, Listed, Summary
from guerdon.programs.credits.service.valuing import SCALE

SEARCHED = ("description", "activity", "notes", "transaction_id", "supervisor")
WORDS_MAX = 10
PENDING_MAX = 1000
"""Nobody has to know by how much more there is to review."""

_reviewer = aliased(User)

ListedRow = Row[Contribution, str, str | None, str]
ListedSelect = Select[Contribution, str, str | None, str]


def listed(
    session: Session, filters: Filters, *, oldest_first: bool = False, after: tuple[datetime, UUID] | None, limit: int
) -> list[Listed]:
    """Contributions by when they were submitted.

    Args:
        oldest_first: the order of a queue; otherwise the order of a history.
        after: submission time and id of the last one of the page before.
        limit: the most to return; ask for one more to see whether there are more.
    """
    key = tuple_(Contribution.created_at, Contribution.id)
    query = _filtered(_with_names(), filters)
    if after is not None:
        query = query.where(key > tuple_(*after) if oldest_first else key < tuple_(*after))
    order = (
        (Contribution.created_at, Contribution.id)
        if oldest_first
        else (Contribution.created_at.desc(), Contribution.id.desc())
    )
    return [_listed(row) for row in session.execute(query.order_by(*order).limit(limit))]


def counted(session: Session, filters: Filters) -> int:
    """How many contributions a filter finds."""
    found = _filtered(_with_names(), filters).with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalars(found).one()


def recently_approved(session: Session, *, limit: int) -> list[Listed]:
    """What was approved last, the latest first."""
    query = (
        _with_names()
        .where(Contribution.status == ContributionStatus.APPROVED)
        .order_by(Contribution.approved_at.desc(), Contribution.id.desc())
        .limit(limit)
    )
    return [_listed(row) for row in session.execute(query)]


def get(session: Session, contribution_id: UUID) -> Listed:
    """One contribution, whoever's it is.

    Raises:
        ContributionNotFoundError: there is none of that id.
    """
    row = session.execute(_with_names().where(Contribution.id == contribution_id)).one_or_none()
    if row is None:
        raise ContributionNotFoundError
    return _listed(row)


def of_ids(session: Session, ids: Collection[UUID]) -> dict[UUID, Contribution]:
    """Those contributions of some ids that there are."""
    found = session.scalars(select(Contribution).where(Contribution.id.in_(ids))) if ids else ()
    return {contribution.id: contribution for contribution in found}


def next_pending(session: Session, reviewer_id: UUID, after: tuple[datetime, UUID]) -> UUID | None:
    """The contribution that waits longest among those submitted after another one, or else of all; never one's own."""
    key = tuple_(Contribution.created_at, Contribution.id)
    waiting = select(Contribution.id).where(
        Contribution.status == ContributionStatus.PENDING,
        Contribution.user_id != reviewer_id,
        Contribution.id != after[1],
    )
    order = (Contribution.created_at, Contribution.id)
    following = session.scalars(waiting.where(key > tuple_(*after)).order_by(*order).limit(1)).first()
    return following or session.scalars(waiting.order_by(*order).limit(1)).first()


def count_pending(session: Session) -> int:
    """How many contributions wait for review, counted no further than ``PENDING_MAX``."""
    pending = select(Contribution.id).where(Contribution.status == ContributionStatus.PENDING)
    waiting = pending.limit(PENDING_MAX).subquery()
    return session.scalars(select(func.count()).select_from(waiting)).one()


# What the ledger says of each contribution, so that the parts add up to what was earned even where staff reversed a
# credit on the ledger itself.
_BREAKDOWN = text(
    """
    SELECT c.type, count(*) AS number, CAST(coalesce(sum(moved.amount), 0) * 0.01 AS numeric(20, 2)) AS credits
    FROM credits.contributions AS c
    LEFT JOIN (
        SELECT e.reference_id, sum(e.amount) AS amount
        FROM ledger.entries AS e
        WHERE e.owner_id = :user_id AND e.reference_type_id = ledger.reference_type_id('credits.contribution')
        GROUP BY e.reference_id
    ) AS moved ON moved.reference_id = c.id
    WHERE c.user_id = :user_id AND c.status = 'approved'
    GROUP BY c.type
    """
)


def summary(session: Session, user_id: UUID, at: datetime) -> Summary:
    """Where a member stands: balance and earnings from the ledger, breakdown by approved contribution."""
    own = [balance for balance in balances(session, user_id, at) if balance.unit == "CREDIT"]
    earned_minor = sum(balance.earned_minor for balance in own)
    groups = {row.type: row for row in session.execute(_BREAKDOWN, {"user_id": user_id})}
    pending = session.scalars(
        select(func.count()).where(Contribution.user_id == user_id, Contribution.status == ContributionStatus.PENDING)
    ).one()
    return Summary(
        user_id=user_id,
        balance=to_decimal(sum(balance.balance_minor for balance in own if balance.pocket is Pocket.AVAILABLE), SCALE),
        earned=to_decimal(earned_minor, SCALE),
        spent=to_decimal(sum(balance.spent_minor for balance in own), SCALE),
        tier=keeping.kept(session, configuring.ladder(session, "credits"), user_id, at).standing,
        breakdown=tuple(
            Breakdown(
                kind,
                groups[kind].number if kind in groups else 0,
                groups[kind].credits if kind in groups else Decimal(0),
            )
            for kind in ContributionType
        ),
        pending=pending,
    )


_LEADERBOARD = text("SELECT * FROM credits.leaderboard(:limit, :reader_id, :own)")


def leaderboard(session: Session, *, reader_id: UUID | None = None, limit: int = 10) -> list[LeaderboardRow]:
    """The highest balances; of equal ones, who reached it first stands first. Who opted out holds no place.

    Args:
        reader_id: who sees their own name even if their profile is private.
    """
    values = {"limit": limit, "reader_id": reader_id, "own": False}
    return [LeaderboardRow(*row) for row in session.execute(_LEADERBOARD, values)]


def place_of(session: Session, user_id: UUID) -> LeaderboardRow | None:
    """A member's place on the leaderboard, or the one that they would have; None without a balance."""
    row = session.execute(_LEADERBOARD, {"limit": 1, "reader_id": user_id, "own": True}).one_or_none()
    return LeaderboardRow(*row) if row else None


def _with_names() -> ListedSelect:
    return (
        select(Contribution, User.name, User.email, _reviewer.name)
        .join(User, User.id == Contribution.user_id)
        .outerjoin(_reviewer, _reviewer.id == func.coalesce(Contribution.approved_by, Contribution.reviewed_by))
    )


def _listed(row: ListedRow) -> Listed:
    contribution, user_name, user_email, reviewer_name = row
    return Listed(contribution, user_name, user_email, reviewer_name)


def _filtered(query: ListedSelect, filters: Filters) -> ListedSelect:
    if filters.status is not None:
        query = query.where(Contribution.status == filters.status)
    if filters.type is not None:
        query = query.where(Contribution.type == filters.type)
    if filters.user_id is not None:
        query = query.where(Contribution.user_id == filters.user_id)
    if filters.since is not None:
        query = query.where(Contribution.created_at >= filters.since)
    if filters.until is not None:
        query = query.where(Contribution.created_at < filters.until)
    for word in filters.search.split()[:WORDS_MAX]:
        query = query.where(_holds(word))
    return query


def _holds(word: str) -> ColumnElement[bool]:
    fields = [Contribution.value_json[name].astext for name in SEARCHED]
    return or_(
        *(field.icontains(word, autoescape=True) for field in fields),
        User.name.icontains(word, autoescape=True),
        User.email.icontains(word, autoescape=True),
    )
