"""Calendars of members: what stands in them, and who can open them."""

from datetime import timedelta
from uuid import UUID

import pytest
import vobject

from guerdon.programs.events.errors import EventNotFoundError
from guerdon.programs.events.evening_errors import FeedNotFoundError
from guerdon.programs.events.service import feeds
from support.events import Hall

BASE = "https://rewards.example.org"


def event(hall: Hall, title: str, *, days: int = 3, status: str = "published", capacity: int | None = None) -> UUID:
    start = hall.clock.now() + timedelta(days=days)
    [(event_id,)] = hall.sql(
        "INSERT INTO events (title, event_type, location, start_time, end_time, time_zone, status, published_at,"
        " max_participants) VALUES (%s, 'talk', 'Hall', %s, %s, 'Africa/Dakar', %s, now(), %s) RETURNING id",
        [title, start, start + timedelta(hours=2), status, capacity],
    )
    return event_id


def register(hall: Hall, event_id: UUID, user_id: UUID, status: str = "registered") -> None:
    hall.sql("INSERT INTO registrations (event_id, user_id, status) VALUES (%s, %s, %s)", [event_id, user_id, status])


def read(hall: Hall, user_id: UUID) -> dict[str, str]:
    content = hall.do(feeds.feed, hall.clock, user_id, name="Guerdon", base_url=BASE)
    calendar = vobject.readOne(content.decode())
    return {each.summary.value: each.status.value for each in calendar.contents.get("vevent", [])}


def test_a_feed_shows_what_is_one_s_own(hall: Hall):
    heron, ibis = hall.person("heron"), hall.person("ibis")
    coming, waiting, left, off = (event(hall, title) for title in ("Coming", "Waiting", "Left", "Called off"))
    register(hall, coming, heron)
    register(hall, waiting, heron, "waiting")
    for each in (left, off):
        register(hall, each, heron)
    register(hall, event(hall, "Somebody else's"), ibis)
    old = event(hall, "Long ago", days=-400)
    register(hall, old, heron)
    hall.sql("UPDATE registrations SET status = 'cancelled', cancelled_at = now() WHERE event_id = %s", [left])
    hall.sql(
        "UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain', revision = 2"
        " WHERE id = %s",
        [off],
    )
    assert read(hall, heron) == {"Coming": "CONFIRMED", "Waiting": "TENTATIVE", "Called off": "CANCELLED"}


def test_one_event_is_a_file_unless_it_is_a_draft(hall: Hall):
    content = hall.do(feeds.one_event, event(hall, "Talk"), base_url=BASE)
    assert vobject.readOne(content.decode()).vevent.summary.value == "Talk"
    for event_id in (event(hall, "Draft", status="draft"), UUID(int=1)):
        with pytest.raises(EventNotFoundError):
            hall.do(feeds.one_event, event_id, base_url=BASE)


def test_an_address_opens_one_feed_until_it_is_replaced_or_revoked(hall: Hall):
    heron = hall.person("heron")
    first = hall.do(feeds.new_feed, hall.clock, heron)
    assert hall.do(feeds.owner_of_feed, first) == heron
    second = hall.do(feeds.new_feed, hall.clock, heron)
    assert hall.do(feeds.owner_of_feed, second) == heron
    assert first not in str(hall.sql("SELECT * FROM calendar_feeds"))  # its hash is kept, not the secret
    hall.do(feeds.revoke_feed, heron)
    for token in (first, second, "", "x" * 10_000):
        with pytest.raises(FeedNotFoundError):
            hall.do(feeds.owner_of_feed, token)
    assert hall.sql("SELECT count(*) FROM calendar_feeds") == [(0,)]
