"""Value set aside: holds before a spend, awards that mature later."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.errors import HoldNotFoundError
from guerdon.kernel.ledger.models import Hold
from guerdon.kernel.ledger.schemas import Account, Pocket, Posted, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service.posting import post, posted_under


def get_hold(session: Session, owner_id: UUID, hold_id: UUID) -> Hold:
    """A hold of an owner.

    Raises:
        HoldNotFoundError: the owner has none of that id.
    """
    found = session.scalars(
        select(Hold).where(Hold.owner_id == owner_id, Hold.id == hold_id).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise HoldNotFoundError()
    return found


def hold(
    session: Session,
    account: Account,
    amount_minor: int,
    *,
    key: str,
    at: datetime,
    due_at: datetime | None = None,
    into: Pocket = Pocket.HELD,
    reference: Reference | None = None,
    actor_id: UUID | None = None,
) -> Posted:
    """Set aside what is available, so that nothing else can spend it.

    Args:
        due_at: when it becomes available again by itself; never, if None.
        into: ``held`` for a spend to come, ``staked`` for a stake.

    Returns:
        ``transfer_id`` is the hold's id.
    """
    target = Account(account.owner_id, account.unit, into)
    posting = Posting(account, target, amount_minor, "hold", key, reference=reference, actor_id=actor_id, due_at=due_at)
    return post(session, posting, at)


def award_pending(
    session: Session,
    source: Account | SystemAccount,
    owner_id: UUID,
    amount_minor: int,
    *,
    kind: str,
    key: str,
    at: datetime,
    matures_at: datetime | None,
    reference: Reference | None = None,
    actor_id: UUID | None = None,
) -> Posted:
    """Award something that becomes available at ``matures_at``, or when it is released by hand.

    Returns:
        ``transfer_id`` is the id of the hold that keeps it pending.
    """
    target = Account(owner_id, source.unit, Pocket.PENDING)
    posting = Posting(
        source, target, amount_minor, kind, key, reference=reference, actor_id=actor_id, due_at=matures_at
    )
    return post(session, posting, at)


def capture(
    session: Session,
    owner_id: UUID,
    hold_id: UUID,
    *,
    key: str,
    at: datetime,
    amount_minor: int | None = None,
    to: Account | SystemAccount | None = None,
    kind: str = "capture",
    actor_id: UUID | None = None,
) -> Posted:
    """Spend what a hold has set aside, in whole or in part; what is left stays held.

    Args:
        amount_minor: what to take; all that is left if not given.
        to: where it goes; the unit's redemption account if not given.
    """
    held = get_hold(session, owner_id, hold_id)
    source = _source(session, held)
    posting = Posting(
        source,
        to or SystemAccount("redemption", source.unit),
        amount_minor if amount_minor is not None else _rest(session, held, key),
        kind,
        key,
        actor_id=actor_id,
        hold_id=hold_id,
    )
    return post(session, posting, at)


def release(
    session: Session,
    owner_id: UUID,
    hold_id: UUID,
    *,
    key: str,
    at: datetime,
    amount_minor: int | None = None,
    actor_id: UUID | None = None,
) -> Posted:
    """Give back what a hold has set aside, in whole or in part; of a pending award, let it mature now."""
    held = get_hold(session, owner_id, hold_id)
    source = _source(session, held)
    posting = Posting(
        source,
        Account(owner_id, source.unit),
        amount_minor if amount_minor is not None else _rest(session, held, key),
        "mature" if source.pocket is Pocket.PENDING else "release",
        key,
        actor_id=actor_id,
        hold_id=hold_id,
    )
    return post(session, posting, at)


def _rest(session: Session, held: Hold, key: str) -> int:
    """What is left, or was left when it was first taken under this key; of a hold without rest its amount, so that the
    door refuses with its own words.
    """
    earlier = posted_under(session, held.owner_id, key)
    return earlier.amount if earlier is not None else held.remaining or held.amount


def _source(session: Session, held: Hold) -> Account:
    codes = catalogue(session)
    return Account(held.owner_id, codes.units_by_id[held.unit_id].code, Pocket(codes.accounts_by_id[held.pocket]))
