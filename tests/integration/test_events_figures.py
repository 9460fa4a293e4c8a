"""The dashboards, against evenings that were counted by hand."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from guerdon.programs.events.evening_errors import RangeInvalidError
from guerdon.programs.events.service.figures import Cohort, Range, Step, Turnout, cohorts, turnout
from support.events import Hall

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


def evening(hall: Hall, start: str, came: list[UUID], absent: list[UUID] = (), walk_ins: list[UUID] = ()) -> UUID:  # type: ignore[assignment]
    [(event_id,)] = hall.sql(
        "INSERT INTO events (title, event_type, location, start_time, end_time, status, published_at)"
        " VALUES ('Quiz', 'trivia_night', 'Hall', %s::timestamptz, %s::timestamptz + interval '2 hours', 'published',"
        " now()) RETURNING id",
        [start, start],
    )
    for user_id in [*came, *absent, *walk_ins]:
        [(registration_id,)] = hall.sql(
            "INSERT INTO registrations (event_id, user_id, is_walk_in) VALUES (%s, %s, %s) RETURNING id",
            [event_id, user_id, user_id in walk_ins],
        )
        if user_id not in absent:
            hall.sql(
                "INSERT INTO event_attendees (registration_id, user_id, event_id, check_in_time, method)"
                " VALUES (%s, %s, %s, %s, 'ticket')",
                [registration_id, user_id, event_id, start],
            )
    return event_id


@pytest.fixture
def people(hall: Hall) -> list[UUID]:
    """Four members."""
    return [hall.person(name) for name in ("heron", "ibis", "neem", "acacia")]


def zone(hall: Hall, name: str) -> None:
    hall.sql("UPDATE engagement.community SET time_zone = %s", [name])


def test_turnout_counts_each_week_with_those_in_which_nothing_took_place(hall: Hall, people: list[UUID]):
    heron, ibis, neem, acacia = people
    evening(hall, "2026-04-07 18:00+00", [heron, ibis], absent=[neem])
    evening(hall, "2026-04-08 18:00+00", [heron], walk_ins=[acacia])
    evening(hall, "2026-04-21 18:00+00", [], absent=[ibis])
    evening(hall, "2026-05-21 18:00+00", [], absent=[ibis])  # has not ended: nobody has missed it
    chosen = Range(date(2026, 4, 6), date(2026, 4, 26))
    assert chosen.step is Step.WEEK
    found = hall.do(turnout, chosen, NOW)
    assert found == [
        Turnout(date(2026, 4, 6), 2, 4, 1, 1),
        Turnout(date(2026, 4, 13), 0, 0, 0, 0),
        Turnout(date(2026, 4, 20), 1, 0, 0, 1),
    ]
    assert [each.absent_share for each in found] == [0.25, None, 1.0]
    assert hall.do(turnout, Range(date(2026, 5, 18), date(2026, 5, 24)), NOW) == [
        Turnout(date(2026, 5, 18), 0, 0, 0, 0)
    ]


def test_weeks_begin_on_the_community_s_clock(hall: Hall, people: list[UUID]):
    evening(hall, "2026-04-05 23:30+00", people[:1])  # Sunday in UTC, Monday in Nairobi
    chosen = Range(date(2026, 3, 30), date(2026, 4, 12))
    assert [each.came for each in hall.do(turnout, chosen, NOW)] == [1, 0]
    zone(hall, "Africa/Nairobi")
    assert [each.came for each in hall.do(turnout, chosen, NOW)] == [0, 1]


def test_a_withdrawn_check_in_and_a_cancelled_event_count_no_more(hall: Hall, people: list[UUID]):
    first = evening(hall, "2026-04-07 18:00+00", people[:2])
    chosen = Range(date(2026, 4, 6), date(2026, 4, 12))
    hall.sql(
        "UPDATE event_attendees SET status = 'withdrawn', withdrawn_at = now(), withdrawal_reason = 'not them'"
        " WHERE user_id = %s",
        [people[0]],
    )
    assert hall.do(turnout, chosen, NOW) == [Turnout(date(2026, 4, 6), 1, 1, 0, 1)]
    hall.sql(
        "UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain' WHERE id = %s",
        [first],
    )
    assert hall.do(turnout, chosen, NOW) == [Turnout(date(2026, 4, 6), 0, 0, 0, 0)]


def test_cohorts_follow_who_came_back(hall: Hall, people: list[UUID]):
    heron, ibis, neem, _acacia = people
    evening(hall, "2026-02-10 18:00+00", [heron, ibis])
    evening(hall, "2026-02-17 18:00+00", [heron])  # the same month counts once
    evening(hall, "2026-03-10 18:00+00", [heron, neem])
    evening(hall, "2026-05-05 18:00+00", [heron, ibis, neem])
    found = hall.do(cohorts, Range(date(2026, 2, 1), date(2026, 5, 31)), NOW)
    assert found == [
        Cohort(date(2026, 2, 1), 2, {1: 1, 2: 0, 3: 2}),
        Cohort(date(2026, 3, 1), 1, {1: 0, 2: 1}),
    ]
    # who came before the range is nobody's first time within it
    assert [each.size for each in hall.do(cohorts, Range(date(2026, 3, 1), date(2026, 5, 31)), NOW)] == [1]


def test_a_month_has_begun_for_cohorts_when_it_has_for_the_community(hall: Hall, people: list[UUID]):
    hall.sql("UPDATE engagement.community SET time_zone = 'Pacific/Auckland'")
    heron, ibis, *_rest = people
    evening(hall, "2026-02-10 06:00+00", [heron, ibis])
    evening(hall, "2026-03-31 12:00+00", [heron])  # the first of April there
    [found] = hall.do(cohorts, Range(date(2026, 2, 1), date(2026, 4, 1)), datetime(2026, 3, 31, 14, tzinfo=UTC))
    assert found.returned == {1: 0, 2: 1}


@pytest.mark.parametrize("days", [-1, 3661])
def test_days_that_are_no_range_are_refused(days: int):
    with pytest.raises(RangeInvalidError):
        Range(date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=days))


def test_long_ranges_are_shown_by_months(hall: Hall):
    chosen = Range(date(2025, 1, 15), date(2025, 12, 31))
    assert chosen.step is Step.MONTH
    found = hall.do(turnout, chosen, NOW)
    assert [each.start for each in found] == [date(2025, month, 1) for month in range(1, 13)]
