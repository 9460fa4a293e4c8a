"""What check-ins have counted stays: an event with attendance keeps its day and its type."""

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from guerdon.programs.events.errors import EventAttendedError
from guerdon.programs.events.schemas import Repetition, Scope
from guerdon.programs.events.service import changing, doors, making, undoing
from support.evenings import Evenings
from support.events import given


@pytest.fixture
def staff(evenings: Evenings) -> UUID:
    return evenings.hall.person("keeper", "staff")


@pytest.fixture
def heron(evenings: Evenings) -> UUID:
    return evenings.hall.person("heron")


def change(evenings: Evenings, staff: UUID, event_id: UUID, start: datetime, **more: Any) -> None:
    options = {name: more.pop(name) for name in ("scope",) if name in more}
    evenings.hall.do(changing.change, evenings.clock, staff, event_id, given(start, **more), **options)


def test_it_moves_within_its_day_but_not_to_another(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    event_id = evenings.event(hours=1)
    attendance = evenings.attend(event_id, heron, staff)
    now = evenings.clock.now()
    for days in (1, 7):
        later = now + timedelta(days=days)
        error = evenings.refused(EventAttendedError, lambda later=later: change(evenings, staff, event_id, later))
        assert isinstance(error, EventAttendedError)
        assert error.field == "start_time"
    change(evenings, staff, event_id, now + timedelta(hours=2))
    evenings.hall.do(undoing.undo_check_in, evenings.clock, attendance.id, actor_id=staff, reason="Not today")
    change(evenings, staff, event_id, now + timedelta(days=7))


def test_it_keeps_its_type_and_takes_everything_else(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    event_id, start = evenings.event(hours=1), evenings.clock.now() + timedelta(hours=1)
    evenings.attend(event_id, heron, staff)
    evenings.move(hours=1.5)
    error = evenings.refused(EventAttendedError, lambda: change(evenings, staff, event_id, start, event_type="talk"))
    assert isinstance(error, EventAttendedError)
    assert error.field == "event_type"
    change(evenings, staff, event_id, start, title="Quiz night", location="The garden", points_reward=3)


def test_the_day_is_the_community_s(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    evenings.hall.sql("UPDATE engagement.community SET time_zone = 'Pacific/Auckland'")
    midnight = datetime.fromisoformat("2026-03-05T00:00:00+13:00")
    evenings.clock.move(midnight - timedelta(hours=2) - evenings.clock.now())
    event_id = evenings.event(hours=1)
    evenings.attend(event_id, heron, staff)
    evenings.refused(EventAttendedError, lambda: change(evenings, staff, event_id, midnight))
    change(evenings, staff, event_id, midnight - timedelta(minutes=5))


def test_one_of_a_series_holds_back_those_before_it(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    start = evenings.clock.now() + timedelta(hours=3)
    daily = Repetition(weekdays=[1, 2, 3, 4, 5, 6, 7], count=3)
    made = evenings.hall.do(making.create, evenings.clock, staff, given(start), repetition=daily)
    evenings.hall.do(changing.publish, evenings.clock, staff, made[0].id, scope=Scope.FOLLOWING)
    evenings.move(hours=26)
    evenings.attend(made[1].id, heron, staff)
    error = evenings.refused(
        EventAttendedError,
        lambda: change(evenings, staff, made[0].id, start, event_type="talk", scope=Scope.FOLLOWING),
    )
    assert "(2026-03-03)" in str(error)


@pytest.mark.parametrize("turn", range(6))
def test_a_check_in_against_a_move(evenings: Evenings, staff: UUID, heron: UUID, turn: int) -> None:
    event_id, start = evenings.event(hours=1), evenings.clock.now() + timedelta(hours=1)
    code = evenings.code(evenings.register(event_id, heron), heron)
    next_week = start + timedelta(days=7)
    acts = [
        lambda: evenings.scan(event_id, code, staff),
        lambda: change(evenings, staff, event_id, next_week),
        lambda: evenings.hall.do(
            doors.check_in_by_name, evenings.clock, event_id, heron, actor_id=staff, reason="Known here"
        ),
    ]
    ready = threading.Barrier(3)

    def run(act: Any) -> None:
        ready.wait()
        try:
            act()
        except Exception as exc:
            failed.append(exc)

    failed: list[Exception] = []
    threads = [threading.Thread(target=run, args=[acts[(place + turn) % 3]]) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [(begins,)] = evenings.hall.sql("SELECT start_time FROM events")
    [(came,)] = evenings.hall.sql("SELECT count(*) FROM event_attendees")
    assert (begins, came) in [(start, 1), (next_week, 0)], failed
