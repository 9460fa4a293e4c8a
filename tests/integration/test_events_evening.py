"""What comes of an evening: streaks and badges, results, points for special activities, connections, invitations."""

from collections.abc import Callable
from uuid import UUID

import pytest

from guerdon.kernel.identity.service.closing import close_account
from guerdon.programs.events.evening_errors import (
    AbsenteeError,
    AwardNotFoundError,
    AwardTitleError,
    ConnectedAlreadyError,
    ConnectionNotFoundError,
    EventNotStartedError,
    InvitationNotFoundError,
    InvitedAlreadyError,
    InvitedByThemError,
    MeetingCodeUnknownError,
    NotBothThereError,
    NotNewError,
    OwnAwardError,
    OwnConnectionError,
    OwnInvitationError,
    OwnResultError,
    PlaceInvalidError,
    PointsInvalidError,
    ReasonRequiredError,
    ResultNotFoundError,
    SentTwiceError,
)
from guerdon.programs.events.models import Invitation
from guerdon.programs.events.seeds import weeks_held
from guerdon.programs.events.service import connections, history, invitations, results, specials, undoing
from guerdon.programs.events.service.connections import MeetingCodes
from guerdon.programs.events.service.results import Placing
from support.evenings import Evenings

CODES = MeetingCodes(b"m" * 32)


@pytest.fixture
def staff(evenings: Evenings) -> UUID:
    """Who keeps the door and enters results."""
    return evenings.hall.person("keeper", "staff")


@pytest.fixture
def named(evenings: Evenings) -> Callable[[str], UUID]:
    """Opens the account of a member."""
    return evenings.hall.person


def badges(evenings: Evenings, user_id: UUID) -> dict[str, int]:
    """What the seed's query says of a member's badges."""
    rows = evenings.hall.sql(
        "SELECT b.name, ub.level FROM user_badges ub JOIN badges b ON b.id = ub.badge_id WHERE ub.user_id = %s",
        [user_id],
    )
    return {row[0]: row[1] for row in rows}


class TestStreaksAndBadges:
    def test_four_weeks_bring_rising_bonuses_and_badges(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron = named("heron")
        for event_type in ("trivia_night", "social", "workshop", "talk"):
            evenings.attend(evenings.event(event_type=event_type, points=10), heron, staff)
            evenings.move(days=7)
        points = evenings.points(heron)
        assert [amount for kind, amount in points if kind == "events.attended"] == [10] * 4
        bonus = {kind for kind, _ in points if "streak" in kind}
        assert [amount for kind, amount in points if kind in bonus] == [5, 10, 15, 20]
        assert badges(evenings, heron) == {
            "Event Explorer": 4,
            "Consistent Attendee": 2,
            "Four weeks in a row": 1,
        }
        told = evenings.hall.sql(
            "SELECT transaction_type, description, event_id IS NOT NULL FROM points_transactions ORDER BY id LIMIT 6"
        )
        assert told == [
            ("events.attended", "Quiz", True),
            ("streak.bonus", "1 week", False),
            ("badge.reward", "Event Explorer, level 1", False),
            ("events.attended", "Quiz", True),
            ("streak.bonus", "2 weeks in a row", False),
            ("badge.reward", "Event Explorer, level 2", False),
        ]
        assert [(each.event.event_type, each.points) for each in evenings.hall.do(history.attended, heron)] == [
            ("talk", 10),
            ("workshop", 10),
            ("social", 10),
            ("trivia_night", 10),
        ]

    def test_a_week_without_events_is_neutral_and_a_missed_one_breaks(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron = named("heron")
        for _ in range(2):
            evenings.attend(evenings.event(), heron, staff)
            evenings.move(days=7)
        evenings.move(days=7)  # nothing took place in this week
        evenings.attend(evenings.event(), heron, staff)
        assert badges(evenings, heron)["Consistent Attendee"] == 2  # three in a row
        evenings.move(days=7)
        evenings.event()  # without the member
        evenings.move(days=7)
        evenings.attend(evenings.event(), heron, staff)
        last = [amount for kind, amount in evenings.points(heron) if "streak" in kind][-1]
        assert last == 5

    def test_weeks_held_are_those_of_published_events_on_the_community_s_clock(self, evenings: Evenings) -> None:
        evenings.event()
        [(week,)] = evenings.hall.sql("SELECT date_trunc('week', start_time AT TIME ZONE 'UTC')::date FROM events")
        later = week.replace(day=week.day + 14)
        assert evenings.hall.do(weeks_held, week, later) == {week}
        assert evenings.hall.do(weeks_held, later, later.replace(day=later.day + 7)) == frozenset()
        evenings.hall.sql("UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain'")
        assert evenings.hall.do(weeks_held, week, later) == frozenset()


class TestResults:
    def enter(self, evenings: Evenings, event_id: UUID, staff: UUID, *placings: tuple[UUID, int]) -> None:
        evenings.hall.do(
            results.enter_results,
            evenings.clock,
            event_id,
            [Placing(*each) for each in placings],
            actor_id=staff,
        )

    def evening(self, evenings: Evenings, staff: UUID, *people: UUID) -> UUID:
        event_id = evenings.event()
        for each in people:
            evenings.attend(event_id, each, staff)
        evenings.move(hours=1, minutes=30)
        return event_id

    def test_a_trivia_night_won_counts_for_the_badge(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        event_id = self.evening(evenings, staff, heron, ibis)
        self.enter(evenings, event_id, staff, (heron, 1), (ibis, 2))
        assert badges(evenings, heron)["Trivia Master"] == 1
        assert "Trivia Master" not in badges(evenings, ibis)
        before = evenings.hall.snapshot()
        self.enter(evenings, event_id, staff, (heron, 1), (ibis, 2))  # stands already
        assert evenings.hall.snapshot() == before

    def test_a_corrected_place_takes_back_what_it_earned(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        event_id = self.evening(evenings, staff, heron, ibis)
        self.enter(evenings, event_id, staff, (heron, 1))
        self.enter(evenings, event_id, staff, (heron, 2), (ibis, 1))
        assert [(each.name, each.result.placed) for each in evenings.hall.do(results.results_of, event_id)] == [
            ("Ibis", 1),
            ("Heron", 2),
        ]
        assert "Trivia Master" in badges(evenings, ibis)
        [counted] = evenings.hall.sql(
            "SELECT c.value FROM engagement.counters c JOIN engagement.metrics m ON m.id = c.metric_id"
            " WHERE m.code = 'trivia_wins' AND c.period = 'life' AND c.owner_id = %s AND c.value > 0"
            " UNION ALL SELECT 0 LIMIT 1",
            [heron],
        )
        assert counted == (0,)

    def test_absentees_oneself_nonsense_and_too_early(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        event_id = evenings.event()
        evenings.attend(event_id, heron, staff)
        evenings.register(event_id, ibis)
        evenings.refused(EventNotStartedError, lambda: self.enter(evenings, event_id, staff, (heron, 1)))
        evenings.move(hours=1, minutes=1)
        error = evenings.refused(AbsenteeError, lambda: self.enter(evenings, event_id, staff, (heron, 1), (ibis, 2)))
        assert "Ibis" in str(error)
        evenings.refused(OwnResultError, lambda: self.enter(evenings, event_id, staff, (staff, 1)))
        evenings.refused(SentTwiceError, lambda: self.enter(evenings, event_id, staff, (heron, 1), (heron, 2)))
        for placed in (0, -1, 101):
            evenings.refused(
                PlaceInvalidError, lambda placed=placed: self.enter(evenings, event_id, staff, (heron, placed))
            )

    def test_is_withdrawn_with_a_reason_and_with_its_check_in(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron = named("heron")
        event_id = self.evening(evenings, staff, heron)
        self.enter(evenings, event_id, staff, (heron, 1))
        [first] = evenings.hall.do(results.results_of, event_id)

        def withdraw(reason: str) -> None:
            evenings.hall.do(results.withdraw_result, evenings.clock, first.result.id, actor_id=staff, reason=reason)

        evenings.refused(ReasonRequiredError, lambda: withdraw(" "))
        withdraw("The wrong team")
        evenings.refused(ResultNotFoundError, lambda: withdraw("The wrong team"))
        self.enter(evenings, event_id, staff, (heron, 3))
        [(attendance_id,)] = evenings.hall.sql("SELECT id FROM event_attendees")
        evenings.hall.do(
            undoing.undo_check_in, evenings.clock, attendance_id, actor_id=staff, reason="Not there at all"
        )
        assert evenings.hall.do(results.results_of, event_id) == []
        assert evenings.hall.do(history.attended, heron) == []


class TestSpecialActivities:
    def give(self, evenings: Evenings, user_id: UUID, staff: UUID, **changes: object) -> UUID:
        given = {"points": 15, "title": "Put the chairs away", "reason": "Stayed until the end", **changes}
        made = evenings.hall.do(specials.award, evenings.clock, user_id, actor_id=staff, **given)
        return UUID(str(made.id))

    def test_gives_points_with_a_reason_and_takes_them_back(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron = named("heron")
        award_id = self.give(evenings, heron, staff)
        assert evenings.points(heron) == [("events.special", 15)]

        def withdraw() -> None:
            evenings.hall.do(
                specials.withdraw_award, evenings.clock, award_id, actor_id=staff, reason="The wrong member"
            )

        withdraw()
        assert evenings.points(heron) == [("events.special", 15), ("events.special", -15)]
        evenings.refused(AwardNotFoundError, withdraw)

    def test_refusals(self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]) -> None:
        heron = named("heron")
        event_id = evenings.event()
        evenings.register(event_id, heron)
        for error, changes in (
            (AbsenteeError, {"event_id": event_id}),
            (PointsInvalidError, {"points": 0}),
            (PointsInvalidError, {"points": -5}),
            (PointsInvalidError, {"points": 1001}),
            (AwardTitleError, {"title": "  "}),
            (ReasonRequiredError, {"reason": ""}),
        ):
            evenings.refused(error, lambda changes=changes: self.give(evenings, heron, staff, **changes))
        evenings.refused(OwnAwardError, lambda: self.give(evenings, staff, staff))


class TestConnections:
    @pytest.fixture
    def met(self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]) -> tuple[UUID, UUID, UUID]:
        """An event and two who were there."""
        heron, ibis = named("heron"), named("ibis")
        event_id = evenings.event()
        for each in (heron, ibis):
            evenings.attend(event_id, each, staff)
        return event_id, heron, ibis

    def ask(self, evenings: Evenings, event_id: UUID, user_id: UUID, other: UUID) -> UUID:
        made = evenings.hall.do(connections.request, evenings.clock, event_id, user_id, other)
        return UUID(str(made.id))

    def test_both_agree_and_both_have_it(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        connection_id = self.ask(evenings, event_id, heron, ibis)
        assert "Social Butterfly" not in badges(evenings, heron)
        evenings.refused(
            ConnectionNotFoundError,
            lambda: evenings.hall.do(connections.agree, evenings.clock, connection_id, heron),
        )
        evenings.hall.do(connections.agree, evenings.clock, connection_id, ibis)
        for each in (heron, ibis):
            assert badges(evenings, each)["Social Butterfly"] == 1
        evenings.refused(ConnectedAlreadyError, lambda: self.ask(evenings, event_id, ibis, heron))

    def test_who_asks_back_agrees(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        self.ask(evenings, event_id, heron, ibis)
        evenings.refused(ConnectedAlreadyError, lambda: self.ask(evenings, event_id, heron, ibis))
        self.ask(evenings, event_id, ibis, heron)
        assert evenings.hall.sql("SELECT status FROM connections") == [("agreed",)]

    def test_who_keeps_out_of_the_list_is_asked_by_their_code_alone(
        self, evenings: Evenings, met: tuple[UUID, UUID, UUID]
    ) -> None:
        event_id, heron, ibis = met
        evenings.hall.sql("UPDATE identity.profiles SET is_profile_public = false WHERE user_id = %s", [ibis])
        evenings.refused(NotBothThereError, lambda: self.ask(evenings, event_id, heron, ibis))
        self.ask(evenings, event_id, ibis, heron)
        self.ask(evenings, event_id, heron, ibis)
        assert evenings.hall.sql("SELECT status FROM connections") == [("agreed",)]

    def test_a_code_reaches_who_keeps_out_of_the_list(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        evenings.hall.sql("UPDATE identity.profiles SET is_profile_public = false WHERE user_id = %s", [ibis])
        evenings.hall.do(connections.request, evenings.clock, event_id, heron, ibis, by_code=True)
        assert evenings.hall.sql("SELECT status FROM connections") == [("requested",)]

    def test_declined_it_can_be_asked_again(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        first = self.ask(evenings, event_id, heron, ibis)
        evenings.hall.do(connections.decline, evenings.clock, first, ibis)
        assert self.ask(evenings, event_id, heron, ibis) != first

    def test_codes_find_whom_they_were_made_for(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        theirs = evenings.hall.do(connections.own_attendance, event_id, ibis)
        fellows = evenings.hall.do(connections.fellows, event_id, heron)
        code = CODES.code(theirs.id)
        assert CODES.find(fellows, f" {code[:4].lower()}-{code[4:]}").user_id == ibis
        own = evenings.hall.do(connections.own_attendance, event_id, heron)
        for wrong in ("", "0000-0000", CODES.code(own.id), MeetingCodes(b"x" * 32).code(theirs.id)):
            with pytest.raises(MeetingCodeUnknownError):
                CODES.find(fellows, wrong)

    def test_not_with_oneself_nor_absentees_nor_strangers(
        self, evenings: Evenings, met: tuple[UUID, UUID, UUID], named: Callable[[str], UUID]
    ) -> None:
        event_id, heron, ibis = met
        absent = named("neem")
        evenings.register(event_id, absent)
        evenings.refused(OwnConnectionError, lambda: self.ask(evenings, event_id, heron, heron))
        for pair in ((heron, absent), (absent, ibis), (heron, UUID(int=1))):
            evenings.refused(NotBothThereError, lambda pair=pair: self.ask(evenings, event_id, *pair))
        elsewhere = evenings.event()
        evenings.refused(NotBothThereError, lambda: self.ask(evenings, elsewhere, heron, ibis))

    def test_blocked_neither_sees_nor_asks_the_other(self, evenings: Evenings, met: tuple[UUID, UUID, UUID]) -> None:
        event_id, heron, ibis = met
        self.ask(evenings, event_id, heron, ibis)
        evenings.hall.do(connections.block, evenings.clock, ibis, heron)
        assert evenings.hall.sql("SELECT status FROM connections") == [("declined",)]
        for one, other in ((heron, ibis), (ibis, heron)):
            assert evenings.hall.do(connections.fellows, event_id, one) == []
            evenings.refused(NotBothThereError, lambda pair=(one, other): self.ask(evenings, event_id, *pair))
        assert [name for _, name in evenings.hall.do(connections.blocked_by, ibis)] == ["Heron"]
        evenings.hall.do(connections.unblock, ibis, heron)
        self.ask(evenings, event_id, heron, ibis)

    def test_goes_with_the_check_in(self, evenings: Evenings, met: tuple[UUID, UUID, UUID], staff: UUID) -> None:
        event_id, heron, ibis = met
        evenings.hall.do(connections.agree, evenings.clock, self.ask(evenings, event_id, heron, ibis), ibis)
        own = evenings.hall.do(connections.own_attendance, event_id, ibis)
        evenings.hall.do(undoing.undo_check_in, evenings.clock, own.id, actor_id=staff, reason="Not there")
        assert evenings.hall.do(connections.known, heron) == []
        assert evenings.hall.sql(
            "SELECT count(*) FROM engagement.activity_withdrawals w JOIN engagement.activities a"
            " ON (a.owner_id, a.id) = (w.owner_id, w.activity_id) WHERE a.kind = 'events.connected'"
        ) == [(2,)]


class TestInvitations:
    def link(self, evenings: Evenings, user_id: UUID) -> str:
        return str(evenings.hall.do(invitations.link_of, evenings.clock, user_id).code)

    def accept(self, evenings: Evenings, user_id: UUID, code: str) -> None:
        evenings.hall.do(invitations.accept, evenings.clock, user_id, code)

    def test_counts_with_the_first_attendance_and_once(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        self.accept(evenings, ibis, self.link(evenings, heron).lower())
        assert badges(evenings, heron) == {}
        attendance = evenings.attend(evenings.event(), ibis, staff)
        assert badges(evenings, heron) == {"Community Builder": 1}
        evenings.attend(evenings.event(), ibis, staff)
        assert evenings.hall.sql("SELECT count(*) FROM engagement.activities WHERE kind = 'events.brought'") == [(1,)]
        assert [each.attendance_id for each in self.invited(evenings, heron)] == [attendance.id]

    def test_who_was_invited_by_somebody_who_has_left_is_let_in(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        self.accept(evenings, ibis, self.link(evenings, heron))
        evenings.hall.do(close_account, evenings.clock, heron, actor_id=None, reason="Moved away")
        first, _second = (evenings.attend(evenings.event(), ibis, staff) for _ in range(2))
        evenings.hall.do(undoing.undo_check_in, evenings.clock, first.id, actor_id=staff, reason="Somebody else")
        assert evenings.sum(ibis, "events.attended") == 10
        assert evenings.sum(heron) == 0

    def invited(self, evenings: Evenings, user_id: UUID) -> list[Invitation]:
        return [each.invitation for each in evenings.hall.do(invitations.invited_by, user_id)]

    def test_whoever_came_elsewhere_too_still_counts_when_the_first_time_is_taken_back(
        self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]
    ) -> None:
        heron, ibis = named("heron"), named("ibis")
        self.accept(evenings, ibis, self.link(evenings, heron))
        first, second = (evenings.attend(evenings.event(), ibis, staff) for _ in range(2))
        earned = evenings.sum(heron)
        for undone, stands in ((first, second), (second, None)):
            evenings.hall.do(undoing.undo_check_in, evenings.clock, undone.id, actor_id=staff, reason="Somebody else")
            [invitation] = self.invited(evenings, heron)
            assert invitation.attendance_id == (stands and stands.id)
            assert (evenings.sum(heron), badges(evenings, heron)) == (
                (earned, {"Community Builder": 1}) if stands else (0, {})
            )
        # and the next first time counts again
        third = evenings.attend(evenings.event(), ibis, staff)
        assert [each.attendance_id for each in self.invited(evenings, heron)] == [third.id]
        assert evenings.sum(heron) == earned

    def test_refusals(self, evenings: Evenings, staff: UUID, named: Callable[[str], UUID]) -> None:
        heron, ibis, neem, old = (named(name) for name in ("heron", "ibis", "neem", "acacia"))
        codes = {each: self.link(evenings, each) for each in (heron, ibis, neem)}
        assert self.link(evenings, heron) == codes[heron]
        evenings.attend(evenings.event(), old, staff)
        self.accept(evenings, ibis, codes[heron])
        self.accept(evenings, ibis, codes[heron])
        for error, user_id, code in (
            (InvitationNotFoundError, neem, "0000-0000-0000"),
            (OwnInvitationError, heron, codes[heron]),
            (NotNewError, old, codes[heron]),
            (InvitedAlreadyError, ibis, codes[neem]),
            (InvitedByThemError, heron, codes[ibis]),
        ):
            evenings.refused(error, lambda each=(user_id, code): self.accept(evenings, *each))
