"""Row-level security of events: another member's connection reaches nobody's rows, and nobody's drafts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from guerdon.programs.events.schemas import Repetition, Scope
from guerdon.programs.events.service import changing, making, paying
from support.events import Hall, given

OWNED = (
    "registrations",
    "payment",
    "tickets",
    "event_attendees",
    "event_results",
    "special_awards",
    "invitation_links",
)
"""Tables whose rows are of one member, as ``user_id`` says."""

FILL = """
INSERT INTO events.tickets (registration_id, user_id, event_id, code)
    SELECT id, user_id, event_id, 'ABCD1234' FROM events.registrations;
INSERT INTO events.event_attendees (registration_id, user_id, event_id, check_in_time, method)
    SELECT id, user_id, event_id, now(), 'ticket' FROM events.registrations;
INSERT INTO events.event_results (attendance_id, user_id, event_id, placed)
    SELECT id, user_id, event_id, 1 FROM events.event_attendees;
INSERT INTO events.special_awards (user_id, title, points, reason)
    SELECT user_id, 'Helped', 5, 'Cleaned up' FROM events.registrations;
INSERT INTO events.invitation_links (user_id, code) SELECT user_id, 'ABCD1234' FROM events.registrations;
"""


@contextmanager
def acting(dsn: str, user_id: UUID | None, acting_as: str = "member") -> "Iterator[psycopg.Connection[Any]]":
    """A connection of the application's role as a request has it."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SELECT set_config('guerdon.user_id', %s, true)", [str(user_id or "")])
        connection.execute("SELECT set_config('guerdon.acting_as', %s, true)", [acting_as])
        yield connection
        connection.rollback()


def count(connection: "psycopg.Connection[Any]", table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("events", table))).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def awa(hall: Hall) -> UUID:
    """A member with a row in every table."""
    staff, awa = hall.person("zoe", "staff"), hall.person("awa")
    made = hall.register(awa, hall.event(staff, price="5.00"))
    hall.do(paying.record, hall.clock, staff, made.id, channel="cash")
    hall.sql(FILL)
    return awa


def test_every_table_with_members_is_kept(hall: Hall) -> None:
    rows = hall.sql(
        "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'events'::regnamespace AND c.relkind = 'r' AND NOT c.relrowsecurity"
        " AND a.attname LIKE ANY (ARRAY['user_id', '%%er_id', '%%ee_id', '%%ed_id'])"
    )
    assert rows == []


@pytest.mark.parametrize("table", OWNED)
def test_another_member_reaches_nothing(hall: Hall, app_dsn: str, awa: UUID, table: str) -> None:
    stranger = hall.person("badu")
    before = hall.snapshot()
    with acting(app_dsn, stranger) as connection:
        assert count(connection, table) == 0
    columns = hall.sql(
        "SELECT column_name FROM information_schema.column_privileges WHERE grantee = 'guerdon_app'"
        " AND privilege_type = 'UPDATE' AND table_schema = 'events' AND table_name = %s",
        [table],
    )
    for statement in ("DELETE FROM events.{t}", *(f"UPDATE events.{{t}} SET {c} = {c}" for (c,) in columns)):
        with acting(app_dsn, stranger) as connection:
            try:
                assert connection.execute(statement.format(t=table).encode()).rowcount == 0, statement
            except pg.InsufficientPrivilege:
                continue
    with acting(app_dsn, awa) as connection:
        assert count(connection, table) == 1
    with acting(app_dsn, stranger, "staff") as connection:
        assert count(connection, table) == 1
    with psycopg.connect(app_dsn) as connection:
        assert count(connection, table) == 0
    assert hall.snapshot() == before


def test_members_see_no_drafts_that_were_cancelled_with_their_series(hall: Hall, app_dsn: str, awa: UUID) -> None:
    staff = hall.person("sika", "staff")
    weekly = Repetition(weekdays=[1, 2, 3, 4, 5, 6, 7], count=3)
    made = hall.do(making.create, hall.clock, staff, given(hall.soon()), repetition=weekly)
    hall.do(changing.publish, hall.clock, staff, made[0].id)
    hall.do(changing.cancel, hall.clock, staff, made[0].id, reason="Rain", scope=Scope.FOLLOWING)
    with acting(app_dsn, awa) as connection:
        seen = connection.execute("SELECT id FROM events.events WHERE status = 'cancelled'").fetchall()
    assert seen == [(made[0].id,)]


def test_members_see_no_drafts(hall: Hall, app_dsn: str, awa: UUID) -> None:
    hall.draft(hall.person("sika", "staff"))
    with acting(app_dsn, awa) as connection:
        assert count(connection, "events") == 1
    with acting(app_dsn, awa, "staff") as connection:
        assert count(connection, "events") == 2


def test_nobody_registers_or_pays_in_another_members_name(hall: Hall, app_dsn: str, awa: UUID) -> None:
    badu = hall.person("badu")
    (event_id,), *_ = hall.sql("SELECT id FROM events")
    before = hall.snapshot()
    registers = f"INSERT INTO events.registrations (user_id, event_id) VALUES ('{awa}', '{event_id}')"
    pays = (
        "INSERT INTO events.payment (registration_id, user_id, event_id, amount_minor, currency, scale,"
        f" payment_channel, provider) VALUES (uuidv7(), '{awa}', '{event_id}', 1, 'USD', 2, 'cash', 'desk')"
    )
    for statement in (registers, pays):
        with acting(app_dsn, badu) as connection, pytest.raises(pg.InsufficientPrivilege, match="row-level security"):
            connection.execute(statement.encode())
    assert hall.snapshot() == before
