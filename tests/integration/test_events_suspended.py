"""Suspended and closed accounts at events: not let in, told of to staff, their places given to others in one act."""

from uuid import UUID

import pytest

from guerdon.kernel.identity.service.closing import close_account
from guerdon.kernel.identity.service.roles import set_active
from guerdon.programs.events.errors import EventStateError
from guerdon.programs.events.evening_errors import AccountNotOpenError
from guerdon.programs.events.schemas import AttendeeFilters
from guerdon.programs.events.service import attendees, changing, doors, guests, paying, registering
from support.evenings import Evenings


@pytest.fixture
def staff(evenings: Evenings) -> UUID:
    return evenings.hall.person("keeper", "staff")


@pytest.fixture
def heron(evenings: Evenings) -> UUID:
    return evenings.hall.person("heron")


def suspend(evenings: Evenings, user_id: UUID, *, active: bool = False) -> None:
    evenings.hall.do(set_active, evenings.clock, user_id=user_id, active=active, actor_id=None, reason="Rude")


def test_who_is_suspended_is_let_in_by_no_way_until_they_are_restored(
    evenings: Evenings, staff: UUID, heron: UUID
) -> None:
    event_id, other = evenings.event(), evenings.event(walk_ins=True)
    code = evenings.code(evenings.register(event_id, heron), heron)
    suspend(evenings, heron)
    ways = (
        lambda: evenings.scan(event_id, code, staff),
        lambda: evenings.hall.do(
            doors.check_in_by_name, evenings.clock, event_id, heron, actor_id=staff, reason="Known here"
        ),
        lambda: evenings.hall.do(doors.walk_in, evenings.clock, other, heron, actor_id=staff),
    )
    for way in ways:
        error = evenings.refused(AccountNotOpenError, way)
        assert "Heron is suspended" in str(error)
    suspend(evenings, heron, active=True)
    assert not evenings.scan(event_id, code, staff).already


def test_who_has_left_while_it_was_on_is_told_as_such(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    event_id = evenings.event()
    code = evenings.code(evenings.register(event_id, heron), heron)
    evenings.move(hours=1.5)
    evenings.hall.do(close_account, evenings.clock, heron, actor_id=None, reason="Moved away")
    error = evenings.refused(AccountNotOpenError, lambda: evenings.scan(event_id, code, staff))
    assert "closed" in str(error)


def test_staff_see_them_in_the_lists(evenings: Evenings, heron: UUID) -> None:
    event_id, ibis = evenings.event(), evenings.hall.person("ibis")
    for each in (heron, ibis):
        evenings.register(event_id, each)
    suspend(evenings, heron)
    listed = evenings.hall.do(attendees.listed, event_id, AttendeeFilters(suspended=True), after=None, limit=9)
    assert [(each.name, each.account) for each in listed] == [("Heron", "suspended")]
    at_the_door = evenings.hall.do(guests.at_the_door, event_id)
    assert [(each.name, each.account) for each in at_the_door] == [("Heron", "suspended"), ("Ibis", "open")]
    [header, first, second] = "".join(
        evenings.hall.do(lambda session: list(attendees.export_csv(session, event_id, AttendeeFilters())))
    ).splitlines()
    column = header.split(",").index("account")
    assert [line.split(",")[column] for line in (first, second)] == ["suspended", "open"]


def test_their_places_go_to_who_waits_and_their_money_back(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    hall, event_id = evenings.hall, evenings.event(hours=48, capacity=2, price_minor=500)
    egret, ibis, neem = (hall.person(each) for each in ("egret", "ibis", "neem"))
    places = [evenings.register(event_id, each) for each in (heron, egret, ibis, neem)]
    hall.do(paying.record, evenings.clock, staff, places[0], channel="cash")
    assert hall.do(registering.free_suspended, evenings.clock, event_id, actor_id=staff) == 0
    for each in (heron, ibis):
        suspend(evenings, each)
    assert hall.do(registering.free_suspended, evenings.clock, event_id, actor_id=staff) == 2
    assert hall.statuses(event_id) == ["cancelled", "registered", "cancelled", "offered"]
    assert hall.sql("SELECT amount_minor FROM payment WHERE kind = 'refund'") == [(500,)]
    assert hall.sql("SELECT count(*) FROM admin.audit_logs WHERE action = 'events.registration_cancelled'") == [(2,)]


def test_nothing_is_freed_once_it_is_over_or_off(evenings: Evenings, staff: UUID, heron: UUID) -> None:
    off, over = evenings.event(), evenings.event()
    evenings.register(over, heron)
    suspend(evenings, heron)
    evenings.hall.do(changing.cancel, evenings.clock, staff, off, reason="Rain")
    evenings.move(hours=4)
    for event_id in (off, over):
        evenings.refused(
            EventStateError,
            lambda each=event_id: evenings.hall.do(registering.free_suspended, evenings.clock, each, actor_id=staff),
        )


def test_nobody_is_a_no_show_before_the_event_is_over(evenings: Evenings, heron: UUID) -> None:
    event_id = evenings.event()
    evenings.register(event_id, heron)

    def absent() -> int:
        filters = AttendeeFilters(no_show_by=evenings.clock.now())
        return len(evenings.hall.do(attendees.listed, event_id, filters, after=None, limit=9))

    assert absent() == 0
    evenings.move(hours=3)
    assert absent() == 1
