"""The member's part: submitting, changing and withdrawing, while nobody has reviewed it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock, local_date
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.programs.credits.errors import (
    ContributionChangedError,
    ContributionNotFoundError,
    DateOutOfRangeError,
    PaymentKnownError,
    SubmittedBeforeError,
    TransitionRefusedError,
)
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType, Photo
from guerdon.programs.credits.schemas import HoursIn, ItemIn, MoneyIn, document_of
from guerdon.programs.credits.service.valuing import Valuer, credits_of

EARLIEST_DAY = date(2000, 1, 1)
WITHDRAWN = "Withdrawn by the member"


def submit(
    session: Session,
    clock: Clock,
    user_id: UUID,
    given: ItemIn | MoneyIn | HoursIn,
    *,
    zone: str = "UTC",
    created_at: datetime | None = None,
    contribution_id: UUID | None = None,
) -> Contribution:
    """Put a contribution up for review, with the credits that the rule in force gives it.

    Args:
        zone: the member's time zone, for what "today" is.
        created_at: when it was submitted elsewhere, for imports.
        contribution_id: chosen by the caller, so that one form submits once.

    Raises:
        SubmittedBeforeError: there is a contribution of that id.
        DateOutOfRangeError: hours of a day that has not come.
        PaymentKnownError: the same payment was submitted before.
        The errors of ``Valuer.evaluate``. Nothing is kept of a refused contribution.
    """
    now = created_at or clock.now()
    contribution = draft(Valuer(session, now), clock, user_id, given, zone=zone, created_at=now)
    if contribution_id is not None:
        contribution.id = contribution_id
    _store(session, contribution)
    return contribution


def draft(
    valuer: Valuer,
    clock: Clock,
    user_id: UUID,
    given: ItemIn | MoneyIn | HoursIn,
    *,
    zone: str,
    created_at: datetime,
) -> Contribution:
    """A contribution as ``submit`` would keep it, with its credits worked out, and not yet kept.

    Raises:
        DateOutOfRangeError, and the errors of ``Valuer.evaluate``.
    """
    _check_day(given, clock, zone)
    evaluation = valuer.evaluate(given)
    return Contribution(
        id=new_id(),
        user_id=user_id,
        type=ContributionType(given.type),
        value_json=document_of(given),
        status=ContributionStatus.PENDING,
        calculated_credits=credits_of(evaluation),
        calculation=evaluation.document(),
        created_at=created_at,
        updated_at=created_at,
    )


def change(
    session: Session,
    clock: Clock,
    user_id: UUID,
    contribution_id: UUID,
    given: ItemIn | MoneyIn | HoursIn,
    *,
    revision: int | None = None,
    zone: str = "UTC",
) -> Contribution:
    """Change what a contribution says while it is pending; its credits are worked out anew.

    An item's photos stay with it, and go when it becomes something else.

    Args:
        revision: what the member saw; refused if it has changed since.

    Raises:
        ContributionNotFoundError: the member has none of that id.
        TransitionRefusedError: it has been reviewed.
        ContributionChangedError: it changed since ``revision``.
        The errors of ``submit``.
    """
    contribution = own_pending(session, user_id, contribution_id, "changed")
    if revision is not None and contribution.revision != revision:
        raise ContributionChangedError
    _check_day(given, clock, zone)
    evaluation = Valuer(session, contribution.created_at).evaluate(given)
    photos = contribution.value_json.get("photos")
    document = document_of(given)
    if photos and isinstance(given, ItemIn):
        document["photos"] = photos
    elif contribution.type is ContributionType.ITEM_DONATION and not isinstance(given, ItemIn):
        session.execute(delete(Photo).where(Photo.contribution_id == contribution_id))
    contribution.type = ContributionType(given.type)
    contribution.value_json = document
    contribution.calculated_credits = credits_of(evaluation)
    contribution.calculation = evaluation.document()
    _store(session, contribution)
    put_on_record(session, contribution, "changed")
    return contribution


def withdraw(session: Session, clock: Clock, user_id: UUID, contribution_id: UUID) -> Contribution:
    """Take a pending contribution back. It stays in the member's history, and can be put up again.

    Raises:
        ContributionNotFoundError, TransitionRefusedError: as ``change``.
    """
    contribution = own_pending(session, user_id, contribution_id, "withdrawn")
    contribution.status = ContributionStatus.REJECTED
    contribution.rejection_reason = WITHDRAWN
    contribution.withdrawn_at = clock.now()
    session.flush()
    session.refresh(contribution)
    put_on_record(session, contribution, "withdrawn")
    return contribution


def resubmit(session: Session, user_id: UUID, contribution_id: UUID) -> Contribution:
    """Put up again what the member withdrew.

    Raises:
        ContributionNotFoundError: the member has none of that id.
        TransitionRefusedError: it was not withdrawn.
        PaymentKnownError: the same payment has been submitted since.
    """
    contribution = get_own(session, user_id, contribution_id, lock=True)
    if contribution.withdrawn_at is None:
        raise TransitionRefusedError(status=contribution.status.value, action="submitted again")
    contribution.status = ContributionStatus.PENDING
    contribution.rejection_reason = None
    contribution.withdrawn_at = None
    _store(session, contribution)
    put_on_record(session, contribution, "resubmitted")
    return contribution


def get_own(session: Session, user_id: UUID, contribution_id: UUID, *, lock: bool = False) -> Contribution:
    """A contribution of a member.

    Raises:
        ContributionNotFoundError: the member has none of that id.
    """
    query = select(Contribution).where(Contribution.id == contribution_id, Contribution.user_id == user_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    contribution = session.scalars(query).one_or_none()
    if contribution is None:
        raise ContributionNotFoundError
    return contribution


def own_pending(session: Session, user_id: UUID, contribution_id: UUID, action: str) -> Contribution:
    """A pending contribution of a member, locked.

    Raises:
        ContributionNotFoundError: the member has none of that id.
        TransitionRefusedError: it is not pending any more.
    """
    contribution = get_own(session, user_id, contribution_id, lock=True)
    if contribution.status is not ContributionStatus.PENDING:
        raise TransitionRefusedError(status=contribution.status.value, action=action)
    return contribution


def put_on_record(session: Session, contribution: Contribution, what: str) -> None:
    """Tell that the member did something to their contribution, for its history.

    Args:
        what: past participle; the end of the action's name.
    """
    after = {"status": contribution.status.value, "credits": str(contribution.calculated_credits)}
    action = f"credits.contribution_{what}"
    announce(session, Act(action, "contribution", contribution.id, actor_id=contribution.user_id, new=after))


def _check_day(given: ItemIn | MoneyIn | HoursIn, clock: Clock, zone: str) -> None:
    if isinstance(given, HoursIn):
        today = local_date(clock.now(), ZoneInfo(zone))
        if not EARLIEST_DAY <= given.date <= today:
            raise DateOutOfRangeError(field="date", earliest=EARLIEST_DAY.isoformat())


def _store(session: Session, contribution: Contribution) -> None:
    with kept_once(), session.begin_nested():
        session.add(contribution)
        session.flush()
    session.refresh(contribution)


@contextmanager
def kept_once() -> Iterator[None]:
    """Turn the database's refusal of a payment, or of a contribution, that is there already into its error."""
    try:
        yield
    except IntegrityError as exc:
        if "uq_contributions_payment" in str(exc.orig):
            raise PaymentKnownError(field="transaction_id") from exc
        if "pk_contributions" in str(exc.orig):
            raise SubmittedBeforeError from exc
        raise
