"""Whose accounts cannot be let in: suspended ones, and closed ones of which something is left."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from guerdon.kernel.identity.models import User
from guerdon.programs.events.models import Registration, RegistrationStatus

HOLDING = (RegistrationStatus.REGISTERED, RegistrationStatus.OFFERED, RegistrationStatus.WAITING)
"""What somebody who has not come holds: a place, the offer of one, or a turn."""

HELD_BY_NOBODY = (Registration.status.in_(HOLDING), ~User.is_active)
"""Conditions of what belongs to accounts that cannot be let in, for queries that have the accounts."""


class AccountState(StrEnum):
    """Whether the account behind a registration can do anything."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


def account_state() -> ColumnElement[str]:
    """The state of an account, as a column of a query that has it."""
    return case(
        (User.deleted_at.is_not(None), AccountState.CLOSED.value),
        (User.is_active, AccountState.OPEN.value),
        else_=AccountState.SUSPENDED.value,
    )


def state_of_account(session: Session, user_id: UUID) -> AccountState:
    """How one account stands."""
    return AccountState(session.scalars(select(account_state()).where(User.id == user_id)).one())


def held_by_nobody(session: Session, event_id: UUID) -> int:
    """How many places and turns at an event belong to accounts that cannot be let in."""
    query = (
        select(func.count())
        .select_from(Registration)
        .join(User, User.id == Registration.user_id)
        .where(Registration.event_id == event_id, *HELD_BY_NOBODY)
    )
    return session.scalars(query).one()
