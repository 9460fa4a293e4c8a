"""What the tables of the events program refuse by themselves, whoever writes to them."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg

from support.events import Hall

EVENT = """
INSERT INTO events (title, event_type, location, start_time, end_time, max_participants, price_minor, currency, status,
    published_at)
VALUES ('Quiz', 'trivia_night', 'Hall', '2026-06-01 18:00+00', '2026-06-01 20:00+00', %s, %s, 'USD', 'published', now())
RETURNING id
"""


def event(hall: Hall, capacity: int | None = 2, price_minor: int = 0) -> UUID:
    found: UUID = hall.sql(EVENT, [capacity, price_minor])[0][0]
    return found


def register(hall: Hall, event_id: UUID, user_id: UUID, status: str = "registered") -> UUID:
    found: UUID = hall.sql(
        "INSERT INTO registrations (event_id, user_id, status) VALUES (%s, %s, %s) RETURNING id",
        [event_id, user_id, status],
    )[0][0]
    return found


def counts(hall: Hall, event_id: UUID) -> tuple[int, int]:
    row = hall.sql("SELECT places_taken, waiting FROM events WHERE id = %s", [event_id])[0]
    return int(row[0]), int(row[1])


def charge(hall: Hall, registration_id: UUID, amount_minor: int = 500, **more: Any) -> UUID:
    values = {"kind": "charge", "status": "paid", "refunds_id": None, **more}
    found: UUID = hall.sql(
        "INSERT INTO payment (registration_id, user_id, event_id, kind, status, amount_minor, currency, scale,"
        " payment_channel, provider, settled_at, refunds_id)"
        " SELECT id, user_id, event_id, %s, %s, %s, currency, 2, 'cash', 'desk',"
        " CASE WHEN %s <> 'pending' THEN now() END, %s FROM registrations WHERE id = %s RETURNING id",
        [values["kind"], values["status"], amount_minor, values["status"], values["refunds_id"], registration_id],
    )[0][0]
    return found


class TestEvents:
    @pytest.mark.parametrize(
        "change",
        [
            "end_time = start_time",
            "end_time = start_time - interval '1 hour'",
            "max_participants = 0",
            "max_participants = -1",
            "price_minor = -1",
            "points_reward = -1",
            "status = 'postponed'",
            "status = 'cancelled'",
            "event_type = 'unheard_of'",
            "title = ' '",
            "map_url = 'javascript:alert(1)'",
            "currency = 'usd'",
        ],
    )
    def test_nonsense_is_refused(self, hall: Hall, change: str) -> None:
        event(hall)
        before = hall.snapshot()
        with pytest.raises((pg.CheckViolation, pg.ForeignKeyViolation)):
            hall.sql(f"UPDATE events SET {change}")
        assert hall.snapshot() == before

    def test_is_active_follows_the_status(self, hall: Hall) -> None:
        event(hall)
        assert hall.sql("SELECT is_active FROM events") == [(True,)]
        hall.sql("UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain'")
        assert hall.sql("SELECT is_active FROM events") == [(False,)]

    def test_a_published_event_is_kept_and_a_draft_can_go(self, hall: Hall) -> None:
        event(hall)
        with pytest.raises(pg.RestrictViolation):
            hall.sql("DELETE FROM events")
        hall.sql("UPDATE events SET status = 'draft', published_at = NULL")
        hall.sql("DELETE FROM events")
        assert hall.sql("SELECT count(*) FROM events") == [(0,)]


class TestPlaces:
    def test_no_more_than_there_are(self, hall: Hall) -> None:
        quiz = event(hall, capacity=1)
        register(hall, quiz, hall.person("awa"))
        badu = hall.person("badu")
        before = hall.snapshot()
        with pytest.raises(pg.CheckViolation, match="places_within_capacity"):
            register(hall, quiz, badu)
        assert hall.snapshot() == before
        waiting = register(hall, quiz, badu, "waiting")
        with pytest.raises(pg.CheckViolation, match="places_within_capacity"):
            hall.sql("UPDATE registrations SET status = 'registered' WHERE id = %s", [waiting])
        assert counts(hall, quiz) == (1, 1)

    def test_capacity_stays_above_who_holds_a_place(self, hall: Hall) -> None:
        quiz = event(hall)
        register(hall, quiz, hall.person("awa"))
        register(hall, quiz, hall.person("badu"))
        with pytest.raises(pg.CheckViolation, match="places_within_capacity"):
            hall.sql("UPDATE events SET max_participants = 1")

    def test_a_second_live_registration_is_refused_and_a_cancelled_one_is_history(self, hall: Hall) -> None:
        quiz, awa = event(hall), hall.person("awa")
        first = register(hall, quiz, awa)
        with pytest.raises(pg.UniqueViolation):
            register(hall, quiz, awa, "waiting")
        hall.sql("UPDATE registrations SET status = 'cancelled', cancelled_at = now() WHERE id = %s", [first])
        assert counts(hall, quiz) == (0, 0)
        register(hall, quiz, awa)
        assert counts(hall, quiz) == (1, 0)
        assert hall.sql("SELECT count(*) FROM registrations") == [(2,)]

    def test_a_cancelled_event_takes_nobody(self, hall: Hall) -> None:
        quiz, awa = event(hall), hall.person("awa")
        hall.sql("UPDATE events SET status = 'cancelled', cancelled_at = now(), cancellation_reason = 'Rain'")
        with pytest.raises(pg.RestrictViolation):
            register(hall, quiz, awa)
        assert hall.sql("SELECT count(*) FROM registrations") == [(0,)]

    def test_attended_without_a_check_in_is_refused(self, hall: Hall) -> None:
        quiz, awa = event(hall), hall.person("awa")
        with pytest.raises(pg.RestrictViolation):
            register(hall, quiz, awa, "attended")
        registration = register(hall, quiz, awa)
        with pytest.raises(pg.RestrictViolation):
            hall.sql("UPDATE registrations SET status = 'attended'")
        come = (
            "INSERT INTO event_attendees (registration_id, user_id, event_id, check_in_time, method)"
            " VALUES (%s, %s, %s, now(), 'ticket')"
        )
        hall.sql(come, [registration, awa, quiz])
        assert hall.sql("SELECT status FROM registrations") == [("attended",)]
        with pytest.raises(pg.UniqueViolation):
            hall.sql(come, [registration, awa, quiz])
        hall.sql("UPDATE event_attendees SET status = 'withdrawn', withdrawn_at = now(), withdrawal_reason = 'mistake'")
        assert hall.sql("SELECT status FROM registrations") == [("registered",)]
        hall.sql("UPDATE registrations SET status = 'cancelled', cancelled_at = now()")
        with pytest.raises(pg.RestrictViolation):
            hall.sql(come, [registration, awa, quiz])

    def test_the_waiting_list_has_an_order(self, hall: Hall) -> None:
        quiz = event(hall, capacity=1)
        register(hall, quiz, hall.person("awa"))
        for name in ("badu", "coumba", "demba"):
            register(hall, quiz, hall.person(name), "waiting")
        assert hall.sql("SELECT queue_number FROM registrations ORDER BY id") == [(None,), (1,), (2,), (3,)]
        assert counts(hall, quiz) == (1, 3)


class TestPayments:
    def test_free_is_not_required(self, hall: Hall) -> None:
        register(hall, event(hall), hall.person("awa"))
        assert hall.sql("SELECT payment_status, price_minor FROM registrations") == [("not_required", 0)]

    def test_user_and_event_are_those_of_the_registration(self, hall: Hall) -> None:
        quiz, awa = event(hall, price_minor=500), hall.person("awa")
        registration = register(hall, quiz, awa)
        with pytest.raises(pg.ForeignKeyViolation):
            hall.sql(
                "INSERT INTO payment (registration_id, user_id, event_id, amount_minor, currency, scale,"
                " payment_channel, provider) VALUES (%s, %s, %s, 500, 'USD', 2, 'cash', 'desk')",
                [registration, hall.person("badu"), quiz],
            )
        assert hall.sql("SELECT count(*) FROM payment") == [(0,)]

    @pytest.mark.parametrize("amount_minor", [0, -5])
    def test_amounts_are_positive(self, hall: Hall, amount_minor: int) -> None:
        registration = register(hall, event(hall, price_minor=500), hall.person("awa"))
        with pytest.raises(pg.CheckViolation):
            charge(hall, registration, amount_minor)

    def test_one_live_charge_and_no_refund_above_it(self, hall: Hall) -> None:
        registration = register(hall, event(hall, price_minor=500), hall.person("awa"))
        paid = charge(hall, registration)
        with pytest.raises(pg.UniqueViolation):
            charge(hall, registration)
        assert hall.sql("SELECT payment_status FROM registrations") == [("paid",)]
        charge(hall, registration, 200, kind="refund", refunds_id=paid)
        with pytest.raises(pg.CheckViolation):
            charge(hall, registration, 301, kind="refund", refunds_id=paid)
        assert hall.sql("SELECT payment_status FROM registrations") == [("paid",)]
        charge(hall, registration, 300, kind="refund", refunds_id=paid)
        assert hall.sql("SELECT payment_status FROM registrations") == [("refunded",)]
        assert hall.sql("SELECT amount_paid::text, status FROM payment WHERE id = %s", [paid]) == [("5.00", "refunded")]
        charge(hall, registration)
        assert hall.sql("SELECT payment_status FROM registrations") == [("paid",)]


def test_the_application_cannot_touch_what_the_database_counts(hall: Hall, app_dsn: str) -> None:
    quiz = event(hall)
    register(hall, quiz, hall.person("awa"))
    for statement in (
        "UPDATE events.events SET places_taken = 0",
        "UPDATE events.registrations SET payment_status = 'paid'",
        "UPDATE events.payment SET amount_minor = 1",
        "DELETE FROM events.registrations",
    ):
        with psycopg.connect(app_dsn) as connection, pytest.raises(pg.InsufficientPrivilege):
            connection.execute(statement.encode())
    assert counts(hall, quiz) == (1, 0)
