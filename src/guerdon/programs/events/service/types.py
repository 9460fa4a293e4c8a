"""Types of events: what there is, and what attending one is worth."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from guerdon.core.texts import is_blank, one_line
from guerdon.kernel.acts import Act, announce
from guerdon.programs.events.errors import (
    BlankError,
    EventTypeNotFoundError,
    TypeCodeError,
    TypeInUseError,
    TypeKnownError,
)
from guerdon.programs.events.models import EventType
from guerdon.web.i18n import msgid

FIRST_TYPES = (
    ("trivia_night", msgid("Trivia night"), 10),
    ("social", msgid("Social evening"), 10),
    ("workshop", msgid("Workshop"), 15),
    ("outdoors", msgid("Outdoors"), 15),
    ("talk", msgid("Talk"), 10),
    ("volunteering", msgid("Volunteering"), 20),
)
"""Code, name and points of the types that are there at first."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)


def listed(session: Session, *, active_only: bool = False) -> Sequence[EventType]:
    """The types in their order."""
    query = select(EventType).order_by(EventType.position, EventType.name)
    if active_only:
        query = query.where(EventType.is_active)
    return session.scalars(query).all()


def add(session: Session, actor_id: UUID, *, code: str, name: str, default_points: int) -> EventType:
    """Add a type, after the others.

    Raises:
        TypeCodeError, BlankError: the code, the name.
        TypeKnownError: there is one of that code.
    """
    if not _CODE.fullmatch(code):
        raise TypeCodeError(field="code")
    name = _checked(name)
    last = session.scalar(select(func.max(EventType.position)))
    made = EventType(code=code, name=name, default_points=default_points, position=(last or 0) + 1)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as exc:
        raise TypeKnownError(field="code", type=code) from exc
    _put_on_record(session, "added", made, actor_id)
    return made


def change(
    session: Session, actor_id: UUID, code: str, *, name: str, default_points: int, position: int, is_active: bool
) -> EventType:
    """Change a type. Events that leave their points to the type are worth the new number from now on; who attended
    keeps what they got.

    Raises:
        EventTypeNotFoundError: there is none of that code.
        BlankError: the name.
    """
    found = session.scalars(select(EventType).where(EventType.code == code).with_for_update()).one_or_none()
    if found is None:
        raise EventTypeNotFoundError
    old, name = _told(found), _checked(name)
    found.name, found.default_points, found.position, found.is_active = name, default_points, position, is_active
    session.flush()
    _put_on_record(session, "changed", found, actor_id, old)
    return found


def remove(session: Session, actor_id: UUID, code: str) -> None:
    """Take away a type that no event has.

    Raises:
        EventTypeNotFoundError, TypeInUseError: there is none, or events have it.
    """
    found = session.get(EventType, code)
    if found is None:
        raise EventTypeNotFoundError
    try:
        with session.begin_nested():
            session.delete(found)
            session.flush()
    except IntegrityError as exc:
        raise TypeInUseError from exc
    _put_on_record(session, "removed", found, actor_id)


def install(session: Session) -> None:
    """Put in the first types where there is none yet."""
    if session.scalars(select(EventType.code).limit(1)).first() is None:
        for position, (code, name, points) in enumerate(FIRST_TYPES):
            session.add(EventType(code=code, name=name, default_points=points, position=position))
        session.flush()


def _checked(name: str) -> str:
    if is_blank(name):
        raise BlankError(field="name")
    return one_line(name)


def _told(each: EventType) -> dict[str, object]:
    return {
        "code": each.code,
        "name": each.name,
        "default_points": each.default_points,
        "position": each.position,
        "is_active": each.is_active,
    }


def _put_on_record(
    session: Session, what: str, each: EventType, actor_id: UUID, old: dict[str, object] | None = None
) -> None:
    new = None if what == "removed" else _told(each)
    before = _told(each) if what == "removed" else old
    announce(session, Act(f"events.type_{what}", "event_type", actor_id=actor_id, old=before, new=new))
