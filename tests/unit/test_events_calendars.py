"""Calendars of events, read by a parser of another author: every moment arrives as it was, when clocks change too."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import vobject

from guerdon.programs.events.service.calendars import CalendarEntry, calendar

QUARTER = timedelta(minutes=15)


def entry(number: int, start: datetime, zone: str) -> CalendarEntry:
    return CalendarEntry(
        event_id=UUID(int=number),
        title="Talk",
        description="",
        place="Hall",
        start=start,
        end=start + timedelta(hours=2),
        zone=zone,
        sequence=0,
        changed_at=start,
        cancelled=False,
        tentative=False,
        url="https://rewards.example.org/events/1",
    )


def read(content: bytes) -> list[tuple[datetime, datetime]]:
    """Begin and end of each event, by the rules of the zone that stand in the file and no others."""
    found = vobject.readOne(content.decode())
    zones = {each.tzid.value: each.tzinfo for each in found.contents.get("vtimezone", [])}

    def moment(line: vobject.base.ContentLine) -> datetime:
        zone = zones[line.params["X-VOBJ-ORIGINAL-TZID"][0]] if "X-VOBJ-ORIGINAL-TZID" in line.params else UTC
        assert line.value.utcoffset() is not None
        told: datetime = line.value.replace(tzinfo=zone)
        return told.astimezone(UTC)

    return [(moment(each.dtstart), moment(each.dtend)) for each in found.vevent_list]


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        ("Europe/Paris", "2026-03-29"),
        ("Europe/Paris", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Africa/Casablanca", "2026-02-15"),  # for Ramadan, back by an hour
        ("Africa/Casablanca", "2026-03-22"),
        ("Africa/Dakar", "2026-03-29"),  # never
        ("Africa/Lagos", "2026-10-25"),
        ("UTC", "2026-03-29"),
    ],
)
def test_every_quarter_of_an_hour_around_a_change_arrives_as_it_was(zone: str, night: str) -> None:
    first = datetime.fromisoformat(night).replace(tzinfo=UTC) - timedelta(hours=12)
    starts = [first + number * QUARTER for number in range(150)]
    content = calendar([entry(number, each, zone) for number, each in enumerate(starts)], name="", subscribed=True)
    assert read(content) == [(each, each + timedelta(hours=2)) for each in starts]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_an_onset_is_the_very_second_of_the_change(zone: str) -> None:
    """As RFC 5545 reckons it: by the clock as it went until then, of which the offset before is taken away."""
    content = calendar([entry(1, datetime(2026, 6, 1, tzinfo=UTC), zone)], name="", subscribed=False)
    parts = vobject.readOne(content.decode()).vtimezone.components()
    changes = 0
    for part in parts:
        offsets = [datetime.strptime(each.value, "%z").utcoffset() for each in (part.tzoffsetfrom, part.tzoffsetto)]
        if offsets[0] == offsets[1]:
            continue
        repeated = (datetime.fromisoformat(each.value) for each in part.contents.get("rdate", []))
        for clock in (part.dtstart.value, *repeated):
            moment = clock.replace(tzinfo=UTC) - offsets[0]
            seconds = (moment - timedelta(seconds=1), moment)
            assert [each.astimezone(ZoneInfo(zone)).utcoffset() for each in seconds] == offsets
            changes += 1
    assert changes >= 3


def test_what_lasts_a_few_weeks_is_not_stepped_over() -> None:
    """Morocco turns its clocks back for Ramadan only, wherever in the year the calendar begins."""
    days = [datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=number) for number in range(0, 730, 5)]
    for each in days:
        assert read(calendar([entry(1, each, "Africa/Casablanca")], name="", subscribed=False))[0][0] == each
    whole = calendar([entry(i, each, "Africa/Casablanca") for i, each in enumerate(days)], name="", subscribed=True)
    assert [start for start, _ in read(whole)] == days


def test_the_rules_stand_before_the_events_and_only_where_they_are_needed() -> None:
    start = datetime(2026, 3, 28, 18, tzinfo=UTC)
    lines = calendar(
        [entry(1, start, "Europe/Paris"), entry(2, start, "Africa/Lagos"), entry(3, start, "UTC")],
        name="Guerdon",
        subscribed=True,
    ).decode()
    assert lines.count("BEGIN:VTIMEZONE") == 2
    assert lines.rindex("END:VTIMEZONE") < lines.index("BEGIN:VEVENT")
    assert calendar([], name="", subscribed=True).decode().count("BEGIN:VTIMEZONE") == 0


def test_what_was_pasted_breaks_no_calendar() -> None:
    pasted = "One\x0btwo\rBEGIN:VEVENT\r\n\r\nthree\x07 \x85four\u2028five"
    content = calendar(
        [
            replace(
                entry(1, datetime(2026, 6, 1, tzinfo=UTC), "UTC"), title="A\nB\x1b", place="C\x00D", description=pasted
            )
        ],
        name="Mine",
        subscribed=True,
    )
    assert not re.search(rb"[\x00-\x08\x0b-\x0c\x0e-\x1f]|\r(?!\n)|(?<!\r)\n", content)
    [event] = vobject.readOne(content.decode()).vevent_list
    assert (event.summary.value, event.location.value) == ("A B", "C D")
    assert event.description.value == "One\ntwo\nBEGIN:VEVENT\n\nthree\nfour\nfive"
