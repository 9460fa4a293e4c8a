"""Owners of accounts: members, and bounded parts of the system such as budgets, pools and escrows."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.service.door import refusals


def open_member(session: Session, owner_id: UUID) -> None:
    """Make sure that a member has a place on the ledger; pockets open when something first reaches them."""
    session.execute(text("SELECT ledger.open_member(:id)"), {"id": owner_id})


def open_system_owner(session: Session, code: str, unit: str, *, floor_minor: int | None = 0) -> UUID:
    """Make sure that a bounded part of the system exists and return its owner id.

    Args:
        code: its name, unique, such as ``tokens.treasury``.
        floor_minor: how low its available pocket may go in that unit; None for no bound.
            An account that exists keeps the floor that it has.
    """
    owner_id: UUID = session.execute(
        text("SELECT ledger.open_system_owner(:code, CAST(:unit AS smallint), :floor)"),
        {"code": code, "unit": catalogue(session).unit_id(unit), "floor": floor_minor},
    ).scalar_one()
    return owner_id


def set_floor(session: Session, owner_id: UUID, unit: str, floor_minor: int | None) -> None:
    """Set how low an owner's available pocket may go.

    Raises:
        InsufficientBalanceError: the balance is already below.
        UnknownAccountError: there is no such owner, or it is closed.
    """
    with refusals():
        session.execute(
            text("SELECT ledger.set_floor(:owner, CAST(:unit AS smallint), :floor)"),
            {"owner": owner_id, "unit": catalogue(session).unit_id(unit), "floor": floor_minor},
        )


def close_owner(session: Session, owner_id: UUID) -> None:
    """Close an owner and all accounts for good.

    Raises:
        AccountNotEmptyError: something is left in one of them.
        UnknownAccountError: there is no such owner.
    """
    with refusals():
        session.execute(text("SELECT ledger.close_owner(:owner)"), {"owner": owner_id})
