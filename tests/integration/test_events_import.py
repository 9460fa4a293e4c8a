"""A community comes from another system: all is here as it was there and nothing is paid twice, or nothing comes in."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from guerdon.kernel.engagement.activities.service.rebuilding import differences
from guerdon.kernel.identity.passwords import verify as password_fits
from guerdon.kernel.identity.service.closing import close_account
from guerdon.kernel.ledger.service import verify
from guerdon.programs.events.errors import EventCurrencyError
from guerdon.programs.events.service import changing
from guerdon.programs.events.service.importing import Report, import_tables
from support.databases import DatabaseFactory, on_database
from support.evenings import Evenings
from support.pine_time import PASSWORD, PineTime, changed

Files = dict[str, bytes]


@pytest.fixture
def pine_time(evenings: Evenings, database_factory: DatabaseFactory) -> Iterator[PineTime]:
    """The former system, with all that happened there."""
    name = database_factory.create()
    made = PineTime(on_database(database_factory.server.owner_dsn, name), evenings.clock.now())
    made.fill()
    yield made
    database_factory.drop(name)


@pytest.fixture
def files(pine_time: PineTime) -> Files:
    """Its tables as files."""
    return pine_time.written()


@pytest.fixture
def bring(evenings: Evenings) -> Callable[..., Report]:
    """Imports files in a transaction."""

    def call(files: Files, **options: Any) -> Report:
        report: Report = evenings.hall.do(
            import_tables, evenings.clock, files, source="pine-time", currency="USD", locale="fr", **options
        )
        return report

    return call


# The same questions to the seed's relations, there and here.
SAME = {
    "users": "SELECT lower(email), username, full_name, is_active, created_at FROM users ORDER BY 1",
    "events": "SELECT title, description, location, start_time, end_time, max_participants, points_reward, is_active,"
    " created_at FROM events ORDER BY 1",
    "payments": "SELECT lower(u.email), e.title, p.amount_paid::numeric(9, 2) FROM payment AS p JOIN users AS u"
    " ON u.id = p.user_id JOIN events AS e ON e.id = p.event_id WHERE p.amount_paid > 0 ORDER BY 1, 2",
    "attendees": "SELECT lower(u.email), e.title, a.check_in_time, a.check_out_time FROM event_attendees AS a"
    " JOIN users AS u ON u.id = a.user_id JOIN events AS e ON e.id = a.event_id WHERE a.check_out_time IS NOT NULL"
    " ORDER BY 1, 2",
    "points": "SELECT lower(u.email), p.points, p.description, p.transaction_date FROM points_transactions AS p"
    " JOIN users AS u ON u.id = p.user_id ORDER BY 4, 1, 2",
}


class TestComingIn:
    def test_everything_is_here_as_it_was_there(
        self, evenings: Evenings, pine_time: PineTime, files: Files, bring: Callable[..., Report]
    ) -> None:
        report = bring(files)
        assert report.faults == []
        assert +report.new == {
            "users": 4,
            "events": 5,
            "registrations": 11,
            "event_attendees": 5,
            "payment": 3,
            "user_badges": 2,
            "points_transactions": 4,
        }
        for question in SAME.values():
            assert evenings.hall.sql(question) == pine_time.run(question)
        stand = evenings.hall.sql(
            "SELECT u.username, e.title, r.status, r.payment_status, r.is_walk_in FROM registrations AS r"
            " JOIN users AS u ON u.id = r.user_id JOIN events AS e ON e.id = r.event_id ORDER BY 1, 2"
        )
        assert stand == [
            ("ada", "Games", "attended", "not_required", False),
            ("ada", "Next", "registered", "not_required", False),
            ("ada", "Quiz", "attended", "paid", False),
            ("ada", "Walk", "attended", "not_required", False),
            ("ben", "Games", "cancelled", "not_required", False),
            ("ben", "Next", "waiting", "not_required", False),
            ("ben", "Quiz", "registered", "paid", False),
            ("ben", "Rain", "cancelled", "not_required", False),
            ("cleo", "Quiz", "attended", "paid", False),
            ("cleo", "Walk", "attended", "not_required", True),
            ("dan", "Quiz", "cancelled", "pending", False),
        ]
        assert evenings.hall.sql(
            "SELECT u.username, b.name, ub.level FROM user_badges AS ub JOIN badges AS b ON b.id = ub.badge_id"
            " JOIN users AS u ON u.id = ub.user_id ORDER BY 1, 2"
        ) == [
            ("ada", "Consistent Attendee", 2),
            ("ada", "Event Explorer", 4),
            ("cleo", "Event Explorer", 2),
            ("cleo", "Trivia Master", 2),
        ]
        assert evenings.hall.sql("SELECT code, name FROM event_types WHERE code = 'game_night'") == [
            ("game_night", "Game Night")
        ]

    def test_books_and_counters_are_sound_and_nobody_is_told_or_raised(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        report = bring(files)
        with evenings.hall.database.transaction() as session:
            assert verify(session) == []
        with evenings.hall.database.transaction() as session:
            owners = [owner_id for (owner_id,) in evenings.hall.sql("SELECT id FROM identity.users")]
            assert differences(session, owners).changes == []
        assert evenings.hall.sql("SELECT count(*) FROM notifications.outbox") == [(0,)]
        assert evenings.hall.sql("SELECT DISTINCT roles FROM identity.users WHERE email LIKE '%%pine.example'") == [
            (["user"],)
        ]
        assert evenings.hall.sql("SELECT DISTINCT locale FROM identity.users WHERE email LIKE '%%pine.example'") == [
            ("fr",)
        ]
        assert report.notes == [
            "Have no password that can be read, and set one by mail (rows 4)",
            "Were more than members there; give them their roles by hand (rows 2)",
            "Registrations that are called attended and have no check-in: they came at the start (rows 4)",
        ]
        [(stored,)] = evenings.hall.sql(
            "SELECT password_hash FROM identity.credentials AS c JOIN identity.users AS u ON u.id = c.user_id"
            " WHERE u.username = 'ben'"
        )
        assert password_fits(PASSWORD, stored)[0]

    def test_what_was_paid_there_is_not_paid_again_and_what_follows_is(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        [(ada,)] = evenings.hall.sql("SELECT id FROM users WHERE username = 'ada'")
        assert evenings.sum(ada) == 10 + 30 - 15
        keeper = evenings.hall.person("keeper", "staff")
        evenings.attend(evenings.event(event_type="trivia_night", points=7), ada, keeper)
        # Three weeks in a row came along, so this one is the fourth: its bonus, and the badge for four weeks.
        assert evenings.sum(ada) == 25 + 7 + 20 + 25

    def test_an_account_that_is_here_is_joined_and_stays_as_it_is(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        ada = evenings.hall.person("ada", "staff")
        evenings.hall.sql("UPDATE identity.users SET email = 'ADA@pine.example', username = 'ben' WHERE id = %s", [ada])
        report = bring(files)
        assert report.faults == []
        assert report.new["users"] == 3
        assert evenings.hall.sql("SELECT name, roles, username FROM identity.users WHERE id = %s", [ada]) == [
            ("Ada", ["user", "staff"], "ben")
        ]
        assert evenings.sum(ada) == 25
        assert "without their user name" in report.notes[0]


class TestAgain:
    def test_the_same_files_change_nothing(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        before = {name: rows for name, rows in evenings.hall.snapshot().items() if name != "admin.audit_logs"}
        report = bring(files)
        assert report.faults == []
        assert +report.new == {}
        after = evenings.hall.snapshot()
        assert {name: after[name] for name in before} == before

    def test_what_was_added_meanwhile_comes_too(
        self, evenings: Evenings, pine_time: PineTime, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        pine_time.run("INSERT INTO event_attendees (user_id, event_id) VALUES (2, 1)")
        pine_time.run("INSERT INTO points_transactions (user_id, points, transaction_type) VALUES (2, 10, 'late')")
        pine_time.run(
            "UPDATE points_transactions SET transaction_date = %s WHERE user_id = 2",
            (evenings.clock.now() - timedelta(days=1),),
        )
        report = bring(pine_time.written())
        assert report.faults == []
        assert +report.new == {"event_attendees": 1, "points_transactions": 1}
        [(ben,)] = evenings.hall.sql("SELECT id FROM users WHERE username = 'ben'")
        assert evenings.sum(ben) == 10

    def test_who_is_called_attended_since_has_come(
        self, evenings: Evenings, pine_time: PineTime, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        pine_time.run("UPDATE registrations SET status = 'attended' WHERE user_id = 2 AND event_id = 1")
        report = bring(pine_time.written())
        assert report.faults == []
        assert +report.new == {"event_attendees": 1}
        assert evenings.hall.sql(
            "SELECT r.status FROM registrations AS r JOIN users AS u ON u.id = r.user_id"
            " JOIN events AS e ON e.id = r.event_id WHERE u.username = 'ben' AND e.title = 'Quiz'"
        ) == [("attended",)]

    def test_two_systems_may_use_the_same_numbers(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        alone = {name: files[name] for name in ("users", "events")}
        report = evenings.hall.do(import_tables, evenings.clock, alone, source="oak-time", currency="USD", locale="fr")
        assert +report.new == {"events": 5}

    def test_who_has_left_since_does_not_come_back(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        [(ada,)] = evenings.hall.sql("SELECT id FROM users WHERE username = 'ada'")
        evenings.hall.do(close_account, evenings.clock, ada, actor_id=ada, reason="leaving")
        people = evenings.hall.sql("SELECT count(*) FROM identity.users")
        report = bring(files)
        assert report.faults == []
        assert +report.new == {}
        assert "Have closed their accounts here" in report.notes[0]
        assert evenings.hall.sql("SELECT count(*) FROM identity.users") == people
        assert evenings.hall.sql("SELECT deleted_at IS NULL FROM identity.users WHERE id = %s", [ada]) == [(False,)]

    def test_whose_account_was_joined_and_closed_does_not_come_back_either(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        ada = evenings.hall.person("ada")
        evenings.hall.sql("UPDATE identity.users SET email = 'ada@pine.example' WHERE id = %s", [ada])
        bring(files)
        evenings.hall.do(close_account, evenings.clock, ada, actor_id=ada, reason="leaving")
        report = bring(files)
        assert report.faults == []
        assert +report.new == {}
        again = evenings.hall.person("again")  # who comes back begins anew
        evenings.hall.sql("UPDATE identity.users SET email = 'Ada@pine.example' WHERE id = %s", [again])
        assert +bring(files).new == {}
        assert evenings.sum(again) == 0

    def test_nobody_more_is_registered_for_what_was_cancelled_here(
        self, evenings: Evenings, pine_time: PineTime, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        staff = evenings.hall.person("boss", "staff")
        [(event_id,)] = evenings.hall.sql("SELECT id FROM events WHERE title = 'Next'")
        evenings.hall.do(changing.cancel, evenings.clock, staff, event_id, reason="Snow")
        pine_time.run("INSERT INTO registrations (user_id, event_id) VALUES (3, 5)")
        before = evenings.hall.snapshot()
        report = bring(pine_time.written())
        assert [(each.table, each.row, each.problem) for each in report.faults] == [
            ("events", 6, "1 more are registered for it, and it is cancelled here")
        ]
        assert evenings.hall.snapshot() == before

    def test_who_waited_and_came_all_the_same_was_there(
        self, evenings: Evenings, pine_time: PineTime, bring: Callable[..., Report]
    ) -> None:
        pine_time.run("UPDATE registrations SET status = 'waitlisted' WHERE user_id = 3")
        report = bring(pine_time.written())
        assert report.faults == []
        assert evenings.hall.sql(
            "SELECT r.status FROM registrations AS r JOIN users AS u ON u.id = r.user_id WHERE u.username = 'cleo'"
        ) == [("attended",), ("attended",)]

    def test_who_waits_here_cannot_have_come(
        self, evenings: Evenings, pine_time: PineTime, files: Files, bring: Callable[..., Report]
    ) -> None:
        bring(files)
        pine_time.run("INSERT INTO event_attendees (user_id, event_id) VALUES (2, 5)")
        before = evenings.hall.snapshot()
        report = bring(pine_time.written())
        assert [(each.table, each.column) for each in report.faults] == [("event_attendees", "user_id")]
        assert evenings.hall.snapshot() == before


class TestRefusals:
    @pytest.mark.parametrize(
        ("table", "was", "now", "fault"),
        [
            ("users", "Ben@pine.example", "ada@PINE.example", ("users", 2, "email", "more than once")),
            ("users", "Ben@pine.example", "ben at pine", ("users", 3, "email", "mail address")),
            ("users", "email,", "mail,", ("users", 1, "email", "no such column")),
            ("events", "Quiz,", ",", ("events", 2, "title", "required")),
            ("events", ",3,10,1,", ",2,10,1,", ("events", 2, "max_participants", "3 have a place")),
            ("events", ",3,10,1,", ",3,-1,1,", ("events", 2, "points_reward", "greater than or equal to 0")),
            ("events", "Quiz,", "\u200b,", ("events", 2, "title", "nothing can be read")),
            ("events", "Quiz,", "Q" * 256 + ",", ("events", 2, "title", "at most 255")),
            ("events", "2026-02-09 09:00:00+00", "1026-02-09 09:00:00+00", ("events", 2, "start_time", "before 2000")),
            ("events", "2026-02-09 09:00:00+00", "soon", ("events", 2, "start_time", "no date and time")),
            ("registrations", ",attended,", ",maybe,", ("registrations", 2, "status", "'maybe'")),
            ("registrations", "\n2,1,2,", "\n2,77,2,", ("registrations", 3, "user_id", "no row 77")),
            ("registrations", "\n2,1,2,", "\n1,1,2,", ("registrations", 3, "id", "twice")),
            (
                "registrations",
                "\n3,1,3,",
                "\n3,1,1,",
                ("registrations", 4, "user_id", "registered for this event already"),
            ),
            ("payment", ",5.00,", ",-5.00,", ("payment", 2, "amount_paid", "greater than or equal to 0")),
            ("payment", ",5.00,", ",NaN,", ("payment", 2, "amount_paid", "finite")),
            ("payment", ",5.00,", ",5.005,", ("payment", 2, "amount_paid", "decimals")),
            (
                "payment",
                "\n1,1,1,1,",
                "\n1,1,2,1,",
                ("payment", 2, "registration_id", "no registration of this member"),
            ),
            ("payment", "\n2,5,2,1,", "\n2,1,1,1,", ("payment", 3, "registration_id", "paid already")),
            ("badges", "Trivia Master", "Juggler", ("badges", 3, "name", "no badge 'Juggler'")),
            ("user_badges", "1,1,1,4,", "1,1,1,9,", ("user_badges", 2, "level", "less than or equal to 5")),
            ("points_transactions", ",30,", ",-30,", ("points_transactions", 3, "points", "")),
            ("points_transactions", ",30,", ",3.5,", ("points_transactions", 3, "points", "valid integer")),
            ("event_attendees", ",attended,", ",asleep,", ("event_attendees", 2, "status", "'asleep'")),
        ],
    )
    def test_each_fault_is_named_and_nothing_comes_in(
        self,
        evenings: Evenings,
        files: Files,
        bring: Callable[..., Report],
        table: str,
        was: str,
        now: str,
        fault: tuple[str, int, str, str],
    ) -> None:
        before = evenings.hall.snapshot()
        report = bring(changed(files, table, was, now))
        named = [(each.table, each.row, each.column, each.problem) for each in report.faults]
        assert any(each[:3] == fault[:3] and fault[3] in each[3] for each in named), named
        assert evenings.hall.snapshot() == before
        assert evenings.hall.sql("SELECT count(*) FROM identity.users WHERE email LIKE '%%pine.example'") == [(0,)]

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"\xff\xfe\x00", "UTF-8"),
            (b'id,email,full_name\n1,"a', "no CSV"),
            (b"id,email,full_name\n1,a@b.example\n", "2 cells"),
            (b"", "no such column"),
            (b"id,email,full_name\n1,a@b.example,A\0\n", "characters that no text has"),
        ],
    )
    def test_what_is_no_such_file_is_named(
        self, evenings: Evenings, bring: Callable[..., Report], content: bytes, problem: str
    ) -> None:
        report = bring({"users": content})
        assert any(problem in each.problem for each in report.faults), report.faults
        assert evenings.hall.sql("SELECT count(*) FROM identity.users") == [(0,)]

    def test_an_unknown_currency_is_refused(self, evenings: Evenings, files: Files) -> None:
        def call() -> None:
            evenings.hall.do(import_tables, evenings.clock, files, source="pine-time", currency="Shells", locale="fr")

        evenings.refused(EventCurrencyError, call)

    def test_a_dry_run_tells_all_and_brings_nothing(
        self, evenings: Evenings, files: Files, bring: Callable[..., Report]
    ) -> None:
        before = evenings.hall.snapshot()
        report = bring(files, dry_run=True)
        assert report.new["users"] == 4
        assert report.faults == []
        assert evenings.hall.snapshot() == before
