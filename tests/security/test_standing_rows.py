"""Leaderboards and tiers: another member's connection reaches nobody's rows, and nobody speaks for another."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg

from support.boards import Boards

TABLES = (
    "engagement.board_entries",
    "engagement.board_absences",
    "engagement.leaderboard_cache",
    "engagement.tier_standings",
    "engagement.tier_changes",
)


def acting(connection: "psycopg.Connection[Any]", user_id: UUID, acting_as: str = "member") -> None:
    connection.execute(
        "SELECT set_config('guerdon.user_id', %s, true), set_config('guerdon.acting_as', %s, true)",
        (str(user_id), acting_as),
    )


@pytest.fixture
def filled(boards: Boards, owner_dsn: str) -> tuple[UUID, UUID]:
    """A member with a row in every table, and a stranger."""
    awa, badu = boards.member("awa"), boards.member("badu")
    shown = boards.define()
    boards.count(awa, 5)
    run_id = boards.run(shown).id
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO engagement.board_absences (owner_id, reason) VALUES (%s, 'opted_out')", (awa,))
        connection.execute(
            "INSERT INTO engagement.leaderboard_cache (run_id, position, user_id, rank, score, reached_at)"
            " VALUES (%s, 1, %s, 1, 5, now())",
            (run_id, awa),
        )
        connection.execute(
            "INSERT INTO engagement.tier_standings (owner_id, program, tier_code, since, settled_on)"
            " VALUES (%s, 'garden', 'shoot', now(), current_date)",
            (awa,),
        )
        connection.execute(
            "INSERT INTO engagement.tier_changes"
            " (owner_id, program, from_code, to_code, reason, amount_minor, changed_at)"
            " VALUES (%s, 'garden', 'seed', 'shoot', 'earned', 2100, now())",
            (awa,),
        )
    return awa, badu


def test_rows_are_their_members_own(filled: tuple[UUID, UUID], app_dsn: str) -> None:
    awa, badu = filled
    for table in TABLES:
        for reader, acting_as, expected in ((badu, "member", 0), (awa, "member", 1), (badu, "staff", 1)):
            with psycopg.connect(app_dsn) as connection:
                acting(connection, reader, acting_as)
                assert connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (expected,), table


def test_nobody_opts_out_for_another(filled: tuple[UUID, UUID], app_dsn: str, boards: Boards) -> None:
    awa, badu = filled
    for who, absent in ((awa, False), (awa, True)):
        with psycopg.connect(app_dsn) as connection:
            acting(connection, badu)
            with pytest.raises(pg.InsufficientPrivilege):
                connection.execute("SELECT engagement.set_absence(%s, 'opted_out', %s)", (who, absent))
    assert boards.sql("SELECT owner_id FROM engagement.board_absences") == [(awa,)]
