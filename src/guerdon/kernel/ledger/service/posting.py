"""Moving value: single postings, batches, reversals and adjustments by staff."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldError
from guerdon.core.ids import idempotency_uuid
from guerdon.core.money import to_text
from guerdon.core.texts import is_blank
from guerdon.db.statement import Row
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.ledger.catalogue import catalogue, is_pocket
from guerdon.kernel.ledger.errors import (
    AmountNotPositiveError,
    LedgerError,
    NotReversibleError,
    OwnAccountError,
    TransferNotFoundError,
)
from guerdon.kernel.ledger.models import Hold, Transfer
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service.door import encode, send

REASON_LENGTH_MAX = 500
AVAILABLE = 1
"""The number of the pocket that everything can be spent from."""


class ReasonMissingError(FieldError):
    """An act of staff on somebody's balance was given no reason."""

    code = "adjustment-reason-missing"
    message = "A reason is required, of at most {length_max} characters."
    remedy = "Say in a sentence why the balance changes; the member can read it."


def post(session: Session, posting: Posting, at: datetime) -> Posted:
    """Post one movement, or find that it stands already.

    Args:
        at: the application's time.

    Returns:
        What became of it; ``replayed`` is true if the same content was posted under this key before.

    Raises:
        LedgerError: the refusal; nothing has moved.
    """
    return send(session, [encode(session, posting)], at, verdicts=False)[0]


def post_batch(
    session: Session, postings: Sequence[Posting], at: datetime, *, all_or_nothing: bool = True
) -> list[Posted]:
    """Post many movements in their order, each judged after those before it.

    Args:
        all_or_nothing: refuse everything if anything is refused; otherwise each item gets a verdict of its own.

    Returns:
        One ``Posted`` for each posting, in order.

    Raises:
        LedgerError: the first refusal, with ``item`` in its params, if all or nothing; or a batch that is too large.
    """
    rows: list[Row] = []
    numbers: list[int] = []
    refused: dict[int, Posted] = {}
    for number, posting in enumerate(postings, start=1):
        try:
            rows.append(encode(session, posting))
            numbers.append(number)
        except LedgerError as exc:
            if all_or_nothing:
                exc.params["item"] = number
                raise
            refused[number] = Posted(number, exc.verdict, None, None, None, dict(exc.params))
    sent = send(session, rows, at, verdicts=not all_or_nothing)
    judged = {number: outcome._replace(item=number) for number, outcome in zip(numbers, sent, strict=True)}
    return [refused.get(number) or judged[number] for number in range(1, len(postings) + 1)]


def dry_run(
    session: Session, postings: Sequence[Posting], at: datetime, *, all_or_nothing: bool = True
) -> list[Posted]:
    """What ``post_batch`` would answer, without any effect: it is posted for real and undone.

    Transfer ids in the answer stand for nothing.

    Raises:
        LedgerError: as ``post_batch``.
    """
    savepoint = session.begin_nested()
    try:
        return post_batch(session, postings, at, all_or_nothing=all_or_nothing)
    finally:
        savepoint.rollback()


def adjust(
    session: Session,
    account: Account,
    amount_minor: int,
    *,
    reason: str,
    actor_id: UUID,
    key: str,
    at: datetime,
) -> Posted:
    """Correct a balance by hand: an ordinary transfer from or to the system's adjustment account, reversible as any.

    It is announced to the audit log, once.

    Args:
        amount_minor: positive to add, negative to take away.
        reason: shown to the member, up to 500 characters.

    Raises:
        ReasonMissingError: no reason, or one that is too long.
        OwnAccountError: the account is the actor's own.
        LedgerError: as ``post``.
    """
    if account.owner_id == actor_id:
        raise OwnAccountError()
    if is_blank(reason) or len(reason) > REASON_LENGTH_MAX:
        raise ReasonMissingError(field="reason", length_max=REASON_LENGTH_MAX)
    if amount_minor == 0:
        raise AmountNotPositiveError(field="amount")
    system = SystemAccount("adjustment", account.unit)
    debit, credit = (system, account) if amount_minor > 0 else (account, system)
    posting = Posting(
        debit, credit, abs(amount_minor), "adjustment", key, actor_id=actor_id, detail={"reason": reason.strip()}
    )
    posted = post(session, posting, at)
    if not posted.replayed:
        amount = to_text(amount_minor, catalogue(session).unit(account.unit).scale)
        new = {"unit": account.unit, "amount": amount, "transfer_id": posted.transfer_id}
        announce(
            session,
            Act(
                "ledger.balance_adjusted", "owner", account.owner_id, actor_id=actor_id, new=new, reason=reason.strip()
            ),
        )
    return posted


def posted_under(session: Session, owner_id: UUID, key: str) -> Transfer | None:
    """The transfer of an owner that was posted under a key, if there is one."""
    return session.scalars(
        select(Transfer).where(Transfer.owner_id == owner_id, Transfer.idempotency_key == idempotency_uuid(key))
    ).one_or_none()


def reverse(
    session: Session,
    owner_id: UUID,
    transfer_id: UUID,
    *,
    key: str,
    at: datetime,
    amount_minor: int | None = None,
    reason: str | None = None,
    actor_id: UUID | None = None,
) -> Posted:
    """Take a transfer back by a new one, in whole or in part.

    What was captured from a hold comes back as available; what is still pending is taken from pending.

    Args:
        owner_id: the owner whose transfer it is; of a transfer between two owners, the one who received.
        amount_minor: what to take back; what remains of the original if not given.

    Raises:
        TransferNotFoundError, NotReversibleError, ReversalExceededError, InsufficientBalanceError and the others of
        ``post``; nothing has moved.
    """
    original = session.get(Transfer, (owner_id, transfer_id))
    if original is None:
        raise TransferNotFoundError()
    if original.reverses_id is not None or (is_pocket(original.debit) and is_pocket(original.credit)):
        raise NotReversibleError()
    earlier = posted_under(session, owner_id, key)
    if earlier is not None:
        # What was answered once is answered again, whatever is left by now of the original and of its hold.
        amount = amount_minor if amount_minor is not None else earlier.amount
        hold_id = earlier.hold_id
    else:
        amount = amount_minor if amount_minor is not None else _unreversed(session, original)
        hold_id = _open_hold(session, original, at)
    posting = _mirror(session, original, amount, hold_id=hold_id, key=key, reason=reason, actor_id=actor_id)
    return post(session, posting, at)


def _open_hold(session: Session, original: Transfer, at: datetime) -> UUID | None:
    """The hold that a transfer opened, as long as something is left in it and it is not due."""
    if not is_pocket(original.credit) or original.credit == AVAILABLE:
        return None
    return session.scalars(
        select(Hold.id).where(
            Hold.owner_id == original.owner_id,
            Hold.id == original.id,
            Hold.remaining > 0,
            or_(Hold.due_at.is_(None), Hold.due_at > at),
        )
    ).one_or_none()


def _unreversed(session: Session, original: Transfer) -> int:
    """What remains of a transfer, or its amount if nothing does, so that the door refuses with its own words."""
    taken = session.scalars(
        select(Transfer.amount).where(Transfer.owner_id == original.owner_id, Transfer.reverses_id == original.id)
    )
    return original.amount - sum(taken) or original.amount


def _mirror(
    session: Session,
    original: Transfer,
    amount_minor: int,
    *,
    hold_id: UUID | None,
    key: str,
    reason: str | None,
    actor_id: UUID | None,
) -> Posting:
    codes = catalogue(session)
    unit = codes.units_by_id[original.unit_id].code
    debit: Account | SystemAccount
    credit: Account | SystemAccount
    if is_pocket(original.credit):
        pocket = Pocket(codes.accounts_by_id[original.credit]) if hold_id is not None else Pocket.AVAILABLE
        debit = Account(original.owner_id, unit, pocket)
        credit = (
            Account(original.peer_owner_id, unit)
            if original.peer_owner_id is not None
            else SystemAccount(codes.accounts_by_id[original.debit], unit)
        )
    elif original.peer_owner_id is not None:
        raise NotReversibleError()
    else:
        debit = SystemAccount(codes.accounts_by_id[original.credit], unit)
        credit = Account(original.owner_id, unit)
    reference = (
        Reference(codes.references_by_id[original.reference_type_id], original.reference_id)
        if original.reference_type_id is not None and original.reference_id is not None
        else None
    )
    return Posting(
        debit,
        credit,
        amount_minor,
        codes.kinds_by_id[original.kind_id],
        key,
        reference=reference,
        actor_id=actor_id,
        detail={"reason": reason} if reason else None,
        hold_id=hold_id,
        reverses_id=original.id,
    )
