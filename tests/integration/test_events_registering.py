"""Registering, waiting, taking an offer, cancelling; places are never given away twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from guerdon.core.errors import GuerdonError
from guerdon.kernel.identity.service.closing import close_account
from guerdon.kernel.identity.service.roles import set_active
from guerdon.programs.events import jobs, personal_data
from guerdon.programs.events.errors import (
    AlreadyRegisteredError,
    CancellationReasonError,
    EventBegunError,
    EventClosedError,
    EventFullError,
    EventNotFoundError,
    OfferLapsedError,
    RegistrationNotFoundError,
    RegistrationStateError,
)
from guerdon.programs.events.models import Registration, RegistrationStatus
from guerdon.programs.events.schemas import Filters
from guerdon.programs.events.service import changing, paying, places, reading, registering
from support.crowd import at_once
from support.evenings import Evenings
from support.events import Hall, given
from support.post import Post


@pytest.fixture
def staff(hall: Hall) -> UUID:
    return hall.person("zoe", "staff")


@pytest.fixture
def members(hall: Hall) -> list[UUID]:
    return [hall.person(name) for name in ("awa", "badu", "coumba", "demba")]


def refused(
    hall: Hall, error: type[GuerdonError], call: Callable[..., Any], *args: Any, **options: Any
) -> GuerdonError:
    """It raises, and nothing is different afterwards."""
    before = hall.snapshot()
    with pytest.raises(error) as caught:
        hall.do(call, *args, **options)
    assert hall.snapshot() == before
    return caught.value


def taken(hall: Hall, event_id: UUID) -> tuple[int, int]:
    row = hall.sql("SELECT places_taken, waiting FROM events WHERE id = %s", [event_id])[0]
    counted = hall.sql(
        "SELECT count(*) FILTER (WHERE status IN ('registered', 'offered', 'attended')),"
        " count(*) FILTER (WHERE status = 'waiting') FROM registrations WHERE event_id = %s",
        [event_id],
    )[0]
    assert row == counted
    return int(row[0]), int(row[1])


class TestRegistering:
    def test_a_place(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff, max_participants=2)
        made = hall.register(members[0], quiz)
        assert made.status is RegistrationStatus.REGISTERED
        assert taken(hall, quiz) == (1, 0)
        assert hall.told(members[0]) == ["registered"]

    def test_twice(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff)
        hall.register(members[0], quiz)
        error = refused(hall, AlreadyRegisteredError, registering.register, hall.clock, members[0], quiz)
        assert error.field == "event_id"

    def test_coming_back_after_cancelling(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff)
        first = hall.register(members[0], quiz)
        hall.do(registering.cancel, hall.clock, first.id, user_id=members[0])
        hall.register(members[0], quiz)
        assert hall.statuses(quiz) == ["cancelled", "registered"]

    def test_what_is_not_open(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        draft = hall.draft(staff).id
        assert refused(hall, EventClosedError, registering.register, hall.clock, members[0], draft).field == "event_id"
        gone = hall.event(staff)
        hall.do(changing.cancel, hall.clock, staff, gone, reason="Rain")
        refused(hall, EventClosedError, registering.register, hall.clock, members[0], gone)
        running = hall.event(staff)
        refused(hall, EventNotFoundError, registering.register, hall.clock, members[0], uuid4())
        hall.clock.move(timedelta(days=7, hours=1))
        refused(hall, EventClosedError, registering.register, hall.clock, members[0], running)
        hall.clock.move(timedelta(hours=2))
        refused(hall, EventClosedError, registering.register, hall.clock, members[0], running)

    def test_a_draft_does_not_exist_for_members(
        self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID]
    ) -> None:
        draft = hall.draft(staff).id
        steps = [(members[0], lambda session: registering.register(session, hall.clock, members[0], draft))]
        assert isinstance(at_once(app_dsn, steps)[0], EventNotFoundError)

    def test_full_without_waiting(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff, max_participants=1)
        hall.register(members[0], quiz)
        refused(hall, EventFullError, registering.register, hall.clock, members[1], quiz, wait=False)

    def test_no_limit(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff)
        for member in members:
            assert hall.register(member, quiz).status is RegistrationStatus.REGISTERED
        assert taken(hall, quiz) == (4, 0)


class TestWaiting:
    @pytest.fixture
    def quiz(self, hall: Hall, staff: UUID, members: list[UUID]) -> UUID:
        """One place, taken; two wait."""
        quiz = hall.event(staff, max_participants=1)
        for member in members[:3]:
            hall.register(member, quiz)
        return quiz

    def registration(self, hall: Hall, user_id: UUID, event_id: UUID) -> Registration:
        found = hall.do(registering.live_of, user_id, event_id)
        assert found is not None
        return found  # type: ignore[no-any-return]

    def leave(self, hall: Hall, user_id: UUID, event_id: UUID) -> None:
        found = self.registration(hall, user_id, event_id)
        hall.do(registering.cancel, hall.clock, found.id, user_id=user_id)

    def test_in_order(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        assert hall.statuses(quiz) == ["registered", "waiting", "waiting"]
        own = [hall.do(reading.own, member, after=None, limit=5)[0] for member in members[:3]]
        assert [each.waiting_before for each in own] == [None, 0, 1]
        assert hall.told(members[1]) == ["waiting"]

    def test_a_freed_place_is_offered_to_the_next(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        self.leave(hall, members[0], quiz)
        assert hall.statuses(quiz) == ["cancelled", "offered", "waiting"]
        offer = self.registration(hall, members[1], quiz)
        assert offer.offer_expires_at == hall.clock.now() + timedelta(hours=24)
        assert hall.told(members[1]) == ["waiting", "place_offered"]
        hall.do(registering.accept, hall.clock, members[1], offer.id)
        assert hall.statuses(quiz) == ["cancelled", "registered", "waiting"]
        assert taken(hall, quiz) == (1, 1)

    def test_nobody_jumps_the_queue(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        self.leave(hall, members[0], quiz)
        assert hall.register(members[3], quiz).status is RegistrationStatus.WAITING
        assert hall.statuses(quiz) == ["cancelled", "offered", "waiting", "waiting"]

    def test_an_offer_runs_out_and_goes_to_the_next(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        self.leave(hall, members[0], quiz)
        offer = self.registration(hall, members[1], quiz)
        hall.clock.move(timedelta(hours=24))
        refused(hall, OfferLapsedError, registering.accept, hall.clock, members[1], offer.id)
        hall.do(jobs.SETTLE_PLACES.run, hall.clock)
        assert hall.statuses(quiz) == ["cancelled", "lapsed", "offered"]
        assert hall.told(members[1])[-1] == "offer_lapsed"
        assert hall.told(members[2])[-1] == "place_offered"
        refused(hall, OfferLapsedError, registering.accept, hall.clock, members[1], offer.id)
        assert hall.do(places.sweep, hall.clock) == 0

    def test_an_offer_never_lasts_past_the_start(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        hall.clock.move(timedelta(days=6, hours=20))
        self.leave(hall, members[0], quiz)
        start = hall.clock.now() + timedelta(hours=4)
        assert self.registration(hall, members[1], quiz).offer_expires_at == start
        hall.clock.move(timedelta(hours=4))
        hall.do(jobs.SETTLE_PLACES.run, hall.clock)
        assert hall.statuses(quiz) == ["cancelled", "lapsed", "lapsed"]
        assert taken(hall, quiz) == (0, 0)

    def test_an_offer_ends_with_a_start_that_was_brought_forward(
        self, hall: Hall, quiz: UUID, staff: UUID, members: list[UUID]
    ) -> None:
        self.leave(hall, members[0], quiz)
        start = hall.clock.now() + timedelta(hours=3)
        hall.do(changing.change, hall.clock, staff, quiz, given(start, max_participants=1))
        assert self.registration(hall, members[1], quiz).offer_expires_at == start

    def test_how_long_is_the_events_choice(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff, max_participants=1, offer_hours=2)
        for member in members[:2]:
            hall.register(member, quiz)
        self.leave(hall, members[0], quiz)
        offer = self.registration(hall, members[1], quiz)
        assert offer.offer_expires_at == hall.clock.now() + timedelta(hours=2)

    def test_a_grown_capacity_is_offered(self, hall: Hall, quiz: UUID, staff: UUID, members: list[UUID]) -> None:
        event = hall.do(reading.get, quiz)
        wanted = given(event.start_time, max_participants=3)
        hall.do(changing.change, hall.clock, staff, quiz, wanted)
        assert hall.statuses(quiz) == ["registered", "offered", "offered"]
        assert [hall.told(each)[-1] for each in members[1:3]] == ["place_offered", "place_offered"]

    def test_a_second_offer_is_told_as_the_first(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        self.leave(hall, members[0], quiz)
        hall.clock.move(timedelta(hours=24))
        hall.do(jobs.SETTLE_PLACES.run, hall.clock)
        hall.register(members[1], quiz)
        self.leave(hall, members[2], quiz)
        assert hall.told(members[1]) == ["waiting", "place_offered", "offer_lapsed", "waiting", "place_offered"]

    def test_no_limit_any_more(self, hall: Hall, quiz: UUID, staff: UUID) -> None:
        event = hall.do(reading.get, quiz)
        hall.do(changing.change, hall.clock, staff, quiz, given(event.start_time))
        assert hall.statuses(quiz) == ["registered", "offered", "offered"]

    def test_nobody_takes_what_was_not_offered(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        waiting = self.registration(hall, members[1], quiz)
        refused(hall, RegistrationStateError, registering.accept, hall.clock, members[1], waiting.id)
        self.leave(hall, members[0], quiz)
        refused(hall, RegistrationNotFoundError, registering.accept, hall.clock, members[2], waiting.id)

    def test_whoever_declines_gives_it_on(self, hall: Hall, quiz: UUID, members: list[UUID]) -> None:
        self.leave(hall, members[0], quiz)
        self.leave(hall, members[1], quiz)
        assert hall.statuses(quiz) == ["cancelled", "cancelled", "offered"]


class TestCancelling:
    def test_somebody_elses(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        made = hall.register(members[0], hall.event(staff))
        refused(hall, RegistrationNotFoundError, registering.cancel, hall.clock, made.id, user_id=members[1])

    def test_twice_or_too_late(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff)
        made, other = hall.register(members[0], quiz), hall.register(members[1], quiz)
        hall.do(registering.cancel, hall.clock, made.id, user_id=members[0])
        refused(hall, RegistrationStateError, registering.cancel, hall.clock, made.id, user_id=members[0])
        hall.clock.move(timedelta(days=7))
        refused(hall, EventBegunError, registering.cancel, hall.clock, other.id, user_id=members[1])

    def test_by_staff_with_a_reason(self, hall: Hall, staff: UUID, members: list[UUID]) -> None:
        made = hall.register(members[0], hall.event(staff))
        refused(hall, CancellationReasonError, registering.cancel, hall.clock, made.id, actor_id=staff, reason=" ")
        hall.do(registering.cancel, hall.clock, made.id, actor_id=staff, reason="Asked by telephone")
        assert hall.told(members[0]) == ["registered", "registration_cancelled"]
        acts = hall.sql("SELECT action, reason FROM admin.audit_logs WHERE action LIKE 'events.registration%'")
        assert acts == [("events.registration_cancelled", "Asked by telephone")]


class TestAtOnce:
    """Really parallel connections, each a member's as a request has it."""

    def test_the_last_seat_by_50_members(self, hall: Hall, app_dsn: str, staff: UUID) -> None:
        crowd = [hall.person(f"member{number}") for number in range(50)]
        quiz = hall.event(staff, max_participants=1)

        def step(member: UUID) -> Callable[[Any], Registration]:
            return lambda session: registering.register(session, hall.clock, member, quiz)

        results = at_once(app_dsn, [(member, step(member)) for member in crowd])
        found = [result.status for result in results if isinstance(result, Registration)]
        assert len(found) == 50, [result for result in results if isinstance(result, Exception)][:3]
        assert found.count(RegistrationStatus.REGISTERED) == 1
        assert taken(hall, quiz) == (1, 49)
        numbers = hall.sql("SELECT queue_number FROM registrations WHERE status = 'waiting' ORDER BY 1")
        assert [row[0] for row in numbers] == list(range(1, 50))

    def test_one_member_on_ten_devices(self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff)
        step = (members[0], lambda session: registering.register(session, hall.clock, members[0], quiz))
        results = at_once(app_dsn, [step] * 10)
        assert sum(isinstance(result, Registration) for result in results) == 1
        assert sum(isinstance(result, AlreadyRegisteredError) for result in results) == 9
        assert taken(hall, quiz) == (1, 0)

    @pytest.mark.parametrize("waiting", [0, 1])
    def test_a_freed_seat_against_new_registrations(
        self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID], waiting: int
    ) -> None:
        quiz = hall.event(staff, max_participants=1)
        holder = hall.register(members[0], quiz)
        for member in members[1 : 1 + waiting]:
            hall.register(member, quiz)
        late = [hall.person(f"late{number}") for number in range(8)]

        def step(member: UUID) -> Callable[[Any], Any]:
            return lambda session: registering.register(session, hall.clock, member, quiz)

        leaving = (
            members[0],
            lambda session: registering.cancel(session, hall.clock, holder.id, user_id=members[0]),
        )
        results = at_once(app_dsn, [*((member, step(member)) for member in late), leaving])
        assert not [result for result in results if isinstance(result, Exception)]
        assert taken(hall, quiz) == (1, 7 + waiting)
        if waiting:
            assert hall.statuses(quiz)[1] == "offered"
            assert "registered" not in hall.statuses(quiz)
        else:
            # Whoever came before the place was free waits first, and so is offered it.
            first = hall.sql(
                "SELECT status FROM registrations WHERE status <> 'cancelled' ORDER BY queue_number NULLS FIRST LIMIT 1"
            )
            assert first[0][0] in ("registered", "offered")

    def test_the_event_is_cancelled_while_members_register(
        self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID]
    ) -> None:
        quiz = hall.event(staff, max_participants=3)
        crowd = [*members, *(hall.person(f"more{number}") for number in range(12))]

        def step(member: UUID) -> Callable[[Any], Any]:
            return lambda session: registering.register(session, hall.clock, member, quiz)

        calling_off = (staff, lambda session: changing.cancel(session, hall.clock, staff, quiz, reason="Rain"))
        steps = [*((member, step(member)) for member in crowd[:8]), calling_off]
        steps += [(member, step(member)) for member in crowd[8:]]
        results = at_once(app_dsn, steps, staff=frozenset({staff}))
        made = [result for result in results if isinstance(result, Registration)]
        closed = [result for result in results if isinstance(result, EventClosedError)]
        assert len(made) + len(closed) == len(crowd), results
        assert hall.statuses(quiz) == ["cancelled"] * len(made)
        assert taken(hall, quiz) == (0, 0)
        for registration in made:
            assert hall.told(registration.user_id)[-1] == "called_off"

    def test_the_capacity_is_lowered_while_members_register(
        self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID]
    ) -> None:
        quiz = hall.event(staff, max_participants=10)
        crowd = [*members, *(hall.person(f"more{number}") for number in range(8))]
        event = hall.do(reading.get, quiz)

        def step(member: UUID) -> Callable[[Any], Any]:
            return lambda session: registering.register(session, hall.clock, member, quiz)

        lower = given(event.start_time, max_participants=5)
        lowering = (staff, lambda session: changing.change(session, hall.clock, staff, quiz, lower))
        steps = [*((member, step(member)) for member in crowd[:6]), lowering]
        steps += [(member, step(member)) for member in crowd[6:]]
        results = at_once(app_dsn, steps, staff=frozenset({staff}))
        done = results[6]
        registered = hall.statuses(quiz).count("registered")
        if isinstance(done, Exception):
            assert type(done).__name__ == "CapacityBelowTakenError"
            assert registered == 10
        else:
            assert registered == 5
        assert taken(hall, quiz) == (registered, 12 - registered)

    def test_two_take_one_offer(self, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID]) -> None:
        quiz = hall.event(staff, max_participants=1)
        holder = hall.register(members[0], quiz)
        waiting = hall.register(members[1], quiz)
        hall.do(registering.cancel, hall.clock, holder.id, user_id=members[0])
        step = (members[1], lambda session: registering.accept(session, hall.clock, members[1], waiting.id))
        results = at_once(app_dsn, [step] * 6)
        assert sum(isinstance(result, Registration) for result in results) == 1
        assert sum(isinstance(result, RegistrationStateError) for result in results) == 5
        assert taken(hall, quiz) == (1, 0)


def test_messages_speak_the_members_language(hall: Hall, whole_app: FastAPI, post: Post, staff: UUID) -> None:
    """The application is put together as every process is, so that the program's words are there."""
    awa = hall.person("awa", locale="fr")
    hall.register(awa, hall.event(staff, max_participants=1, time_zone="Africa/Dakar", price="5.00"))
    badu = hall.person("badu")
    hall.register(badu, hall.do(reading.listed, Filters(), after=None, limit=1)[0].event.id)
    french, english = post.letters("events.")
    assert french.subject == "Vous êtes inscrit\u00a0: Trivia night"
    for words in ("Bonjour Awa", "lundi 9 mars 2026", "(Africa/Dakar)", "5,00"):
        assert words in french.body, words
    assert english.subject == "You are on the waiting list: Trivia night"
    assert "Monday, March 9, 2026" in english.body


def test_who_had_paid_reads_that_it_is_given_back(
    hall: Hall, whole_app: FastAPI, post: Post, staff: UUID, members: list[UUID]
) -> None:
    quiz = hall.event(staff, price="5.00")
    paid, unpaid = (hall.register(each, quiz) for each in members[:2])
    hall.do(paying.record, hall.clock, staff, paid.id, channel="cash")
    for each in (paid, unpaid):
        hall.do(registering.cancel, hall.clock, each.id, actor_id=staff, reason="The hall is smaller")
    *_registered, of_paid, of_unpaid = post.letters("events.")
    assert "What you paid is given back" in of_paid.body
    assert "given back" not in of_unpaid.body


def test_who_leaves_gives_their_places_to_others(hall: Hall, staff: UUID, members: list[UUID]) -> None:
    quiz = hall.event(staff, max_participants=1)
    past = hall.event(staff, start_time=hall.soon(1))
    for member in members[:2]:
        hall.register(member, quiz)
        hall.register(member, past)
    hall.clock.move(timedelta(days=2))
    erase = personal_data.PART.erase
    assert erase is not None
    hall.do(erase, hall.clock, members[0])
    assert hall.statuses(quiz) == ["cancelled", "offered"]
    assert hall.statuses(past) == ["registered", "registered"]


def test_a_place_passes_over_who_is_suspended(hall: Hall, staff: UUID, members: list[UUID]) -> None:
    quiz = hall.event(staff, max_participants=1)
    holder, suspended, next_one, last = members[:4]
    place = hall.register(holder, quiz)
    for each in (suspended, next_one, last):
        hall.register(each, quiz)
    hall.do(set_active, hall.clock, user_id=suspended, active=False, actor_id=None, reason="Rude")
    hall.do(registering.cancel, hall.clock, place.id, user_id=holder)
    assert hall.statuses(quiz) == ["cancelled", "lapsed", "offered", "waiting"]
    assert (hall.told(suspended), hall.told(next_one)) == (["waiting"], ["waiting", "place_offered"])


def test_who_waits_behind_the_suspended_alone_waits_for_nothing(hall: Hall, staff: UUID, members: list[UUID]) -> None:
    quiz = hall.event(staff, max_participants=1)
    holder, suspended, newcomer = members[:3]
    place = hall.register(holder, quiz)
    hall.register(suspended, quiz)
    hall.do(set_active, hall.clock, user_id=suspended, active=False, actor_id=None, reason="Rude")
    assert hall.do(places.unsettled, hall.clock.now()) == []
    hall.do(registering.cancel, hall.clock, place.id, user_id=holder)
    assert hall.register(newcomer, quiz).status == "registered"


@pytest.mark.parametrize("turn", range(4))
def test_who_leaves_while_staff_call_it_off(
    evenings: Evenings, hall: Hall, app_dsn: str, staff: UUID, members: list[UUID], turn: int
) -> None:
    del evenings  # everything that an account gives up when it is closed is known
    quizzes = [hall.event(staff, start_time=hall.soon(7 + number)) for number in range(3)]
    for each in quizzes:
        hall.register(members[0], each)
    clock = hall.clock

    def leave(session: Session) -> None:
        close_account(session, clock, members[0], actor_id=None, reason="Moved away")

    def call_off(event_id: UUID) -> Callable[[Session], Any]:
        return lambda session: changing.cancel(session, clock, staff, event_id, reason="Rain")

    steps = [leave, *(call_off(each) for each in quizzes)]
    results = at_once(app_dsn, [(None, each) for each in steps[turn:] + steps[:turn]])
    assert [each for each in results if isinstance(each, Exception)] == []
    assert {status for each in quizzes for status in hall.statuses(each)} == {"cancelled"}
