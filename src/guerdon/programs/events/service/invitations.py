"""Who brought whom: a member's own link, and what becomes of it when somebody comes for the first time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.identity.models import User
from guerdon.programs.events.evening_errors import (
    InvitationNotFoundError,
    InvitedAlreadyError,
    InvitedByThemError,
    NotNewError,
    OwnInvitationError,
)
from guerdon.programs.events.models import Attendance, AttendanceStatus, Invitation, InvitationLink
from guerdon.programs.events.seeds import BROUGHT
from guerdon.programs.events.service.facts import Told, fact, told_under
from guerdon.programs.events.service.tickets import new_number, plain_number

# Asked for everybody who comes in, so it is put together once.
_WAITING = (
    select(Invitation)
    .where(Invitation.invitee_id == bindparam("invitee_id"), Invitation.attended_at.is_(None))
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class Inviter:
    """Whose link it is."""

    user_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody whom a member invited, and whether they came."""

    invitation: Invitation
    name: str


def link_of(session: Session, clock: Clock, user_id: UUID) -> InvitationLink:
    """A member's own link; made when it is first asked for, and good for any number of people."""
    session.execute(
        text(
            "INSERT INTO events.invitation_links (user_id, code, created_at) VALUES (:user_id, :code, :now)"
            " ON CONFLICT (user_id) DO NOTHING"
        ),
        {"user_id": user_id, "code": new_number(), "now": clock.now()},
    )
    return session.get_one(InvitationLink, user_id)


def inviter_of(session: Session, code: str) -> Inviter:
    """Whose link a code is.

    Raises:
        InvitationNotFoundError: nobody's.
    """
    found = session.execute(
        text("SELECT user_id, name FROM events.inviter_of(:code)"), {"code": plain_number(code)}
    ).one_or_none()
    if found is None:
        raise InvitationNotFoundError(field="code")
    return Inviter(found.user_id, found.name)


def accept(session: Session, clock: Clock, user_id: UUID, code: str) -> Invitation:
    """Say who invited one, before one's first event.

    Raises:
        InvitationNotFoundError: the code is nobody's.
        OwnInvitationError: one's own.
        NotNewError: one has been to an event.
        InvitedAlreadyError: somebody else's invitation was accepted before; the first one counts.
        InvitedByThemError: one invited the inviter oneself.
    """
    inviter = inviter_of(session, code)
    if inviter.user_id == user_id:
        raise OwnInvitationError(field="code")
    if _came(session, user_id):
        raise NotNewError
    session.execute(
        text(
            "INSERT INTO events.invitations (id, inviter_id, invitee_id, invited_at)"
            " VALUES (uuidv7(), :inviter_id, :user_id, :now) ON CONFLICT (invitee_id) DO NOTHING"
        ),
        {"inviter_id": inviter.user_id, "user_id": user_id, "now": clock.now()},
    )
    stands = session.scalars(select(Invitation).where(Invitation.invitee_id == user_id)).one()
    if stands.inviter_id != inviter.user_id:
        raise InvitedAlreadyError
    if session.scalars(
        select(Invitation.id).where(Invitation.inviter_id == user_id, Invitation.invitee_id == inviter.user_id)
    ).first():
        raise InvitedByThemError
    return stands


def invited_by(session: Session, user_id: UUID) -> list[Invited]:
    """Whom a member invited, the latest first."""
    rows = session.execute(
        select(Invitation, User.name)
        .join(User, User.id == Invitation.invitee_id)
        .where(Invitation.inviter_id == user_id)
        .order_by(Invitation.invited_at.desc(), Invitation.id.desc())
    )
    return [Invited(invitation, name) for invitation, name in rows]


def first_attended(session: Session, clock: Clock, attendance: Attendance) -> list[Fact]:
    """If somebody was invited and has come for the first time: the fact that speaks for the one who invited them."""
    invitation = session.scalars(_WAITING, {"invitee_id": attendance.user_id}).one_or_none()
    if invitation is None or _came(session, attendance.user_id, besides=attendance.id):
        return []
    invitation.attended_at = clock.now()
    invitation.attendance_id = attendance.id
    return _brought(session, invitation, attendance, clock.now())


def no_longer_attended(session: Session, attendance: Attendance) -> tuple[list[Told], list[Fact]]:
    """If an attendance that was taken back had counted for an inviter: what was told of it, and what to tell instead.

    Whoever came to another event has come all the same; the first one that stands takes its place.
    """
    invitation = session.scalars(
        select(Invitation).where(Invitation.attendance_id == attendance.id).with_for_update()
    ).one_or_none()
    if invitation is None:
        return [], []
    told = told_under(session, invitation.inviter_id, BROUGHT, attendance.id)
    other = session.scalars(
        select(Attendance)
        .where(Attendance.user_id == attendance.user_id, Attendance.status == AttendanceStatus.ATTENDED)
        .order_by(Attendance.check_in_time, Attendance.id)
        .limit(1)
    ).one_or_none()
    if other is None:
        invitation.attended_at = invitation.attendance_id = None
        return [told], []
    invitation.attended_at, invitation.attendance_id = other.check_in_time, other.id
    return [told], _brought(session, invitation, other, other.check_in_time)


def _brought(session: Session, invitation: Invitation, attendance: Attendance, happened_at: datetime) -> list[Fact]:
    """What speaks for the inviter; nothing if they have left meanwhile, which holds back nobody whom they invited."""
    left = select(User.id).where(User.id == invitation.inviter_id, User.deleted_at.is_not(None))
    if session.scalars(left).first() is not None:
        return []
    return [fact(BROUGHT, invitation.inviter_id, attendance.id, happened_at, event_id=attendance.event_id)]


def _came(session: Session, user_id: UUID, *, besides: UUID | None = None) -> bool:
    held = select(Attendance.id).where(
        Attendance.user_id == user_id, Attendance.status == AttendanceStatus.ATTENDED, Attendance.id != besides
    )
    return session.scalars(held.limit(1)).first() is not None
