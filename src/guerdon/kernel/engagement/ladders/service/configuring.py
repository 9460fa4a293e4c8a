"""How a program's tiers are kept: changed by staff, with a look at how many it would move."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.errors import TiersNotFoundError
from guerdon.kernel.engagement.ladders.errors import KeepingChoiceError, KeepingDaysError, KeepingWindowError
from guerdon.kernel.engagement.ladders.models import TierLadder
from guerdon.kernel.engagement.ladders.service import keeping
from guerdon.kernel.engagement.ladders.service.deciding import Keeping, Ladder, window_start
from guerdon.kernel.ledger.catalogue import catalogue

BASES = ("earned", "balance", "window")
DOWNGRADES = ("never", "at_once", "period_end")
REVIEWS = ("month", "quarter", "year")
WINDOW_MAX = {"day": 3660, "month": 120, "year": 10}
GRACE_DAYS_MAX, NOTICE_DAYS_MAX = 730, 365


@dataclass(frozen=True, slots=True)
class Move:
    """How many members stand on a tier and how many would under other rules; grace comes before a fall.

    Attributes:
        rise, fall: how many of those who stand here now would come to a higher or a lower tier.
    """

    code: str
    name: str
    now: int
    then: int
    rise: int
    fall: int


def ladder(session: Session, program: str) -> Ladder:
    """A program's ladder.

    Raises:
        TiersNotFoundError: it has none.
    """
    found = keeping.ladders(session).get(program)
    if found is None:
        raise TiersNotFoundError(program=program[:100])
    return found


def misfits(wanted: Keeping) -> list[FieldError]:
    """What is wrong with a configuration; empty when nothing is."""
    faults: list[FieldError] = [
        KeepingChoiceError(field=name)
        for name, choices in (("basis", BASES), ("downgrade", DOWNGRADES), ("review_period", REVIEWS))
        if getattr(wanted, name) not in choices
    ]
    if wanted.basis == "window":
        longest = WINDOW_MAX.get(wanted.window_unit or "", 0)
        if not 1 <= (wanted.window_length or 0) <= longest:
            faults.append(KeepingWindowError(field="window_length"))
    elif wanted.window_unit is not None or wanted.window_length is not None:
        faults.append(KeepingWindowError(field="window_length"))
    for name, maximum in (("grace_days", GRACE_DAYS_MAX), ("notice_days", NOTICE_DAYS_MAX)):
        if not 0 <= getattr(wanted, name) <= maximum:
            faults.append(KeepingDaysError(field=name, maximum=maximum))
    return faults


def change(
    session: Session, now: datetime, program: str, wanted: Keeping, *, actor_id: UUID | None, reason: str
) -> Ladder:
    """Keep tiers by other rules from now on. Nobody falls by that alone: whoever has too little has their grace.

    Raises:
        TiersNotFoundError: the program has no tiers.
        FieldErrors: names each field at fault; nothing is changed.
    """
    faults = misfits(wanted)
    if faults:
        raise FieldErrors(faults)
    # The programs' rows are few; whoever changes one waits for who changes another.
    session.execute(text("LOCK TABLE engagement.tier_ladders IN SHARE ROW EXCLUSIVE MODE"))
    before = ladder(session, program)
    if wanted == before.keeping:
        return before
    if wanted.remembers and not before.keeping.remembers:
        session.execute(text("SELECT engagement.remember_tiers(:program, :now)"), {"program": program, "now": now})
    values = asdict(wanted)
    session.execute(
        insert(TierLadder)
        .values(program=program, **values)
        .on_conflict_do_update(index_elements=["program"], set_=values)
    )
    session.expire_all()
    announce(
        session,
        Act(
            "engagement.tier_keeping_changed",
            "tiers",
            None,
            actor_id,
            asdict(before.keeping),
            values,
            reason=reason,
            detail={"program": program},
        ),
    )
    return ladder(session, program)


_EARNED = "SELECT owner_id, sum(earned) AS amount FROM ledger.accounts WHERE unit_id = :unit GROUP BY owner_id"
_BALANCE = (
    "SELECT a.owner_id, a.balance + coalesce((SELECT sum(h.remaining) FROM ledger.holds AS h WHERE"
    " h.owner_id = a.owner_id AND h.unit_id = :unit AND h.remaining > 0 AND h.due_at <= :now), 0) AS amount"
    " FROM ledger.accounts AS a WHERE a.unit_id = :unit AND a.pocket = 1"
)
_WINDOW = (
    "SELECT c.owner_id, sum(c.value) AS amount FROM engagement.counters AS c"
    " JOIN engagement.metrics AS m ON m.id = c.metric_id AND m.unit_id = :unit"
    " WHERE c.period = 'day' AND c.period_start BETWEEN :{first} AND :day GROUP BY c.owner_id"
)


def preview(
    session: Session, now: datetime, program: str, wanted: Keeping, thresholds: Sequence[int] | None = None
) -> list[Move]:
    """How many members stand on each tier, and how many would by other rules once any grace is over. Changes nothing.

    Args:
        thresholds: other thresholds too, the lowest first.

    Raises:
        TiersNotFoundError: the program has no tiers.
        FieldErrors: names each field at fault.
    """
    faults = misfits(wanted)
    if faults:
        raise FieldErrors(faults)
    found = ladder(session, program)
    day = keeping.today(session, now)
    steps = [step.threshold_minor for step in found.steps]
    values: dict[str, Any] = {
        "unit": catalogue(session).unit_id(found.unit),
        "now": now,
        "day": day,
        "program": program,
        "steps": steps,
        "wanted": list(thresholds or steps),
        "codes": [step.code for step in found.steps],
        "remembers": found.keeping.remembers,
        "first_old": window_start(found.keeping, day) if found.keeping.basis == "window" else day,
        "first_new": window_start(wanted, day) if wanted.basis == "window" else day,
    }
    rows = session.execute(text(_preview_query(found.keeping.basis, wanted.basis)), values).all()
    moves = []
    for number, step in enumerate(found.steps):
        here = [row for row in rows if row.old_step == number]
        moves.append(
            Move(
                step.code,
                step.name,
                now=sum(row.members for row in here),
                then=sum(row.members for row in rows if row.new_step == number),
                rise=sum(row.members for row in here if row.new_step > number),
                fall=sum(row.members for row in here if row.new_step < number),
            )
        )
    return moves


def _preview_query(old: str, new: str) -> str:
    queries = {"earned": _EARNED, "balance": _BALANCE, "window": _WINDOW}
    before, after = queries[old].format(first="first_old"), queries[new].format(first="first_new")
    return f"""
        SELECT old_step, new_step, count(*) AS members
        FROM (
            SELECT greatest(
                    width_bucket(greatest(coalesce(b.amount, 0), 0), CAST(:steps AS numeric[])) - 1,
                    CASE WHEN :remembers THEN array_position(CAST(:codes AS text[]), k.tier_code) - 1 END) AS old_step,
                width_bucket(greatest(coalesce(a.amount, 0), 0), CAST(:wanted AS numeric[])) - 1 AS new_step
            FROM ledger.owners AS o
            JOIN identity.users AS u ON u.id = o.id AND u.deleted_at IS NULL
            LEFT JOIN ({before}) AS b ON b.owner_id = o.id
            LEFT JOIN ({after}) AS a ON a.owner_id = o.id
            LEFT JOIN engagement.tier_standings AS k ON k.owner_id = o.id AND k.program = :program
            WHERE o.kind = 'member'
        ) AS placed
        GROUP BY old_step, new_step
    """  # noqa: S608 - put together from the three queries above
