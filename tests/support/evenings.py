"""Evenings that take place: published events, members who register, a door with its signer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from guerdon import boot
from guerdon.core.settings import Settings
from guerdon.http.keys import derive_key
from guerdon.programs.events.models import Attendance, Registration
from guerdon.programs.events.service import doors, registering
from guerdon.programs.events.service.passes import pass_of
from guerdon.programs.events.service.tickets import TicketSigner, shown_number

from .events import Hall

SIGNER = TicketSigner(derive_key(b"s" * 40, "events/ticket"))
"""As the test application derives it from its secret."""


class Evenings:
    """What members and staff do at events, one call each in a transaction of its own."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        self.clock = hall.clock

    def event(
        self,
        *,
        hours: float = 1,
        event_type: str = "trivia_night",
        capacity: int | None = None,
        points: int | None = None,
        walk_ins: bool = False,
        price_minor: int = 0,
        title: str = "Quiz",
    ) -> UUID:
        """Publish an event that begins so many hours from now and lasts two."""
        start = self.clock.now() + timedelta(hours=hours)
        [(event_id,)] = self.hall.sql(
            "INSERT INTO events (title, event_type, location, start_time, end_time, time_zone, status, published_at,"
            " max_participants, points_reward, walk_ins_allowed, price_minor)"
            " VALUES (%s, %s, 'Hall', %s, %s, 'UTC', 'published', %s, %s, %s, %s, %s) RETURNING id",
            [
                title,
                event_type,
                start,
                start + timedelta(hours=2),
                self.clock.now(),
                capacity,
                points,
                walk_ins,
                price_minor,
            ],
        )
        found: UUID = event_id
        return found

    def register(self, event_id: UUID, user_id: UUID) -> UUID:
        """Register a member."""
        made: Registration = self.hall.do(registering.register, self.clock, user_id, event_id)
        return made.id

    def code(self, registration_id: UUID, holder_id: UUID, *, number: bool = False) -> str:
        """What a member's ticket shows: the code, or the number below it."""
        content = self.hall.do(pass_of, self.clock, registration_id, holder_id=holder_id).content
        return shown_number(content.number) if number else SIGNER.code(content)

    def scan(self, event_id: UUID, code: str, staff_id: UUID) -> doors.Admission:
        """Scan a ticket."""
        found: doors.Admission = self.hall.do(doors.check_in, self.clock, SIGNER, event_id, code, actor_id=staff_id)
        return found

    def attend(self, event_id: UUID, user_id: UUID, staff_id: UUID) -> Attendance:
        """Register and come."""
        registration_id = self.register(event_id, user_id)
        return self.scan(event_id, self.code(registration_id, user_id), staff_id).attendance

    def points(self, user_id: UUID) -> list[tuple[str, int]]:
        """Every change of a member's points, by why, in order."""
        rows = self.hall.sql(
            "SELECT transaction_type, points FROM points_transactions WHERE user_id = %s ORDER BY id", [user_id]
        )
        return [(row[0], int(row[1])) for row in rows]

    def sum(self, user_id: UUID, kind: str | None = None) -> int:
        """A member's points, or those of one kind."""
        return sum(points for each, points in self.points(user_id) if kind in (None, each))

    def move(self, **step: float) -> datetime:
        """Move the clock."""
        self.clock.move(timedelta(**step))
        return self.clock.now()

    def refused(self, error: type[Exception], call: Callable[[], Any]) -> Exception:
        """A call is refused with an error, and nothing has moved."""
        before = self.hall.snapshot()
        with pytest.raises(error) as caught:
            call()
        assert self.hall.snapshot() == before
        return caught.value


@pytest.fixture
def evenings(hall: Hall) -> Evenings:
    """Evenings in the hall, with everybody who follows what is recorded, as the application has them."""
    boot.prepare(Settings(secret_key="s" * 40))
    return Evenings(hall)
