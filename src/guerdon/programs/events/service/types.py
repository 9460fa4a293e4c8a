"""Types of events: what there is, and what attending one is worth."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

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


def listed(session: Session, *, active_only: bool = False) -> Sequence[EventType]:
    """The types in their order."""
    query = select(EventType).order_by(EventType.position, EventType.name)
    if active_only:
        query = query.where(EventType.is_active)
    return session.scalars(query).all()


def install(session: Session) -> None:
    """Put in the first types where there is none yet."""
    if session.scalars(select(EventType.code).limit(1)).first() is None:
        for position, (code, name, points) in enumerate(FIRST_TYPES):
            session.add(EventType(code=code, name=name, default_points=points, position=position))
        session.flush()
