"""Statements that go straight to the driver behave as the session's own do."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from guerdon.db.database import Database
from guerdon.db.statement import Statement, savepoint, together

PUT = Statement("INSERT INTO kept (number) SELECT unnest(CAST(:numbers AS integer[]))")
KEPT = Statement("SELECT number, '100%' FROM kept ORDER BY number")
PID = Statement("SELECT pg_backend_pid()")


@pytest.fixture
def database(empty_owner_dsn: str) -> Iterator[Database]:
    made = Database(empty_owner_dsn)
    with made.transaction() as session:
        session.execute(text("CREATE TABLE kept (number integer PRIMARY KEY)"))
    yield made
    made.dispose()


def break_off(session: Session, database: Database) -> None:
    """Lose the connection inside a savepoint, and go on."""
    (pid,) = PID.row(session)
    with savepoint(session):
        with database.aside() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        PUT.run(session, numbers=[5])


def kept(session: Session) -> list[int]:
    return [number for number, _ in KEPT.rows(session)]


def test_it_takes_part_in_the_transaction(database: Database) -> None:
    with database.session_factory() as session:
        PUT.run(session, numbers=[1, 2])
        assert session.execute(text("SELECT count(*) FROM kept")).scalar_one() == 2
        session.rollback()
    with database.transaction() as session:
        assert kept(session) == []
        PUT.run(session, numbers=[3])
    with database.transaction() as session:
        assert KEPT.row(session) == (3, "100%")


def test_what_it_is_given_is_never_sql(database: Database) -> None:
    echo = Statement("SELECT CAST(:said AS text)")
    said = "'); DROP TABLE kept; -- %(said)s :said"
    with database.transaction() as session:
        assert echo.row(session, said=said) == (said,)
        assert kept(session) == []


def test_it_raises_what_the_session_raises(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised, database.transaction() as session:
        PUT.run(session, numbers=[4, 4])
    assert isinstance(raised.value.orig, psycopg.errors.UniqueViolation)
    assert raised.value.hide_parameters
    with database.transaction() as session:
        assert kept(session) == []


def test_it_is_repeated_when_postgresql_asks_for_it(database: Database) -> None:
    tries: list[int] = []

    def work(session: Session) -> int:
        tries.append(1)
        Statement("SELECT 1").row(session)
        if len(tries) == 1:
            Statement("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$").run(session)
        return len(tries)

    assert database.run(work) == 2


def test_a_connection_that_broke_is_not_used_again(database: Database) -> None:
    with database.session_factory() as session:
        former = PID.row(session)
        with pytest.raises(DBAPIError) as raised:
            break_off(session, database)
    assert raised.value.connection_invalidated
    with database.transaction() as session:
        assert PID.row(session) != former
        assert kept(session) == []


def test_a_savepoint_undoes_what_raised(database: Database) -> None:
    with database.transaction() as session:
        PUT.run(session, numbers=[6])
        with pytest.raises(IntegrityError), savepoint(session):
            PUT.run(session, numbers=[7, 7])
        with savepoint(session):
            PUT.run(session, numbers=[8])
        assert kept(session) == [6, 8]
    with database.transaction() as session:
        assert kept(session) == [6, 8]


def test_a_savepoint_takes_statements_along(database: Database) -> None:
    with database.transaction() as session:
        with savepoint(session, "SELECT 1, '%(x)s :x'") as inside:
            assert inside.row == (1, "%(x)s :x")
            inside.last = "INSERT INTO kept VALUES (11)"
            assert kept(session) == []
        assert kept(session) == [11]


def test_statements_sent_together_stop_at_the_first_that_is_refused(database: Database) -> None:
    with database.session_factory() as session:
        assert together(session, "SELECT 1", "SELECT 2") == [(2,)]
        assert together(session, "SELECT 1", "INSERT INTO kept VALUES (12)") == []
        with pytest.raises(DBAPIError):
            together(session, "SELECT 1", "INSERT INTO kept VALUES (12)", "INSERT INTO kept VALUES (13)")
        session.rollback()
    with database.transaction() as session:
        assert kept(session) == []
