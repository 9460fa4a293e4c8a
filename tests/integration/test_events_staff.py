"""Making, changing, publishing, cancelling and copying events; what cannot be is refused field by field."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.programs.events.errors import (
    BlankError,
    CancellationReasonError,
    CapacityBelowTakenError,
    EventChangedError,
    EventNotFoundError,
    EventStateError,
    InThePastError,
    NoOccurrenceError,
    NotInASeriesError,
    SeriesEndError,
    TooFarAheadError,
    TooManyOccurrencesError,
    TypeCodeError,
    TypeInUseError,
    TypeKnownError,
)
from guerdon.programs.events.models import Event, EventStatus
from guerdon.programs.events.schemas import Filters, Repetition, Scope
from guerdon.programs.events.service import changing, making, reading, types
from support.events import Hall, given


@pytest.fixture
def staff(hall: Hall) -> UUID:
    return hall.person("zoe", "staff")


def refused(
    hall: Hall, error: type[GuerdonError], call: Callable[..., Any], *args: Any, **options: Any
) -> GuerdonError:
    """It raises, and nothing is different afterwards."""
    before = hall.snapshot()
    with pytest.raises(error) as caught:
        hall.do(call, *args, **options)
    assert hall.snapshot() == before
    return caught.value


def weekly(**more: Any) -> Repetition:
    return Repetition.model_validate({"weekdays": [1], "count": 4, **more})


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("change", "fields"),
        [
            ({"end_time": datetime(2026, 1, 1, tzinfo=UTC)}, {"end_time": "end-before-start"}),
            ({"time_zone": "Mars/Olympus"}, {"time_zone": "time-zone-unknown"}),
            ({"time_zone": "localtime"}, {"time_zone": "time-zone-unknown"}),
            ({"time_zone": "posixrules"}, {"time_zone": "time-zone-unknown"}),
            ({"time_zone": "right/Europe/Paris"}, {"time_zone": "time-zone-unknown"}),
            ({"time_zone": "../../etc/passwd"}, {"time_zone": "time-zone-unknown"}),
            ({"event_type": "coronation"}, {"event_type": "event-type-unknown"}),
            ({"price": "1.005"}, {"price": "price-invalid"}),
            ({"price": "1.50", "currency": "XOF"}, {"price": "price-invalid"}),
            ({"price": "99999999999999"}, {"price": "price-invalid"}),
            ({"currency": "ZZZ"}, {"currency": "event-currency-unknown"}),
            ({"map_url": "javascript:alert(1)"}, {"map_url": "map-link-invalid"}),
            ({"map_url": "https://"}, {"map_url": "map-link-invalid"}),
            ({"map_url": "https://maps.example.org:99999/"}, {"map_url": "map-link-invalid"}),
            ({"map_url": "https://maps.example.org/\na"}, {"map_url": "map-link-invalid"}),
            ({"title": " "}, {"title": "blank"}),
            ({"title": "\u200b\u200d"}, {"title": "blank"}),
            ({"location": "\u3164"}, {"location": "blank"}),
            (
                {"title": " ", "currency": "ZZZ", "event_type": "coronation"},
                {"title": "blank", "currency": "event-currency-unknown", "event_type": "event-type-unknown"},
            ),
        ],
    )
    def test_every_field_at_fault_is_named(
        self, hall: Hall, staff: UUID, change: dict[str, Any], fields: dict[str, str]
    ) -> None:
        error = refused(hall, FieldErrors, making.create, hall.clock, staff, given(hall.soon(), **change))
        assert isinstance(error, FieldErrors)
        assert {each.field: each.code for each in error.errors} == fields

    @pytest.mark.parametrize("days", [-1, 0, 366 * 6])
    def test_a_start_in_the_past_or_years_ahead(self, hall: Hall, staff: UUID, days: int) -> None:
        error = refused(hall, FieldErrors, making.create, hall.clock, staff, given(hall.soon(days)))
        assert isinstance(error, FieldErrors)
        assert [each.field for each in error.errors] == ["start_time"]

    def test_a_link_begun_with_a_capital_and_a_title_of_two_lines_are_put_right(self, hall: Hall, staff: UUID) -> None:
        made = hall.draft(
            staff, map_url="Https://Maps.example.org/A", title="Trivia\r\nnight\t", location=" The hall\n"
        )
        assert made.map_url == "https://Maps.example.org/A"
        assert (made.title, made.location) == ("Trivia night", "The hall")

    def test_longer_than_a_month(self, hall: Hall, staff: UUID) -> None:
        wanted = given(hall.soon(), end_time=hall.soon(40))
        error = refused(hall, FieldErrors, making.create, hall.clock, staff, wanted)
        assert isinstance(error, FieldErrors)
        assert [each.code for each in error.errors] == ["event-too-long"]

    def test_a_time_that_the_clocks_skip(self, hall: Hall, staff: UUID) -> None:
        skipped = datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001 - a time of day in the event's zone
        wanted = given(skipped, time_zone="Europe/Paris")
        error = refused(hall, FieldErrors, making.create, hall.clock, staff, wanted)
        assert isinstance(error, FieldErrors)
        assert [each.code for each in error.errors] == ["no-such-time"]

    def test_a_time_of_day_is_the_zones(self, hall: Hall, staff: UUID) -> None:
        evening = datetime(2026, 7, 1, 19, 0)  # noqa: DTZ001 - a time of day in the event's zone
        made = hall.draft(staff, start_time=evening, time_zone="Europe/Paris")
        assert made.start_time == datetime(2026, 7, 1, 17, 0, tzinfo=UTC)


class TestSeries:
    def make(self, hall: Hall, staff: UUID, repetition: Repetition, **more: Any) -> list[Event]:
        evening = datetime(2026, 10, 12, 19, 0)  # noqa: DTZ001 - a time of day in the event's zone
        found = given(evening, time_zone="Europe/Paris", **more)
        made: list[Event] = hall.do(making.create, hall.clock, staff, found, repetition=repetition)
        return made

    def test_weekly_at_the_same_time_of_day_whatever_the_clocks_do(self, hall: Hall, staff: UUID) -> None:
        made = self.make(hall, staff, weekly())
        assert [each.occurrence for each in made] == [date(2026, 10, day) for day in (12, 19, 26)] + [date(2026, 11, 2)]
        assert [each.start_time.hour for each in made] == [17, 17, 18, 18]
        assert {each.end_time - each.start_time for each in made} == {timedelta(hours=2)}

    def test_exceptions_and_every_second_week(self, hall: Hall, staff: UUID) -> None:
        repetition = weekly(
            interval_weeks=2, weekdays=[1, 3], count=None, ends_on="2026-11-15", exceptions=["2026-10-26"]
        )
        made = self.make(hall, staff, repetition)
        assert [str(each.occurrence) for each in made] == [
            "2026-10-12",
            "2026-10-14",
            "2026-10-28",
            "2026-11-09",
            "2026-11-11",
        ]

    @pytest.mark.parametrize(
        ("repetition", "error"),
        [
            ({"count": None}, SeriesEndError),
            ({"ends_on": "2026-12-01"}, SeriesEndError),
            ({"count": None, "ends_on": "2026-10-01"}, SeriesEndError),
            ({"weekdays": [2], "count": None, "ends_on": "2026-10-12"}, NoOccurrenceError),
            ({"weekdays": [1, 2, 3, 4, 5], "count": None, "ends_on": "2027-12-31"}, TooManyOccurrencesError),
            ({"interval_weeks": 52, "count": 20}, TooFarAheadError),
        ],
    )
    def test_repetitions_that_cannot_be(
        self, hall: Hall, staff: UUID, repetition: dict[str, Any], error: type[GuerdonError]
    ) -> None:
        wanted = given(datetime(2026, 10, 12, 19, 0, tzinfo=UTC))
        refused(hall, error, making.create, hall.clock, staff, wanted, repetition=weekly(**repetition))

    def test_one_or_all_that_follow(self, hall: Hall, staff: UUID) -> None:
        made = self.make(hall, staff, weekly())
        hall.do(changing.publish, hall.clock, staff, made[0].id, scope=Scope.FOLLOWING)
        moved = made[1].start_time + timedelta(hours=1)
        wanted = given(moved, time_zone="Europe/Paris", title="Quiz", max_participants=20)
        hall.do(changing.change, hall.clock, staff, made[1].id, wanted)
        assert self.titles(hall) == ["Trivia night", "Quiz", "Trivia night", "Trivia night"]
        wanted = given(made[2].start_time + timedelta(hours=2), time_zone="Europe/Paris", title="Late quiz")
        hall.do(changing.change, hall.clock, staff, made[2].id, wanted, scope=Scope.FOLLOWING)
        assert self.titles(hall) == ["Trivia night", "Quiz", "Late quiz", "Late quiz"]
        starts = hall.sql("SELECT extract(hour FROM start_time)::int FROM events ORDER BY start_time")
        assert starts == [(17,), (18,), (20,), (20,)]
        hall.do(changing.cancel, hall.clock, staff, made[3].id, reason="Holiday")
        hall.do(changing.cancel, hall.clock, staff, made[1].id, reason="No hall", scope=Scope.FOLLOWING)
        rows = hall.sql("SELECT status, cancellation_reason FROM events ORDER BY start_time")
        assert rows == [("published", None), *[("cancelled", "No hall")] * 2, ("cancelled", "Holiday")]

    def titles(self, hall: Hall) -> list[str]:
        return [row[0] for row in hall.sql("SELECT title FROM events ORDER BY start_time")]

    def test_a_capacity_that_one_of_them_cannot_have_changes_none(self, hall: Hall, staff: UUID) -> None:
        made = self.make(hall, staff, weekly())
        hall.do(changing.publish, hall.clock, staff, made[0].id, scope=Scope.FOLLOWING)
        for name in ("awa", "badu"):
            hall.register(hall.person(name), made[2].id)
        wanted = given(made[0].start_time, max_participants=1, time_zone="Europe/Paris")
        options = {"scope": Scope.FOLLOWING}
        error = refused(
            hall, CapacityBelowTakenError, changing.change, hall.clock, staff, made[0].id, wanted, **options
        )
        assert "2026-10-26" in str(error)

    def test_what_stands_alone_has_nothing_that_follows(self, hall: Hall, staff: UUID) -> None:
        alone = hall.event(staff)
        wanted = given(hall.soon())
        refused(hall, NotInASeriesError, changing.change, hall.clock, staff, alone, wanted, scope=Scope.FOLLOWING)
        refused(hall, NotInASeriesError, changing.cancel, hall.clock, staff, alone, reason="x", scope=Scope.FOLLOWING)


class TestChanging:
    def test_a_change_is_on_record_and_told(self, hall: Hall, staff: UUID) -> None:
        awa, quiz = hall.person("awa"), hall.event(staff)
        hall.register(awa, quiz)
        hall.do(changing.change, hall.clock, staff, quiz, given(hall.soon(), description="Bring a pen"))
        assert hall.told(awa) == ["registered"]
        hall.do(changing.change, hall.clock, staff, quiz, given(hall.soon(), location="The garden"))
        assert hall.told(awa) == ["registered", "moved"]
        rows = hall.sql(
            "SELECT old_values, new_values FROM admin.audit_logs WHERE action = 'events.event_changed' ORDER BY id"
        )
        assert rows[-1] == ({"location": "The hall"}, {"location": "The garden"})

    def test_what_somebody_else_changed_meanwhile(self, hall: Hall, staff: UUID) -> None:
        quiz = hall.event(staff)
        seen = hall.do(reading.get, quiz).revision
        hall.do(changing.change, hall.clock, staff, quiz, given(hall.soon(), title="Quiz"), revision=seen)
        wanted = given(hall.soon(), title="Quiz night")
        refused(hall, EventChangedError, changing.change, hall.clock, staff, quiz, wanted, revision=seen)

    def test_what_is_cancelled_or_not_there(self, hall: Hall, staff: UUID) -> None:
        quiz = hall.event(staff)
        hall.do(changing.cancel, hall.clock, staff, quiz, reason="Rain")
        refused(hall, EventStateError, changing.change, hall.clock, staff, quiz, given(hall.soon()))
        refused(hall, EventStateError, changing.cancel, hall.clock, staff, quiz, reason="Again")
        refused(hall, EventStateError, changing.publish, hall.clock, staff, quiz)
        refused(hall, EventStateError, changing.discard, staff, quiz)
        refused(hall, EventNotFoundError, changing.change, hall.clock, staff, uuid4(), given(hall.soon()))

    def test_a_capacity_below_who_is_registered(self, hall: Hall, staff: UUID) -> None:
        quiz = hall.event(staff, max_participants=3)
        for name in ("awa", "badu"):
            hall.register(hall.person(name), quiz)
        wanted = given(hall.soon(), max_participants=1)
        error = refused(hall, CapacityBelowTakenError, changing.change, hall.clock, staff, quiz, wanted)
        assert error.field == "max_participants"
        hall.do(changing.change, hall.clock, staff, quiz, given(hall.soon(), max_participants=2))

    def test_a_draft_that_has_become_past(self, hall: Hall, staff: UUID) -> None:
        draft = hall.draft(staff).id
        hall.clock.move(timedelta(days=8))
        refused(hall, InThePastError, changing.publish, hall.clock, staff, draft)
        hall.do(changing.discard, staff, draft)
        assert hall.sql("SELECT count(*) FROM events") == [(0,)]

    def test_a_past_event_may_be_described_but_not_called_off(self, hall: Hall, staff: UUID) -> None:
        quiz, start = hall.event(staff), hall.soon()
        hall.clock.move(timedelta(days=8))
        hall.do(changing.change, hall.clock, staff, quiz, given(start, description="It was full"))
        refused(hall, EventStateError, changing.cancel, hall.clock, staff, quiz, reason="Late")

    def test_a_copy(self, hall: Hall, staff: UUID) -> None:
        quiz = hall.event(staff, price="5.00", max_participants=12, points_reward=0)
        hall.clock.move(timedelta(days=30))
        copy: Event = hall.do(making.duplicate, hall.clock, staff, quiz)
        source: Event = hall.do(reading.get, quiz)
        assert (copy.status, copy.places_taken, copy.series_id) == (EventStatus.DRAFT, 0, None)
        assert (copy.price_minor, copy.max_participants, copy.points_reward) == (500, 12, 0)
        assert copy.start_time > hall.clock.now()
        assert (copy.start_time - source.start_time) % timedelta(weeks=1) == timedelta(0)

    @pytest.mark.parametrize("later", [0, 30])
    def test_a_copy_begins_at_the_same_time_of_day_when_the_clocks_have_changed(
        self, hall: Hall, staff: UUID, later: int
    ) -> None:
        zone = ZoneInfo("Europe/Paris")
        hall.clock.move(datetime(2026, 10, 20, tzinfo=zone) - hall.clock.now())
        quiz = hall.draft(staff, start_time=datetime(2026, 10, 22, 19, tzinfo=zone), time_zone="Europe/Paris")
        hall.clock.move(timedelta(days=later))
        copy: Event = hall.do(making.duplicate, hall.clock, staff, quiz.id)
        day = 29 if not later else 19
        assert copy.start_time.astimezone(zone) == datetime(2026, 11 if later else 10, day, 19, tzinfo=zone)
        assert copy.end_time - copy.start_time == timedelta(hours=2)

    def test_calling_off_needs_a_reason(self, hall: Hall, staff: UUID) -> None:
        refused(hall, CancellationReasonError, changing.cancel, hall.clock, staff, hall.event(staff), reason=" ")

    def test_those_who_attended_keep_it_when_it_is_broken_off(self, hall: Hall, staff: UUID) -> None:
        awa, badu, quiz = hall.person("awa"), hall.person("badu"), hall.event(staff)
        for member in (awa, badu):
            hall.register(member, quiz)
        hall.clock.move(timedelta(days=7, hours=1))
        hall.sql(
            "INSERT INTO event_attendees (registration_id, user_id, event_id, check_in_time, method)"
            " SELECT id, user_id, event_id, %s, 'ticket' FROM registrations WHERE user_id = %s",
            [hall.clock.now(), awa],
        )
        hall.do(changing.cancel, hall.clock, staff, quiz, reason="Power cut")
        assert hall.statuses(quiz) == ["attended", "cancelled"]
        assert (hall.told(awa)[-1], hall.told(badu)[-1]) == ("registered", "called_off")

    def test_none_that_follows_is_brought_forward_to_what_has_passed(self, hall: Hall, staff: UUID) -> None:
        first = hall.clock.now().replace(hour=18, minute=0) + timedelta(days=1)
        made = hall.do(
            making.create,
            hall.clock,
            staff,
            given(first, time_zone="UTC"),
            repetition=weekly(weekdays=[1, 2, 3, 4, 5, 6, 7]),
        )
        hall.clock.move(made[1].start_time - timedelta(hours=2) - hall.clock.now())
        morning = made[2].start_time.replace(hour=8)
        options = {"scope": Scope.FOLLOWING}
        refused(hall, InThePastError, changing.change, hall.clock, staff, made[0].id, given(morning), **options)
        evening = made[2].start_time.replace(hour=20)
        hall.do(changing.change, hall.clock, staff, made[0].id, given(evening), **options)


class TestTypes:
    def test_a_name_that_nobody_sees_is_none(self, hall: Hall, staff: UUID) -> None:
        refused(hall, BlankError, types.add, staff, code="film", name="\u200b", default_points=5)

    def test_points_come_from_the_type_unless_the_event_says_otherwise(self, hall: Hall, staff: UUID) -> None:
        plain, none, many = hall.event(staff), hall.event(staff, points_reward=0), hall.event(staff, points_reward=50)
        assert [hall.do(reading.one, each).points for each in (plain, none, many)] == [10, 0, 50]
        options = {"name": "Trivia", "default_points": 25, "position": 0, "is_active": True}
        hall.do(types.change, staff, "trivia_night", **options)
        assert [hall.do(reading.one, each).points for each in (plain, none, many)] == [25, 0, 50]

    def test_a_type_of_events_stays(self, hall: Hall, staff: UUID) -> None:
        hall.event(staff)
        refused(hall, TypeInUseError, types.remove, staff, "trivia_night")
        hall.do(types.remove, staff, "talk")
        options = {"name": "Trivia", "default_points": 1, "position": 0, "is_active": False}
        hall.do(types.change, staff, "trivia_night", **options)
        error = refused(hall, FieldErrors, making.create, hall.clock, staff, given(hall.soon()))
        assert isinstance(error, FieldErrors)
        assert [each.code for each in error.errors] == ["event-type-unknown"]

    def test_codes(self, hall: Hall, staff: UUID) -> None:
        refused(hall, TypeKnownError, types.add, staff, code="talk", name="Talk", default_points=1)
        refused(hall, TypeCodeError, types.add, staff, code="Big Talk", name="Talk", default_points=1)
        hall.do(types.add, staff, code="film", name="Film night", default_points=5)
        assert hall.do(types.listed)[-1].code == "film"


class TestReading:
    def test_filters(self, hall: Hall, staff: UUID) -> None:
        awa = hall.person("awa")
        quiz = hall.event(staff)
        walk = hall.event(staff, title="A walk", event_type="outdoors", start_time=hall.soon(9), location="Ponds 100%")
        hall.register(awa, walk)

        def found(**more: Any) -> list[UUID]:
            rows = hall.do(reading.listed, Filters(user_id=awa, **more), after=None, limit=10)
            return [row.event.id for row in rows]

        assert found() == [quiz, walk]
        assert found(event_type="outdoors") == found(search="walk ponds") == found(mine=True) == [walk]
        assert found(since=hall.soon(8)) == [walk]
        assert found(until=hall.soon(8)) == [quiz]
        assert found(search="%") == [walk]
        assert found(search="nothing") == []

    def test_pages(self, hall: Hall, staff: UUID) -> None:
        made = [hall.event(staff, start_time=hall.soon(days)) for days in (1, 2, 2, 3)]
        seen: list[UUID] = []
        after = None
        while rows := hall.do(reading.listed, Filters(), after=after, limit=3):
            seen += [row.event.id for row in rows]
            after = (rows[-1].event.start_time, rows[-1].event.id)
        assert seen == made
