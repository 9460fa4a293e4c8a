"""The door: who is let in, who is not and why, twice, afterwards, by name, without a registration, and taken back."""

import threading
from uuid import UUID

import pytest

from guerdon.http.keys import derive_key
from guerdon.programs.events.errors import (
    EventFullError,
    EventNotFoundError,
    RegistrationNotFoundError,
)
from guerdon.programs.events.evening_errors import (
    AttendanceNotFoundError,
    DoorClosedError,
    DoorNotOpenError,
    EventNotOnError,
    GuestRegisteredError,
    NotRegisteredError,
    OwnCheckInError,
    ReasonRequiredError,
    RegistrationUnpaidError,
    TicketForgedError,
    TicketNotConfirmedError,
    TicketOfOtherEventError,
    TicketVoidError,
    WalkInsNotAllowedError,
)
from guerdon.programs.events.service import changing, doors, paying, registering, undoing
from guerdon.programs.events.service.passes import pass_of
from guerdon.programs.events.service.tickets import TicketContent, TicketSigner
from support.evenings import SIGNER, Evenings
from support.events import Hall


@pytest.fixture
def staff(hall: Hall) -> UUID:
    """Who keeps the door."""
    return hall.person("keeper", "staff")


@pytest.fixture
def heron(hall: Hall) -> UUID:
    """A member."""
    return hall.person("heron")


class TestTickets:
    def test_a_registration_has_one_ticket(self, evenings: Evenings, heron: UUID) -> None:
        registration_id = evenings.register(evenings.event(), heron)
        assert evenings.code(registration_id, heron) == evenings.code(registration_id, heron)
        assert evenings.hall.sql("SELECT count(*) FROM tickets") == [(1,)]

    def test_two_who_ask_at_once_get_the_same(self, evenings: Evenings, heron: UUID) -> None:
        registration_id = evenings.register(evenings.event(), heron)
        codes = together(6, lambda _: evenings.code(registration_id, heron))
        assert len(set(codes)) == 1

    def test_somebody_else_s_is_not_told(self, evenings: Evenings, heron: UUID) -> None:
        registration_id = evenings.register(evenings.event(), heron)
        other = evenings.hall.person("ibis")
        evenings.refused(RegistrationNotFoundError, lambda: evenings.code(registration_id, other))

    def test_there_is_none_on_the_waiting_list_nor_unpaid_nor_cancelled(self, evenings: Evenings, heron: UUID) -> None:
        full = evenings.event(capacity=1)
        evenings.register(full, evenings.hall.person("ibis"))
        paid = evenings.event(price_minor=500)
        left = evenings.event()
        waiting, unpaid, cancelled = (evenings.register(each, heron) for each in (full, paid, left))
        evenings.hall.do(registering.cancel, evenings.clock, cancelled, user_id=heron)
        for registration_id in (waiting, unpaid, cancelled):
            evenings.refused(
                TicketNotConfirmedError,
                lambda each=registration_id: evenings.hall.do(pass_of, evenings.clock, each, holder_id=heron),
            )


class TestScanning:
    @pytest.mark.parametrize("number", [False, True])
    def test_lets_in_once_and_then_says_since_when(
        self, evenings: Evenings, staff: UUID, heron: UUID, number: bool
    ) -> None:
        event_id = evenings.event()
        code = evenings.code(evenings.register(event_id, heron), heron, number=number)
        first = evenings.scan(event_id, code, staff)
        assert (first.already, first.name) == (False, "Heron")
        assert first.attendance.check_in_time == evenings.clock.now()
        came = evenings.points(heron)
        evenings.move(minutes=7)
        second = evenings.scan(event_id, code.lower(), staff)
        assert second.already
        assert second.attendance.id == first.attendance.id
        assert second.attendance.check_in_time == first.attendance.check_in_time
        assert evenings.points(heron) == came
        assert evenings.sum(heron, "events.attended") == 10  # what a trivia night is worth

    @pytest.mark.parametrize(("points", "earned"), [(None, 10), (0, 0), (35, 35)])
    def test_an_event_s_own_points_win_and_none_is_none(
        self, evenings: Evenings, staff: UUID, heron: UUID, points: int | None, earned: int
    ) -> None:
        evenings.attend(evenings.event(points=points), heron, staff)
        assert evenings.sum(heron, "events.attended") == earned

    def test_forged_foreign_and_unknown_tickets_are_refused(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event()
        registration_id = evenings.register(event_id, heron)
        evenings.code(registration_id, heron)
        invented = SIGNER.code(TicketContent(event_id, registration_id, "0" * 12))
        foreign = TicketSigner(derive_key(b"t" * 40, "events/ticket"))
        copied = foreign.code(TicketContent(event_id, registration_id, "0" * 12))
        for code in ("", "x", "0000-0000-0000", invented, copied, "é" * 85, "A" * 200):
            evenings.refused(TicketForgedError, lambda each=code: evenings.scan(event_id, each, staff))

    def test_a_ticket_of_another_event_names_it(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        here, there = evenings.event(), evenings.event(title="Dance")
        code = evenings.code(evenings.register(there, heron), heron)
        error = evenings.refused(TicketOfOtherEventError, lambda: evenings.scan(here, code, staff))
        assert "Dance" in str(error)

    def test_a_cancelled_registration_s_ticket_is_void_and_a_new_one_is_good(
        self, evenings: Evenings, staff: UUID, heron: UUID
    ) -> None:
        event_id = evenings.event()
        registration_id = evenings.register(event_id, heron)
        code, number = (evenings.code(registration_id, heron, number=each) for each in (False, True))
        evenings.hall.do(registering.cancel, evenings.clock, registration_id, user_id=heron)
        for each in (code, number):
            evenings.refused(TicketVoidError, lambda each=each: evenings.scan(event_id, each, staff))
        again = evenings.code(evenings.register(event_id, heron), heron)
        assert not evenings.scan(event_id, again, staff).already
        evenings.refused(TicketVoidError, lambda: evenings.scan(event_id, code, staff))

    def test_too_early_too_late_cancelled_and_unpublished(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event(hours=5)
        code = evenings.code(evenings.register(event_id, heron), heron)
        error = evenings.refused(DoorNotOpenError, lambda: evenings.scan(event_id, code, staff))
        assert "2026-03-02 12:00" in str(error)
        evenings.move(hours=7, seconds=1)
        evenings.refused(DoorClosedError, lambda: evenings.scan(event_id, code, staff))
        evenings.move(hours=-2)
        evenings.hall.sql(
            "UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain' WHERE id = %s",
            [event_id],
        )
        evenings.refused(EventNotOnError, lambda: evenings.scan(event_id, code, staff))
        evenings.refused(EventNotFoundError, lambda: evenings.scan(UUID(int=1), code, staff))

    def test_unpaid(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event(price_minor=500)
        evenings.register(event_id, heron)
        evenings.refused(
            RegistrationUnpaidError,
            lambda: evenings.hall.do(
                doors.check_in_by_name, evenings.clock, event_id, heron, actor_id=staff, reason="known"
            ),
        )


class TestByName:
    def name(
        self, evenings: Evenings, event_id: UUID, user_id: UUID, staff: UUID, reason: str = "Known"
    ) -> doors.Admission:
        found: doors.Admission = evenings.hall.do(
            doors.check_in_by_name, evenings.clock, event_id, user_id, actor_id=staff, reason=reason
        )
        return found

    def test_lets_in_with_a_reason_also_afterwards(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event()
        evenings.register(event_id, heron)
        evenings.refused(ReasonRequiredError, lambda: self.name(evenings, event_id, heron, staff, "  "))
        evenings.move(days=10)
        admission = self.name(evenings, event_id, heron, staff, "Their phone was out of power.")
        [(start, end)] = evenings.hall.sql("SELECT start_time, end_time FROM events")
        assert admission.attendance.check_in_time == end
        assert evenings.hall.sql("SELECT happened_at FROM engagement.activities") == [(start,)]
        assert self.name(evenings, event_id, heron, staff).already
        assert evenings.sum(heron, "events.attended") == 10

    def test_not_after_two_weeks_nor_the_unregistered_nor_oneself(
        self, evenings: Evenings, staff: UUID, heron: UUID
    ) -> None:
        event_id = evenings.event(capacity=2)
        for each in (heron, staff, evenings.hall.person("ibis")):
            evenings.register(event_id, each)
        [(waiting,)] = evenings.hall.sql("SELECT user_id FROM registrations WHERE status = 'waiting'")
        stranger = evenings.hall.person("neem")
        evenings.refused(OwnCheckInError, lambda: self.name(evenings, event_id, staff, staff))
        for each in (waiting, stranger):
            evenings.refused(NotRegisteredError, lambda each=each: self.name(evenings, event_id, each, staff))
        evenings.move(days=14, hours=3, seconds=1)
        evenings.refused(DoorClosedError, lambda: self.name(evenings, event_id, heron, staff))


class TestWalkIns:
    def walk(self, evenings: Evenings, event_id: UUID, user_id: UUID, staff: UUID, **options: str) -> doors.Admission:
        found: doors.Admission = evenings.hall.do(
            doors.walk_in, evenings.clock, event_id, user_id, actor_id=staff, **options
        )
        return found

    def test_only_where_they_are_allowed_and_there_is_a_place(
        self, evenings: Evenings, staff: UUID, heron: UUID
    ) -> None:
        closed = evenings.event()
        evenings.refused(WalkInsNotAllowedError, lambda: self.walk(evenings, closed, heron, staff))
        event_id = evenings.event(walk_ins=True, capacity=1)
        admission = self.walk(evenings, event_id, heron, staff)
        assert admission.attendance.method == "walk_in"
        assert evenings.sum(heron, "events.attended") == 10
        evenings.refused(GuestRegisteredError, lambda: self.walk(evenings, event_id, heron, staff))
        other = evenings.hall.person("ibis")
        evenings.refused(EventFullError, lambda: self.walk(evenings, event_id, other, staff))
        evenings.refused(OwnCheckInError, lambda: self.walk(evenings, event_id, staff, staff))

    def test_where_there_is_a_price_they_pay_at_the_door(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event(walk_ins=True, price_minor=500)
        evenings.refused(RegistrationUnpaidError, lambda: self.walk(evenings, event_id, heron, staff))
        assert not self.walk(evenings, event_id, heron, staff, paid_by="cash").already
        assert evenings.hall.sql("SELECT payment_channel, amount_minor, status FROM payment") == [("cash", 500, "paid")]


class TestLeavingAndUndoing:
    def test_who_left_is_not_inside(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event()
        attendance = evenings.attend(event_id, heron, staff)
        evenings.register(event_id, evenings.hall.person("ibis"))
        evenings.move(hours=1)
        left = evenings.hall.do(doors.check_out, evenings.clock, attendance.id)
        assert left.check_out_time == evenings.clock.now()
        found = evenings.hall.do(doors.count, event_id)
        assert (found.expected, found.inside, found.came) == (1, 0, 1)
        evenings.refused(
            AttendanceNotFoundError, lambda: evenings.hall.do(doors.check_out, evenings.clock, UUID(int=1))
        )

    def test_who_comes_back_is_inside_again_as_long_as_it_is_on(
        self, evenings: Evenings, staff: UUID, heron: UUID
    ) -> None:
        event_id = evenings.event()
        registration_id = evenings.register(event_id, heron)
        code = evenings.code(registration_id, heron)
        attendance = evenings.scan(event_id, code, staff).attendance
        earned = evenings.points(heron)
        evenings.move(hours=1)
        evenings.hall.do(doors.check_out, evenings.clock, attendance.id)
        back = evenings.scan(event_id, code, staff)
        assert (back.already, back.returned, back.attendance.check_in_time) == (True, True, attendance.check_in_time)
        assert evenings.hall.do(doors.count, event_id).inside == 1
        assert not evenings.scan(event_id, code, staff).returned
        evenings.hall.do(doors.check_out, evenings.clock, attendance.id)
        evenings.move(hours=3)
        assert not evenings.scan(event_id, code, staff).returned
        assert evenings.hall.do(doors.count, event_id).inside == 0
        assert evenings.points(heron) == earned

    def undo(self, evenings: Evenings, attendance_id: UUID, staff: UUID, reason: str = "Wrong person") -> None:
        evenings.hall.do(undoing.undo_check_in, evenings.clock, attendance_id, actor_id=staff, reason=reason)

    def test_takes_back_what_it_earned_and_can_come_again(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event()
        attendance = evenings.attend(event_id, heron, staff)
        assert evenings.sum(heron) > 0
        evenings.refused(ReasonRequiredError, lambda: self.undo(evenings, attendance.id, staff, ""))
        self.undo(evenings, attendance.id, staff)
        assert evenings.sum(heron, "events.attended") == 0
        assert evenings.hall.sql("SELECT status FROM registrations") == [("registered",)]
        evenings.refused(AttendanceNotFoundError, lambda: self.undo(evenings, attendance.id, staff))
        [(number,)] = evenings.hall.sql("SELECT code FROM tickets WHERE revoked_at IS NULL")
        assert not evenings.scan(event_id, number, staff).already
        assert evenings.sum(heron, "events.attended") == 10

    def test_of_an_event_that_was_broken_off_it_ends_as_for_all_who_had_not_come(
        self, evenings: Evenings, staff: UUID, heron: UUID
    ) -> None:
        event_id = evenings.event(price_minor=500)
        registration_id = evenings.register(event_id, heron)
        evenings.hall.do(paying.record, evenings.clock, staff, registration_id, channel="cash")
        attendance = evenings.scan(event_id, evenings.code(registration_id, heron), staff).attendance
        evenings.move(hours=2)
        evenings.hall.do(changing.cancel, evenings.clock, staff, event_id, reason="Power cut")
        assert evenings.hall.statuses(event_id) == ["attended"]
        self.undo(evenings, attendance.id, staff)
        assert evenings.hall.statuses(event_id) == ["cancelled"]
        assert evenings.hall.sql("SELECT amount_minor, reason FROM payment WHERE kind = 'refund'") == [
            (500, "Power cut")
        ]
        assert evenings.hall.sql("SELECT places_taken FROM events") == [(0,)]
        assert evenings.hall.told(heron)[-1] == "called_off"

    def test_nobody_takes_their_own_back(self, evenings: Evenings, staff: UUID) -> None:
        attendance = evenings.attend(evenings.event(), staff, evenings.hall.person("other", "staff"))
        evenings.refused(OwnCheckInError, lambda: self.undo(evenings, attendance.id, staff))


def together(number: int, call):  # type: ignore[no-untyped-def]
    """Call from so many threads at once, each with a connection of its own."""
    ready = threading.Barrier(number)
    found: list[object] = [None] * number

    def run(place: int) -> None:
        ready.wait()
        try:
            found[place] = call(place)
        except Exception as exc:
            found[place] = exc

    threads = [threading.Thread(target=run, args=[place]) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class TestAtOnce:
    def test_two_doors_scan_one_ticket(self, evenings: Evenings, staff: UUID, heron: UUID) -> None:
        event_id = evenings.event()
        code = evenings.code(evenings.register(event_id, heron), heron)
        found = together(8, lambda _: evenings.scan(event_id, code, staff))
        assert sorted(each.already for each in found) == [False] + [True] * 7
        assert {each.attendance.check_in_time for each in found} == {evenings.clock.now()}
        assert len({each.attendance.id for each in found}) == 1
        assert evenings.hall.sql("SELECT count(*) FROM engagement.activities") == [(1,)]
        assert [kind for kind, _ in evenings.points(heron)].count("events.attended") == 1

    @pytest.mark.parametrize("turn", range(4))
    def test_a_check_in_against_a_cancellation(self, evenings: Evenings, staff: UUID, heron: UUID, turn: int) -> None:
        event_id = evenings.event()
        registration_id = evenings.register(event_id, heron)
        code = evenings.code(registration_id, heron)
        acts = [
            lambda: evenings.scan(event_id, code, staff),
            lambda: evenings.hall.do(registering.cancel, evenings.clock, registration_id, user_id=heron),
        ]
        found = together(2, lambda place: acts[(place + turn) % 2]())
        errors = [each for each in found if isinstance(each, Exception)]
        assert len(errors) == 1
        [(status,)] = evenings.hall.sql("SELECT status FROM registrations")
        [(came,)] = evenings.hall.sql("SELECT count(*) FROM event_attendees")
        assert (status, came) in [("attended", 1), ("cancelled", 0)]
        assert evenings.sum(heron, "events.attended") == 10 * came

    @pytest.mark.parametrize("turn", range(6))
    def test_coming_back_against_taking_back(self, evenings: Evenings, staff: UUID, heron: UUID, turn: int) -> None:
        event_id = evenings.event()
        code = evenings.code(evenings.register(event_id, heron), heron)
        attendance = evenings.scan(event_id, code, staff).attendance
        evenings.hall.do(doors.check_out, evenings.clock, attendance.id)
        acts = [
            lambda: evenings.scan(event_id, code, staff),
            lambda: evenings.hall.do(
                undoing.undo_check_in, evenings.clock, attendance.id, actor_id=staff, reason="Wrong person"
            ),
        ]
        found = together(2, lambda place: acts[(place + turn) % 2]())
        assert not [each for each in found if isinstance(each, Exception)]
        [(status,)] = evenings.hall.sql("SELECT status FROM registrations")
        assert evenings.sum(heron, "events.attended") == (10 if status == "attended" else 0)

    def test_forty_tickets_at_two_doors(self, evenings: Evenings, staff: UUID) -> None:
        event_id = evenings.event()
        people = [evenings.hall.person(f"guest{number}") for number in range(40)]
        codes = [evenings.code(evenings.register(event_id, each), each) for each in people]
        # both doors see every ticket, in opposite orders
        orders = [codes, codes[::-1]]
        found = together(2, lambda door: [evenings.scan(event_id, code, staff) for code in orders[door]])
        assert not [each for each in found if isinstance(each, Exception)]
        assert sum(not each.already for door in found for each in door) == 40
        assert evenings.hall.sql(
            "SELECT count(*), sum(points) FROM points_transactions WHERE transaction_type = 'events.attended'"
        ) == [(40, 400)]
