"""Units, balances, statements and single transfers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from guerdon.core.money import to_text
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.errors import CursorInvalidError
from guerdon.http.openapi import problem_responses
from guerdon.http.pagination import LIMIT_DEFAULT, Cursor, Limit, Page, decode_cursor, page_of
from guerdon.http.schemas import Moment, Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.api.bodies import (
    BalanceOut,
    BalancesOut,
    EntryOut,
    SystemAccountOut,
    TransferOut,
    UnitOut,
)
from guerdon.kernel.ledger.api.shapes import OwnerPath, readable_owner, show_entry, show_transfer
from guerdon.kernel.ledger.schemas import Account, Balance, Entry, Pocket, Turnover

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])

Reader = Annotated[Principal, Depends(requires("ledger:read"))]


@router.get("/units")
def list_units(_who: SignedIn, session: SessionDep) -> list[UnitOut]:
    """Every unit of value, by code."""
    return [UnitOut.model_validate(unit) for unit in service.units(session)]


@router.get("/system-accounts")
def list_system_accounts(_who: Reader, session: SessionDep) -> list[SystemAccountOut]:
    """The balances of the unbounded accounts of the system that have ever moved."""
    return [
        SystemAccountOut(unit=each.unit, account=each.account, balance=to_text(int(each.balance_minor), each.scale))
        for each in service.system_balances(session)
    ]


@router.get("/accounts/{owner_id}", responses=problem_responses(404))
def list_accounts(
    owner_id: OwnerPath,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    at: Annotated[Moment | None, Query(description="A past moment; the present, if not given.")] = None,
    basis: Annotated[
        Literal["recorded", "happened"],
        Query(description="Of the past: what was on record by then, or what had happened by then as is known today."),
    ] = "recorded",
) -> BalancesOut:
    """What an owner has, by unit and pocket; others' need ``ledger:read``.

    What is past its due time counts as available.
    """
    owner = readable_owner(session, owner_id, who)
    found = service.balances(session, owner, clock.now())
    if at is None:
        turnovers = service.turnovers(found)
        present = [_present(each, turnovers.get((each.unit, each.pocket))) for each in found]
        return BalancesOut(owner_id=owner, at=None, accounts=present)
    past = [
        BalanceOut(
            unit=each.unit,
            pocket=each.pocket,
            balance=to_text(
                service.balance_at(
                    session, Account(owner, each.unit, each.pocket), at, by_happened=basis == "happened"
                ),
                each.scale,
            ),
        )
        for each in found
    ]
    return BalancesOut(owner_id=owner, at=at, accounts=past)


def _present(balance: Balance, turnover: Turnover | None) -> BalanceOut:
    scale = balance.scale
    return BalanceOut(
        unit=balance.unit,
        pocket=balance.pocket,
        balance=to_text(balance.balance_minor, scale),
        floor=to_text(balance.floor_minor, scale) if balance.floor_minor is not None else None,
        earned=to_text(turnover.earned_minor, scale) if turnover else None,
        spent=to_text(turnover.spent_minor, scale) if turnover else None,
        opened_at=balance.opened_at,
        updated_at=balance.updated_at,
        closed_at=balance.closed_at,
    )


@router.get("/statements/{owner_id}", responses=problem_responses(404))
def list_statement(
    owner_id: OwnerPath,
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    unit: Annotated[Text | None, Query(max_length=32)] = None,
    pocket: Annotated[Pocket | None, Query(description="One pocket; all of them, if not given.")] = None,
    since: Annotated[Moment | None, Query(description="When it happened.")] = None,
    until: Annotated[Moment | None, Query(description="Not included.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> Page[EntryOut]:
    """An owner's movements with running balance, the latest first; others' need ``ledger:read``."""
    owner = readable_owner(session, owner_id, who)
    before = decode_cursor(cursor, UUID, str)
    found = service.statement(
        session,
        owner,
        clock.now(),
        unit=unit,
        pocket=pocket,
        before=before[0] if before else None,
        before_pocket=_pocket(before[1]) if before else None,
        since=since,
        until=until,
        limit=limit + 1,
    )
    return page_of(found, limit, show=show_entry, key=_key)


def _pocket(code: str) -> Pocket:
    try:
        return Pocket(code)
    except ValueError as exc:
        raise CursorInvalidError(field="cursor", problem="") from exc


def _key(entry: Entry) -> tuple[UUID, str]:
    return entry.transfer_id, entry.pocket.value


@router.get("/owners/{owner_id}/transfers/{transfer_id}", responses=problem_responses(404))
def get_transfer(owner_id: OwnerPath, transfer_id: UUID, who: SignedIn, session: SessionDep) -> TransferOut:
    """One transfer of an owner; others' need ``ledger:read``."""
    return show_transfer(session, readable_owner(session, owner_id, who), transfer_id, replayed=True)
