"""Balances now and then, statements and single transfers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from guerdon.core.money import Unit
from guerdon.kernel.ledger.catalogue import FIRST_SYSTEM_ACCOUNT, Catalogue, catalogue
from guerdon.kernel.ledger.errors import TransferNotFoundError, UnboundedAccountError, UnknownAccountError
from guerdon.kernel.ledger.models import Owner, Transfer
from guerdon.kernel.ledger.schemas import Account, Balance, Entry, Pocket, Reference, SystemBalance, Turnover
from guerdon.kernel.ledger.service.upkeep import settle_owner

ENTRY_COLUMNS = (
    "owner_id, transfer_id, unit_id, pocket, amount, balance_before, balance_after, counter_account, kind_id,"
    " reference_type_id, reference_id, actor_id, happened_at, recorded_at, reverses_id, peer_owner_id, hold_id, detail"
)


LAST_POCKET = 99
"""No pocket has a larger number."""


def units(session: Session) -> list[Unit]:
    """Every unit, by code."""
    known = catalogue(session, fresh=True).units
    return [known[code][1] for code in sorted(known)]


def balances(session: Session, owner_id: UUID, at: datetime) -> list[Balance]:
    """What an owner has, by unit and pocket; what is past its due time counts as available."""
    codes = catalogue(session)
    rows = session.execute(
        text("SELECT * FROM ledger.owner_balances(:owner, :at) ORDER BY unit_id, pocket"), {"owner": owner_id, "at": at}
    ).all()
    if any(row.unit_id not in codes.units_by_id for row in rows):
        codes = catalogue(session, fresh=True)
    return [
        Balance(
            unit=codes.units_by_id[row.unit_id].code,
            scale=codes.units_by_id[row.unit_id].scale,
            pocket=Pocket(codes.accounts_by_id[row.pocket]),
            balance_minor=row.balance,
            floor_minor=row.floor,
            earned_minor=int(row.earned),
            spent_minor=int(row.spent),
            opened_at=row.opened_at,
            updated_at=row.updated_at,
            closed_at=row.closed_at,
        )
        for row in rows
    ]


def turnovers(found: Sequence[Balance]) -> dict[tuple[str, Pocket], Turnover]:
    """What an owner earned and spent of each unit, under the first pocket that there is of it.

    Of single pockets it says nothing: what is captured leaves the held pocket, and its reversal comes to the available
    one, which would then have spent less than nothing.
    """
    first: dict[str, Pocket] = {}
    for each in found:
        first.setdefault(each.unit, each.pocket)
    return {
        (unit, pocket): Turnover(
            sum(each.earned_minor for each in found if each.unit == unit),
            sum(each.spent_minor for each in found if each.unit == unit),
        )
        for unit, pocket in first.items()
    }


def available_minor(session: Session, owner_id: UUID, unit: str, at: datetime) -> int:
    """What an owner can spend of a unit now."""
    return next(
        (
            balance.balance_minor
            for balance in balances(session, owner_id, at)
            if balance.unit == unit and balance.pocket is Pocket.AVAILABLE
        ),
        0,
    )


def balance_at(session: Session, account: Account, moment: datetime, *, by_happened: bool = False) -> int:
    """The balance of a pocket at a past moment, in minor units.

    Args:
        by_happened: count a transfer from when what it records happened instead of from when it was recorded.
    """
    codes = catalogue(session)
    amount: int = session.execute(
        text(
            "SELECT ledger.balance_at("
            ":owner, CAST(:unit AS smallint), CAST(:pocket AS smallint), :moment, :by_happened)"
        ),
        {
            "owner": account.owner_id,
            "unit": codes.unit_id(account.unit),
            "pocket": codes.account_id(account.pocket.value),
            "moment": moment,
            "by_happened": by_happened,
        },
    ).scalar_one()
    return amount


def statement(
    session: Session,
    owner_id: UUID,
    at: datetime,
    *,
    unit: str | None = None,
    pocket: Pocket | None = Pocket.AVAILABLE,
    before: UUID | None = None,
    before_pocket: Pocket | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[Entry]:
    """The movements of an owner, newest first, each with the balance before and after.

    What is past its due time is settled first, so that the statement ends where the balance stands.

    Args:
        pocket: one pocket, or None for all of them.
        before: the transfer id after which to go on; the last one of the page before.
        before_pocket: the pocket of that entry, because a transfer between two pockets has an entry in each.
        since, until: bounds on when it happened, the second excluded.
        limit: the most entries.
    """
    settle_owner(session, owner_id, at)
    codes = catalogue(session)
    conditions = ["owner_id = :owner"]
    after_pocket = codes.account_id(before_pocket.value) if before_pocket else LAST_POCKET
    params: dict[str, Any] = {"owner": owner_id, "limit": limit}
    if before is not None:
        params["before_pocket"] = after_pocket
    for condition, name, value in (
        ("unit_id = :unit", "unit", codes.unit_id(unit) if unit else None),
        ("pocket = :pocket", "pocket", codes.account_id(pocket.value) if pocket else None),
        # The first half looks idle and is what the index is read by: policies keep the other from being tried early.
        ("transfer_id <= :before AND (transfer_id, -pocket) < (:before, -:before_pocket)", "before", before),
        ("happened_at >= :since", "since", since),
        ("happened_at < :until", "until", until),
    ):
        if value is not None:
            conditions.append(condition)
            params[name] = value
    rows = session.execute(
        text(
            f"SELECT {ENTRY_COLUMNS} FROM ledger.entries WHERE {' AND '.join(conditions)}"  # noqa: S608 - fixed texts
            " ORDER BY transfer_id DESC, pocket LIMIT :limit"
        ),
        params,
    ).all()
    return entries_of(session, rows)


def get_transfer(session: Session, owner_id: UUID, transfer_id: UUID) -> list[Entry]:
    """A transfer as each of the owner's pockets that it touches sees it.

    Raises:
        TransferNotFoundError: the owner has none of that id.
    """
    rows = session.execute(
        text(
            f"SELECT {ENTRY_COLUMNS} FROM ledger.entries"  # noqa: S608 - fixed text
            " WHERE owner_id = :owner AND transfer_id = :id ORDER BY pocket"
        ),
        {"owner": owner_id, "id": transfer_id},
    ).all()
    if not rows:
        raise TransferNotFoundError()
    return entries_of(session, rows)


def get_row(session: Session, owner_id: UUID, transfer_id: UUID) -> Transfer:
    """A transfer as it stands in the table.

    Raises:
        TransferNotFoundError: the owner has none of that id.
    """
    row = session.get(Transfer, (owner_id, transfer_id))
    if row is None:
        raise TransferNotFoundError()
    return row


def require_owner(session: Session, owner_id: UUID) -> Owner:
    """An owner, open or closed.

    Raises:
        UnknownAccountError: there is none of that id.
    """
    owner = session.get(Owner, owner_id)
    if owner is None:
        raise UnknownAccountError()
    return owner


def find_system_owner(session: Session, code: str) -> UUID:
    """The owner id of a bounded part of the system.

    Raises:
        UnboundedAccountError: it is an unbounded account of the system, which nobody owns.
        UnknownAccountError: there is none of that name.
    """
    owner_id = session.scalars(select(Owner.id).where(Owner.code == code)).one_or_none()
    if owner_id is None:
        if catalogue(session).accounts.get(code, 0) >= FIRST_SYSTEM_ACCOUNT:
            raise UnboundedAccountError(account=code)
        raise UnknownAccountError()
    return owner_id


def system_balances(session: Session) -> list[SystemBalance]:
    """The balances of the unbounded system accounts that have ever moved."""
    codes = catalogue(session, fresh=True)
    rows = session.execute(
        text("SELECT unit_id, account, balance FROM ledger.system_account_balances ORDER BY unit_id, account")
    )
    return [
        SystemBalance(
            codes.units_by_id[row.unit_id].code,
            codes.units_by_id[row.unit_id].scale,
            codes.accounts_by_id[row.account],
            row.balance,
        )
        for row in rows
    ]


def entries_of(session: Session, rows: Sequence[Any]) -> list[Entry]:
    """Rows of ``ledger.entries`` as values."""
    codes = catalogue(session)
    if any(row.kind_id not in codes.kinds_by_id or row.unit_id not in codes.units_by_id for row in rows):
        codes = catalogue(session, fresh=True)
    return [_entry(codes, row) for row in rows]


def _entry(codes: Catalogue, row: Any) -> Entry:
    unit = codes.units_by_id[row.unit_id]
    return Entry(
        transfer_id=row.transfer_id,
        owner_id=row.owner_id,
        unit=unit.code,
        scale=unit.scale,
        pocket=Pocket(codes.accounts_by_id[row.pocket]),
        amount_minor=row.amount,
        balance_before_minor=row.balance_before,
        balance_after_minor=row.balance_after,
        counter_account=codes.accounts_by_id[row.counter_account],
        kind=codes.kinds_by_id[row.kind_id],
        reference=(
            Reference(codes.references_by_id[row.reference_type_id], row.reference_id)
            if row.reference_type_id is not None and row.reference_id is not None
            else None
        ),
        actor_id=row.actor_id,
        happened_at=row.happened_at,
        recorded_at=row.recorded_at,
        reverses_id=row.reverses_id,
        peer_owner_id=row.peer_owner_id,
        hold_id=row.hold_id,
        detail=row.detail,
    )
