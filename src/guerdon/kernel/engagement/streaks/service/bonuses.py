"""What streaks pay: each period once, by the length that the streak has with it.

A fact that comes late can make a period's length greater: then the difference is paid. It never takes back what was
paid. Only a withdrawal does, and only as far as the member still has it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.db.statement import Statement
from guerdon.kernel.engagement.activities.schemas import Consequences, Reward
from guerdon.kernel.engagement.service.recognition import BONUS_KIND, STREAK_REFERENCE
from guerdon.kernel.engagement.service.rewarding import take_back
from guerdon.kernel.engagement.streaks.service.definitions import Definition
from guerdon.kernel.ledger.schemas import Account, Posting, Reference, SystemAccount

_PAID = Statement(
    """
    SELECT owner_id, period_start, paid_minor, posted
    FROM engagement.streak_bonuses
    WHERE streak_id = :streak_id AND owner_id = ANY(CAST(:owners AS uuid[]))
        AND period_start = ANY(CAST(:periods AS date[]))
    """
)
_KEEP = Statement(
    """
    INSERT INTO engagement.streak_bonuses (owner_id, streak_id, period_start, length, paid_minor, posted)
    SELECT owner_id, CAST(:streak_id AS uuid), period_start, length, paid_minor, posted
    FROM unnest(CAST(:owners AS uuid[]), CAST(:periods AS date[]), CAST(:lengths AS integer[]),
        CAST(:paid AS bigint[]), CAST(:posted AS smallint[]))
        AS bonus(owner_id, period_start, length, paid_minor, posted)
    ORDER BY owner_id, period_start
    ON CONFLICT (owner_id, streak_id, period_start) DO UPDATE
        SET length = excluded.length, paid_minor = excluded.paid_minor, posted = excluded.posted
    """
)


@dataclass(frozen=True, slots=True)
class Due:
    """A period whose length has changed.

    Attributes:
        length: the one that it has now; 0 if it is no part of the streak any more.
        before: the one that it had.
    """

    owner_id: UUID
    period: date
    length: int
    before: int


@dataclass(frozen=True, slots=True)
class _Row:
    due: Due
    paid_minor: int
    posted: int


def key_of(streak_id: UUID, period: date, number: int) -> str:
    """The idempotency key of the transfer of that number for a period."""
    return f"streak.bonus:{streak_id}:{period.isoformat()}:{number}"


def pay(
    session: Session,
    now: datetime,
    streak: Definition,
    due: Sequence[Due],
    found: Consequences,
    *,
    unrewarded: bool = False,
) -> dict[UUID, int]:
    """Add to what is to be posted what periods are owed beyond what they were paid.

    Args:
        unrewarded: they were paid elsewhere; it is kept, so that what makes them longer later earns the difference.

    Returns:
        How much each member gets.
    """
    if streak.bonus is None or not due:
        return {}
    paid = _paid(session, streak.id, due)
    rows: list[_Row] = []
    total: dict[UUID, int] = defaultdict(int)
    for each in due:
        # What has no row was settled before the streak paid anything: only what is new to it is owed.
        settled, posted = paid.get((each.owner_id, each.period), (streak.bonus.for_length(each.before), 0))
        owed = streak.bonus.for_length(each.length) - settled
        if owed > 0 and unrewarded:
            settled += owed
        elif owed > 0:
            found.rewards.append(_reward(streak, each, owed, posted + 1, now))
            total[each.owner_id] += owed
            settled, posted = settled + owed, posted + 1
        if each.length > 0:
            rows.append(_Row(each, settled, posted))
    _keep(session, streak.id, rows)
    return total


def _reward(streak: Definition, due: Due, amount_minor: int, number: int, now: datetime) -> Reward:
    unit = streak.bonus.unit if streak.bonus else ""
    detail = {"program": streak.program, "streak": streak.code, "length": due.length, "period": due.period.isoformat()}
    posting = Posting(
        SystemAccount("issuance", unit),
        Account(due.owner_id, unit),
        amount_minor,
        BONUS_KIND,
        key_of(streak.id, due.period, number),
        reference=Reference(STREAK_REFERENCE, streak.id),
        happened_at=now,
        detail=detail,
    )
    return Reward(posting, detail)


def reclaim(session: Session, now: datetime, streak: Definition, due: Sequence[Due]) -> None:
    """Take back, as far as it is there, what periods were paid beyond what they are owed after a withdrawal."""
    if streak.bonus is None:
        return
    paid = _paid(session, streak.id, due)
    rows: list[_Row] = []
    for each in due:
        settled, posted = paid.get((each.owner_id, each.period), (0, 0))
        excess = settled - streak.bonus.for_length(each.length)
        for number in range(posted, 0, -1):
            if excess <= 0:
                break
            taken = take_back(
                session,
                now,
                each.owner_id,
                key_of(streak.id, each.period, number),
                excess,
                reason="withdrawn",
            )
            excess -= taken
            settled -= taken
        if posted:
            rows.append(_Row(Due(each.owner_id, each.period, max(each.length, 1), each.before), settled, posted))
    _keep(session, streak.id, rows)


def _paid(session: Session, streak_id: UUID, due: Sequence[Due]) -> Mapping[tuple[UUID, date], tuple[int, int]]:
    rows = _PAID.rows(
        session,
        streak_id=streak_id,
        owners=list({each.owner_id for each in due}),
        periods=list({each.period for each in due}),
    )
    return {(owner_id, period): (paid_minor, posted) for owner_id, period, paid_minor, posted in rows}


def _keep(session: Session, streak_id: UUID, rows: Sequence[_Row]) -> None:
    if not rows:
        return
    _KEEP.run(
        session,
        streak_id=streak_id,
        owners=[row.due.owner_id for row in rows],
        periods=[row.due.period for row in rows],
        lengths=[row.due.length for row in rows],
        paid=[row.paid_minor for row in rows],
        posted=[row.posted for row in rows],
    )
