"""Who is at the door: those who are expected, those who came, and those who come without having registered."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from guerdon.kernel.identity.models import User
from guerdon.programs.events.models import Attendance, AttendanceStatus, Registration, RegistrationStatus
from guerdon.programs.events.service.holders import AccountState, account_state

SHOWN_MAX = 200

GuestSelect = Select[UUID, str, str, RegistrationStatus, Attendance]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is expected, or has come.

    Attributes:
        account: whether they can be let in at all.
    """

    user_id: UUID
    name: str
    account: AccountState
    status: RegistrationStatus
    attendance: Attendance | None


def at_the_door(session: Session, event_id: UUID, *, search: str = "", limit: int = SHOWN_MAX) -> list[Guest]:
    """Who is expected or has come: those who came last first, then those who are expected, by name.

    Args:
        search: part of a name or address.
    """
    found = _guests(event_id, search).order_by(Attendance.check_in_time.desc().nulls_last(), User.name, User.id)
    return _all(session, found.limit(limit))


def who_came(
    session: Session, event_id: UUID, *, besides: UUID, search: str = "", limit: int = SHOWN_MAX
) -> list[Guest]:
    """Who has come, by name, of those whose accounts are not closed: nothing can be recorded of the others.

    Args:
        besides: who is left out, because nobody enters their own.
        search: part of a name or address.
    """
    found = _guests(event_id, search).where(
        Registration.status == RegistrationStatus.ATTENDED, User.id != besides, User.deleted_at.is_(None)
    )
    return _all(session, found.order_by(User.name, User.id).limit(limit))


def _guests(event_id: UUID, search: str) -> GuestSelect:
    query: GuestSelect = (
        select(Registration.user_id, User.name, account_state(), Registration.status, Attendance)
        .join(User, User.id == Registration.user_id)
        .outerjoin(
            Attendance,
            (Attendance.registration_id == Registration.id) & (Attendance.status == AttendanceStatus.ATTENDED),
        )
        .where(
            Registration.event_id == event_id,
            Registration.status.in_((RegistrationStatus.REGISTERED, RegistrationStatus.ATTENDED)),
        )
    )
    if words := search.strip():
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(or_(User.name.ilike(pattern), User.email.ilike(pattern)))
    return query


def _all(session: Session, query: GuestSelect) -> list[Guest]:
    return [
        Guest(user_id, name, AccountState(account), status, attendance)
        for user_id, name, account, status, attendance in session.execute(query)
    ]
