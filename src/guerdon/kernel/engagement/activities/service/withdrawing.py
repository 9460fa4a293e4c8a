"""Withdrawing an activity that turned out not to have been so: what it earned is taken back as far as it is there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.engagement.activities.errors import (
    ActivityNotFoundError,
    ActivityWithdrawnError,
    OwnActivityError,
    WithdrawalReasonError,
)
from guerdon.kernel.engagement.activities.models import Activity, ActivityWithdrawal
from guerdon.kernel.engagement.activities.schemas import Award, Batch
from guerdon.kernel.engagement.activities.service import counting, earning, members, outcomes, rebuilding
from guerdon.kernel.engagement.activities.service.community import time_zone
from guerdon.kernel.engagement.activities.service.concluding import conclude
from guerdon.kernel.ledger.errors import InsufficientBalanceError, LedgerError, ReversalExceededError
from guerdon.kernel.ledger.schemas import Posted
from guerdon.kernel.ledger.service import get_row, reverse
from guerdon.kernel.ledger.service.door import unwatched

REASON_LENGTH = range(3, 501)
_TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of one award.

    Attributes:
        taken_minor: taken back.
        kept_minor: what the member keeps, because it is spent or was taken back before.
    """

    rule: str
    unit: str
    taken_minor: int
    kept_minor: int


def withdraw(
    session: Session, clock: Clock, owner_id: UUID, activity_id: UUID, *, actor_id: UUID | None, reason: str
) -> list[TakenBack]:
    """Withdraw an activity. It stays on record, with who withdrew it and why, and counts no more.

    Its awards are reversed as far as they are there: what the member has spent is not taken from elsewhere. Caps that
    it filled are free again, and everybody who follows counters looks anew. What other facts earned stays, even where
    a counter that they read would have been lower.

    Raises:
        ActivityNotFoundError: the member has none of that id.
        ActivityWithdrawnError: it was withdrawn before.
        WithdrawalReasonError: no reason, or one that is too long. Nothing has changed.
    """
    why = reason.strip()
    if len(why) not in REASON_LENGTH:
        raise WithdrawalReasonError(field="reason")
    with members.reaching_all(session):
        activity = session.get(Activity, (owner_id, activity_id))
        if activity is None:
            raise ActivityNotFoundError
        members.lock(session, [activity.owner_id])
        if session.get(ActivityWithdrawal, (activity.owner_id, activity_id)) is not None:
            raise ActivityWithdrawnError(activity_id=activity_id)
        now = clock.now()
        [outcome] = outcomes.read(session, [(activity_id, activity.outcome)])
        taken: list[TakenBack] = []
        transfers: list[tuple[UUID, UUID]] = []
        for award in outcome.awards:
            back, reversals = _take_back(session, activity.owner_id, award, _By(now, why, actor_id))
            taken.append(back)
            transfers += reversals
        document = {"taken_back": [_document(each) for each in taken]}
        session.add(
            ActivityWithdrawal(
                owner_id=activity.owner_id,
                activity_id=activity_id,
                actor_id=actor_id,
                reason=why,
                withdrawn_at=now,
                outcome=document,
            )
        )
        session.flush()
        changes = counting.merged(earning.count(session, transfers), rebuilding.rebuild(session, [activity.owner_id]))
        conclude(session, now, Batch((), changes, [activity.owner_id], time_zone(session), withdrawn=True))
        announce(
            session,
            Act(
                "engagement.activity_withdrawn",
                "activity",
                activity_id,
                actor_id,
                reason=why,
                detail={"kind": activity.kind, **document},
            ),
        )
        return taken


def withdraw_by_hand(
    session: Session, clock: Clock, owner_id: UUID, activity_id: UUID, *, actor_id: UUID, reason: str
) -> list[TakenBack]:
    """What staff do: ``withdraw``, but nothing of their own.

    Raises:
        OwnActivityError: it is the actor's own.
        The errors of ``withdraw``. Nothing has changed.
    """
    if owner_id == actor_id:
        raise OwnActivityError
    return withdraw(session, clock, owner_id, activity_id, actor_id=actor_id, reason=reason)


def _document(back: TakenBack) -> dict[str, Any]:
    return {"rule": back.rule, "unit": back.unit, "taken_minor": back.taken_minor, "kept_minor": back.kept_minor}


@dataclass(frozen=True, slots=True)
class _By:
    at: datetime
    reason: str
    actor_id: UUID | None


def _take_back(session: Session, owner_id: UUID, award: Award, by: _By) -> tuple[TakenBack, list[tuple[UUID, UUID]]]:
    taken, reversals = 0, []
    for transfer_id in award.transfer_ids:
        amount = get_row(session, owner_id, transfer_id).amount
        for _ in range(_TRIES_MAX):
            try:
                with session.begin_nested(), unwatched(session):
                    posted: Posted = reverse(
                        session,
                        owner_id,
                        transfer_id,
                        key=f"withdrawn:{transfer_id}",
                        at=by.at,
                        amount_minor=amount,
                        reason=by.reason,
                        actor_id=by.actor_id,
                    )
            except InsufficientBalanceError as exc:
                amount -= int(exc.params["shortfall_minor"])
            except ReversalExceededError as exc:
                amount = int(exc.params.get("remaining_minor", 0))
            except LedgerError:
                break
            else:
                taken += amount
                if posted.transfer_id is not None:
                    reversals.append((owner_id, posted.transfer_id))
                break
            if amount <= 0:
                break
    label = f"{award.program}.{award.rule}"
    return TakenBack(label, award.unit, taken, award.amount_minor - taken), reversals
