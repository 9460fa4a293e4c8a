"""Connections: two people who met at an event and both say so.

One asks, by the other's code or from the list of who was there; the other agrees or declines. Both must have attended
the event. Whoever blocks somebody is never asked by them again, and neither sees the other in lists; the one who is
blocked is told no more than that it cannot be done.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, text
from sqlalchemy.orm import Session, aliased

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.activities.schemas import Outcome
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.programs.events.evening_errors import (
    ConnectedAlreadyError,
    ConnectionNotFoundError,
    MeetingCodeUnknownError,
    NotBothThereError,
    OwnConnectionError,
)
from guerdon.programs.events.models import Attendance, AttendanceStatus, Connection, ConnectionBlock, ConnectionStatus
from guerdon.programs.events.models import Event as EventRow
from guerdon.programs.events.seeds import CONNECTED
from guerdon.programs.events.service.facts import fact, tell
from guerdon.programs.events.service.tickets import code_of_digest, plain_number

CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Fellow:
    """Somebody who attended the same event.

    Attributes:
        listed: whether they may be shown in a list.
    """

    user_id: UUID
    attendance_id: UUID
    name: str
    listed: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A connection as one side sees it.

    Attributes:
        incoming: the other one asked.
    """

    connection: Connection
    other_id: UUID
    name: str
    event_title: str
    incoming: bool


class MeetingCodes:
    """The codes that attendees show each other: eight characters for each attendance, made from it and kept nowhere.

    Args:
        key: of this installation, for this purpose alone.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def code(self, attendance_id: UUID) -> str:
        """The code of an attendance."""
        return code_of_digest(hmac.digest(self._key, attendance_id.bytes, sha256), CODE_LENGTH)

    def find(self, fellows: Sequence[Fellow], typed: str) -> Fellow:
        """Whose code it is.

        Raises:
            MeetingCodeUnknownError: nobody's among them.
        """
        wanted = plain_number(typed).encode()
        found = [each for each in fellows if hmac.compare_digest(self.code(each.attendance_id).encode(), wanted)]
        if not found:
            raise MeetingCodeUnknownError(field="code")
        return found[0]


def own_attendance(session: Session, event_id: UUID, user_id: UUID) -> Attendance:
    """The member's own attendance of an event.

    Raises:
        NotBothThereError: they were not there.
    """
    found = session.scalars(
        select(Attendance).where(
            Attendance.event_id == event_id,
            Attendance.user_id == user_id,
            Attendance.status == AttendanceStatus.ATTENDED,
        )
    ).one_or_none()
    if found is None:
        raise NotBothThereError
    return found


def fellows(session: Session, event_id: UUID, user_id: UUID) -> list[Fellow]:
    """Who else attended an event that the member attended, by name; nobody if they did not."""
    rows = session.execute(
        text("SELECT * FROM events.fellow_attendees(:event_id, :user_id) ORDER BY name, user_id"),
        {"event_id": event_id, "user_id": user_id},
    )
    return [Fellow(row.user_id, row.attendance_id, row.name, row.listed) for row in rows]


def request(
    session: Session, clock: Clock, event_id: UUID, user_id: UUID, other: UUID, *, by_code: bool = False
) -> Connection:
    """Ask another attendee to connect. Whoever was asked by them already agrees with this.

    Args:
        by_code: they showed their code; else they have to stand in the list.

    Raises:
        OwnConnectionError: with oneself.
        NotBothThereError: one of the two was not at the event, keeps out of the list, or has blocked the other.
        ConnectedAlreadyError: they are connected, or the question is open.
    """
    if other == user_id:
        raise OwnConnectionError(field="user_id")
    own = own_attendance(session, event_id, user_id)
    fellow = next((each for each in fellows(session, event_id, user_id) if each.user_id == other), None)
    if fellow is None:
        raise NotBothThereError
    if not by_code and not fellow.listed:
        return _agreed_with(session, clock, user_id, other)
    made = session.execute(
        text(
            "INSERT INTO events.connections (id, event_id, requester_id, addressee_id, requester_attendance_id,"
            " addressee_attendance_id, status, requested_at)"
            " VALUES (uuidv7(), :event_id, :user_id, :other, :own, :theirs, 'requested', :now)"
            " ON CONFLICT (least(requester_id, addressee_id), greatest(requester_id, addressee_id))"
            " WHERE status <> 'declined' DO NOTHING RETURNING id"
        ),
        {
            "event_id": event_id,
            "user_id": user_id,
            "other": other,
            "own": own.id,
            "theirs": fellow.attendance_id,
            "now": clock.now(),
        },
    ).scalar_one_or_none()
    if made is not None:
        return session.get_one(Connection, made)
    stands = _between(session, user_id, other)
    if stands.status is ConnectionStatus.REQUESTED and stands.addressee_id == user_id:
        agree(session, clock, stands.id, user_id)
        return stands
    raise ConnectedAlreadyError


def _agreed_with(session: Session, clock: Clock, user_id: UUID, other: UUID) -> Connection:
    """The connection with somebody who is in no list: made if they asked, and otherwise they were never there."""
    stands = session.scalars(
        select(Connection).where(
            Connection.requester_id == other,
            Connection.addressee_id == user_id,
            Connection.status == ConnectionStatus.REQUESTED,
        )
    ).one_or_none()
    if stands is None:
        raise NotBothThereError
    agree(session, clock, stands.id, user_id)
    return stands


def agree(session: Session, clock: Clock, connection_id: UUID, user_id: UUID) -> list[Outcome]:
    """Agree to a request: both are connected, and both earn what that is worth.

    The caller's transaction has to reach both members' rows (``act_as_staff``).

    Raises:
        ConnectionNotFoundError: no open request to this member.
    """
    connection = _asked(session, connection_id, user_id)
    connection.status = ConnectionStatus.AGREED
    connection.answered_at = clock.now()
    session.flush()
    pair = (connection.requester_id, connection.addressee_id)
    facts = [fact(CONNECTED, each, connection.id, clock.now(), event_id=connection.event_id) for each in pair]
    return tell(session, clock, facts)


def decline(session: Session, clock: Clock, connection_id: UUID, user_id: UUID) -> Connection:
    """Decline a request, or take back one's own while it is open.

    Raises:
        ConnectionNotFoundError: no open request of or to this member.
    """
    connection = _asked(session, connection_id, user_id, or_own=True)
    connection.status = ConnectionStatus.DECLINED
    connection.answered_at = clock.now()
    session.flush()
    return connection


def block(session: Session, clock: Clock, user_id: UUID, other: UUID) -> None:
    """Want nothing to do with somebody: open requests between the two end, and none can be made.

    Raises:
        OwnConnectionError: oneself.
        NotFoundError: there is no such account.
    """
    if other == user_id:
        raise OwnConnectionError(field="user_id")
    get_account(session, other)
    session.execute(
        text(
            "INSERT INTO events.connection_blocks (blocker_id, blocked_id, created_at) VALUES (:user_id, :other, :now)"
            " ON CONFLICT DO NOTHING"
        ),
        {"user_id": user_id, "other": other, "now": clock.now()},
    )
    for connection in session.scalars(
        select(Connection)
        .where(_pair(user_id, other), Connection.status == ConnectionStatus.REQUESTED)
        .with_for_update()
    ):
        connection.status = ConnectionStatus.DECLINED
        connection.answered_at = clock.now()
    session.flush()


def unblock(session: Session, user_id: UUID, other: UUID) -> None:
    """Lift a block; nothing happens if there is none."""
    session.execute(
        delete(ConnectionBlock).where(ConnectionBlock.blocker_id == user_id, ConnectionBlock.blocked_id == other)
    )


def blocked_by(session: Session, user_id: UUID) -> list[tuple[UUID, str]]:
    """Whom a member has blocked, by name."""
    rows = session.execute(
        select(User.id, User.name)
        .join(ConnectionBlock, ConnectionBlock.blocked_id == User.id)
        .where(ConnectionBlock.blocker_id == user_id)
        .order_by(User.name)
    )
    return [(row.id, row.name) for row in rows]


def known(session: Session, user_id: UUID) -> list[Known]:
    """A member's connections and open requests, the latest first; those with people whom they blocked are left out."""
    requester, addressee = aliased(User), aliased(User)
    blocked = select(ConnectionBlock.blocked_id).where(ConnectionBlock.blocker_id == user_id)
    rows = session.execute(
        select(Connection, requester.name, addressee.name, EventRow.title)
        .join(requester, requester.id == Connection.requester_id)
        .join(addressee, addressee.id == Connection.addressee_id)
        .join(EventRow, EventRow.id == Connection.event_id)
        .where(
            or_(Connection.requester_id == user_id, Connection.addressee_id == user_id),
            Connection.status != ConnectionStatus.DECLINED,
            Connection.requester_id.not_in(blocked),
            Connection.addressee_id.not_in(blocked),
        )
        .order_by(Connection.id.desc())
    )
    found = []
    for connection, asked_by, asked, title in rows:
        incoming = connection.addressee_id == user_id
        other_id = connection.requester_id if incoming else connection.addressee_id
        found.append(Known(connection, other_id, asked_by if incoming else asked, title, incoming))
    return found


def _asked(session: Session, connection_id: UUID, user_id: UUID, *, or_own: bool = False) -> Connection:
    connection = session.scalars(
        select(Connection)
        .where(Connection.id == connection_id, Connection.status == ConnectionStatus.REQUESTED)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    own = connection is not None and or_own and connection.requester_id == user_id
    if connection is None or not (own or connection.addressee_id == user_id):
        raise ConnectionNotFoundError
    return connection


def _between(session: Session, one: UUID, other: UUID) -> Connection:
    return session.scalars(
        select(Connection).where(_pair(one, other), Connection.status != ConnectionStatus.DECLINED)
    ).one()


def _pair(one: UUID, other: UUID) -> ColumnElement[bool]:
    return or_(
        (Connection.requester_id == one) & (Connection.addressee_id == other),
        (Connection.requester_id == other) & (Connection.addressee_id == one),
    )
