"""Events as calendars read them: one event as a file, and a member's own as a feed under a secret address."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.programs.events.errors import EventNotFoundError
from guerdon.programs.events.evening_errors import (
    FeedNotFoundError,
)
from guerdon.programs.events.models import CalendarFeed, Event, EventStatus, Registration, RegistrationStatus
from guerdon.programs.events.service.calendars import CalendarEntry, calendar

KEEP_PAST = timedelta(days=366)
"""How far back a feed reaches."""
_SHOWN = (
    RegistrationStatus.REGISTERED,
    RegistrationStatus.ATTENDED,
    RegistrationStatus.WAITING,
    RegistrationStatus.OFFERED,
)
_TENTATIVE = (RegistrationStatus.WAITING, RegistrationStatus.OFFERED)


def new_feed(session: Session, clock: Clock, user_id: UUID) -> str:
    """Make a secret for a member's feed; the former one is worth nothing from now on.

    Returns:
        The secret, which is kept nowhere: it can be shown this once.
    """
    token = secrets.token_urlsafe(24)
    session.execute(
        text(
            "INSERT INTO events.calendar_feeds (user_id, token_hash, created_at) VALUES (:user_id, :hash, :now)"
            " ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, created_at = excluded.created_at"
        ),
        {"user_id": user_id, "hash": _hash(token), "now": clock.now()},
    )
    return token


def feed_of(session: Session, user_id: UUID) -> CalendarFeed | None:
    """Whether, and since when, a member has a feed."""
    return session.get(CalendarFeed, user_id, populate_existing=True)


def revoke_feed(session: Session, user_id: UUID) -> None:
    """Make the address worth nothing."""
    session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == user_id))


def owner_of_feed(session: Session, token: str) -> UUID:
    """Whose feed a secret opens.

    Raises:
        FeedNotFoundError: nobody's, or it was revoked.
    """
    owner: UUID | None = session.scalar(text("SELECT events.feed_owner(:hash)"), {"hash": _hash(token)})
    if owner is None:
        raise FeedNotFoundError
    return owner


def feed(session: Session, clock: Clock, user_id: UUID, *, name: str, base_url: str) -> bytes:
    """A member's calendar: what they are registered for or wait for, and what was cancelled of it by staff."""
    query = (
        select(Event, Registration)
        .join(Registration, Registration.event_id == Event.id)
        .where(
            Registration.user_id == user_id,
            Event.end_time > clock.now() - KEEP_PAST,
            or_(Registration.status.in_(_SHOWN), Event.status == EventStatus.CANCELLED),
        )
        .order_by(Event.start_time, Event.id, Registration.id)
    )
    # Somebody may have registered twice for an event that was cancelled; it is one event.
    entries = {
        event.id: entry_of(event, base_url, tentative=registration.status in _TENTATIVE)
        for event, registration in session.execute(query)
    }
    return calendar(entries.values(), name=name, subscribed=True)


def one_event(session: Session, event_id: UUID, *, base_url: str) -> bytes:
    """One event as a file.

    Raises:
        EventNotFoundError: there is none, or it is not published yet.
    """
    event = session.get(Event, event_id)
    if event is None or event.status is EventStatus.DRAFT or event.published_at is None:
        raise EventNotFoundError
    return calendar([entry_of(event, base_url)], name=event.title, subscribed=False)


def entry_of(event: Event, base_url: str, *, tentative: bool = False) -> CalendarEntry:
    """An event as a calendar shows it; its revision is the sequence."""
    cancelled = event.status is EventStatus.CANCELLED
    description = "\n\n".join(filter(None, (event.description, event.map_url)))
    return CalendarEntry(
        event_id=event.id,
        title=event.title,
        description=description,
        place=event.location,
        start=event.start_time,
        end=event.end_time,
        zone=event.time_zone,
        sequence=event.revision,
        changed_at=max(filter(None, (event.updated_at, event.cancelled_at))),
        cancelled=cancelled,
        tentative=tentative,
        url=f"{base_url}/events/{event.id}",
    )


def tag_of(content: bytes) -> str:
    """An entity tag, so that a reader who has it already gets nothing sent."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def matches(tag: str, sent: str | None) -> bool:
    """Whether an ``If-None-Match`` header names the tag."""
    offered: Iterable[str] = (each.strip().removeprefix("W/") for each in (sent or "").split(","))
    return tag in offered


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
