"""Staff's part: approving, rejecting, correcting and undoing.

The database credits; this decides, and keeps the record of who decided what and why.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.core.money import to_text
from guerdon.core.texts import is_blank
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.ledger.errors import InsufficientBalanceError
from guerdon.kernel.ledger.service import refusals
from guerdon.programs.credits.errors import (
    AmountOfCreditsError,
    ContributionChangedError,
    ContributionNotFoundError,
    CreditsSpentError,
    OwnContributionError,
    ReasonRequiredError,
    TransitionRefusedError,
)
from guerdon.programs.credits.models import Contribution, ContributionStatus
from guerdon.programs.credits.schemas import CREDITS_MAX, REASON_LENGTH_MAX, BulkOutcome, given_of
from guerdon.programs.credits.service.submitting import kept_once
from guerdon.programs.credits.service.valuing import SCALE, Valuer, credits_of

TRANSITIONS = {
    ContributionStatus.PENDING: (ContributionStatus.APPROVED, ContributionStatus.REJECTED),
    ContributionStatus.APPROVED: (ContributionStatus.PENDING,),
    ContributionStatus.REJECTED: (ContributionStatus.PENDING,),
}
"""Where staff may send a contribution from where it stands."""


def approve(
    session: Session,
    clock: Clock,
    actor_id: UUID,
    contribution_id: UUID,
    *,
    revision: int | None = None,
    credits: Decimal | None = None,
    reason: str | None = None,
) -> Contribution:
    """Approve a pending contribution; its credits are on the member's balance when this returns.

    Args:
        revision: what the reviewer saw; refused if it has changed since.
        credits: another amount than the rule gives, with a ``reason``.

    Raises:
        OwnContributionError: the reviewer gave it themselves.
        TransitionRefusedError: it is not pending, because somebody else was faster, say.
        ContributionChangedError: the member changed it in the meantime.
        AmountOfCreditsError, ReasonRequiredError: the override.
    """
    contribution = _locked(session, actor_id, contribution_id, revision)
    _check_transition(contribution, ContributionStatus.APPROVED, "approved")
    if contribution.calculated_credits is None and credits is None:
        _work_out(session, contribution)
    if credits is not None and credits != contribution.calculated_credits:
        _override(contribution, credits, reason, actor_id, clock.now())
    contribution.status = ContributionStatus.APPROVED
    contribution.approved_by = actor_id
    contribution.approved_at = clock.now()
    _settle(session, clock, contribution, actor_id, "credits.contribution_approved", reason=reason)
    return contribution


def reject(
    session: Session,
    clock: Clock,
    actor_id: UUID,
    contribution_id: UUID,
    *,
    reason: str,
    revision: int | None = None,
) -> Contribution:
    """Reject a pending contribution, with a reason that the member reads.

    Raises:
        ReasonRequiredError: no reason, or one that is too long.
        The others of ``approve``.
    """
    contribution = _locked(session, actor_id, contribution_id, revision)
    _check_transition(contribution, ContributionStatus.REJECTED, "rejected")
    contribution.status = ContributionStatus.REJECTED
    contribution.rejection_reason = checked_reason(reason)
    _settle(session, clock, contribution, actor_id, "credits.contribution_rejected", reason=reason)
    return contribution


def reopen(session: Session, clock: Clock, actor_id: UUID, contribution_id: UUID, *, reason: str) -> Contribution:
    """Undo an approval or a rejection: it is pending again, and what was credited is taken back.

    Raises:
        CreditsSpentError: the member has spent what would be taken back; nothing changes.
        TransitionRefusedError: it is pending, or the member withdrew it.
        PaymentKnownError: it was rejected, and the same payment has been submitted since.
        The others of ``reject``.
    """
    contribution = _locked(session, actor_id, contribution_id, None)
    if contribution.withdrawn_at is not None:
        raise TransitionRefusedError(status="withdrawn", action="reopened")
    _check_transition(contribution, ContributionStatus.PENDING, "reopened")
    why = checked_reason(reason)
    contribution.status = ContributionStatus.PENDING
    contribution.approved_by = None
    contribution.approved_at = None
    contribution.rejection_reason = None
    _settle(session, clock, contribution, actor_id, "credits.contribution_reopened", reason=why)
    return contribution


def change_credits(
    session: Session, clock: Clock, actor_id: UUID, contribution_id: UUID, *, credits: Decimal, reason: str
) -> Contribution:
    """Give another amount than the rule does, before or after the approval.

    Of an approved contribution the former credit is reversed and the new one posted.

    Raises:
        CreditsSpentError: the member has spent what would be taken away.
        TransitionRefusedError: it was rejected.
        AmountOfCreditsError, ReasonRequiredError, OwnContributionError: as ``approve``.
    """
    contribution = _locked(session, actor_id, contribution_id, None)
    if contribution.status is ContributionStatus.REJECTED:
        raise TransitionRefusedError(status=contribution.status.value, action="changed")
    _override(contribution, credits, reason, actor_id, clock.now())
    _settle(session, clock, contribution, actor_id, "credits.contribution_corrected", reason=reason)
    return contribution


def recalculate(session: Session, clock: Clock, actor_id: UUID, contribution_id: UUID) -> Contribution:
    """Work the credits of a pending contribution out anew, by the rule that is in force today.

    Raises:
        TransitionRefusedError: it is not pending.
        The errors of ``Valuer.evaluate``.
    """
    contribution = _locked(session, actor_id, contribution_id, None)
    if contribution.status is not ContributionStatus.PENDING:
        raise TransitionRefusedError(status=contribution.status.value, action="recalculated")
    _work_out(session, contribution)
    _settle(session, clock, contribution, actor_id, "credits.contribution_recalculated", reason=None)
    return contribution


def decide_many(session: Session, ids: Sequence[UUID], decide: Callable[[UUID], Contribution]) -> list[BulkOutcome]:
    """Decide on many contributions, each for itself: one that is refused does not hold up the others.

    Args:
        decide: approves or rejects one.

    Returns:
        One outcome for each id, in the order given.
    """
    outcomes: dict[UUID, BulkOutcome] = {}
    for contribution_id in _in_lock_order(session, ids):
        try:
            with session.begin_nested():
                decide(contribution_id)
            outcomes[contribution_id] = BulkOutcome(contribution_id, None)
        except GuerdonError as exc:
            outcomes[contribution_id] = BulkOutcome(contribution_id, exc)
    return [outcomes[contribution_id] for contribution_id in dict.fromkeys(ids)]


def _in_lock_order(session: Session, ids: Sequence[UUID]) -> list[UUID]:
    """By member, then by id: two who decide on many at once then wait for each other, and never in a circle.

    An approval locks the contribution and the member's account, so it is the members' order that counts.
    """
    found = session.scalars(
        select(Contribution.id).where(Contribution.id.in_(ids)).order_by(Contribution.user_id, Contribution.id)
    ).all()
    return [*found, *(each for each in dict.fromkeys(ids) if each not in set(found))]


def checked_reason(reason: str | None) -> str:
    """A reason without surrounding space.

    Raises:
        ReasonRequiredError: there is none, or it is too long.
    """
    text = (reason or "").strip()
    if is_blank(text) or len(text) > REASON_LENGTH_MAX:
        raise ReasonRequiredError(field="reason", length_max=REASON_LENGTH_MAX)
    return text


def _locked(session: Session, actor_id: UUID, contribution_id: UUID, revision: int | None) -> Contribution:
    contribution = session.scalars(
        select(Contribution)
        .where(Contribution.id == contribution_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if contribution is None:
        raise ContributionNotFoundError
    if contribution.user_id == actor_id:
        raise OwnContributionError(permission="credits:review")
    if revision is not None and contribution.revision != revision:
        raise ContributionChangedError
    return contribution


def _check_transition(contribution: Contribution, target: ContributionStatus, action: str) -> None:
    if target not in TRANSITIONS[contribution.status]:
        raise TransitionRefusedError(status=contribution.status.value, action=action)


def _work_out(session: Session, contribution: Contribution) -> None:
    evaluation = Valuer(session, contribution.created_at).evaluate(given_of(contribution.type, contribution.value_json))
    contribution.calculated_credits = credits_of(evaluation)
    contribution.calculation = evaluation.document()


def _override(contribution: Contribution, credits: Decimal, reason: str | None, actor_id: UUID, at: datetime) -> None:
    if not credits.is_finite() or not 0 <= credits <= CREDITS_MAX or credits != round(credits, SCALE):
        raise AmountOfCreditsError(field="credits", credits_max=CREDITS_MAX)
    override = {
        "credits": str(credits),
        "instead_of": str(contribution.calculated_credits) if contribution.calculated_credits is not None else None,
        "reason": checked_reason(reason),
        "by": str(actor_id),
        "at": at.isoformat(),
    }
    contribution.calculation = {**(contribution.calculation or {}), "override": override}
    contribution.calculated_credits = credits


def _settle(
    session: Session, clock: Clock, contribution: Contribution, actor_id: UUID, action: str, *, reason: str | None
) -> None:
    """Write the decision, let the database credit it, and put it on record."""
    contribution.reviewed_by = actor_id
    contribution.reviewed_at = clock.now()
    with session.no_autoflush:
        before = _before(session, contribution.id)
    with _credits_spent(), kept_once():
        session.flush()
    session.refresh(contribution)
    after = {"status": contribution.status.value, "credits": _text(contribution.calculated_credits)}
    announce(
        session,
        Act(action, "contribution", contribution.id, actor_id=actor_id, old=before, new=after, reason=reason),
    )


def _before(session: Session, contribution_id: UUID) -> dict[str, Any]:
    status, credits = session.execute(
        select(Contribution.status, Contribution.calculated_credits).where(Contribution.id == contribution_id)
    ).one()
    return {"status": status.value, "credits": _text(credits)}


def _text(credits: Decimal | None) -> str | None:
    return None if credits is None else str(credits)


@contextmanager
def _credits_spent() -> Iterator[None]:
    try:
        with refusals():
            yield
    except InsufficientBalanceError as exc:
        raise CreditsSpentError(shortfall=to_text(int(exc.params["shortfall_minor"]), SCALE)) from exc
