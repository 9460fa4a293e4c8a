"""``guerdon events import`` as an operator types it."""

from pathlib import Path

import psycopg
import pytest

from support.operators import Run
from support.processes import guerdon_here

USERS = (
    "id,email,username,full_name,hashed_password\n1,ada@pine.example,ada,Ada Pine,\n2,ben@pine.example,ben,Ben Pine,\n"
)
EVENTS = (
    "id,title,event_type,location,start_time,end_time\n"
    "7,Quiz,trivia_night,Hall,2026-01-05 18:00:00,2026-01-05 20:00:00\n"
)
CAME = "id,user_id,event_id\n1,1,7\n2,2,7\n"
POINTS = "id,user_id,points,transaction_type,transaction_date\n1,1,40,attendance,2026-01-05 18:00:00+00\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The files of a small community."""
    tables = (("users", USERS), ("events", EVENTS), ("event_attendees", CAME), ("points_transactions", POINTS))
    for table, content in tables:
        (tmp_path / f"{table}.csv").write_text(content, encoding="utf-8")
    (tmp_path / "notes.csv").write_text("of no table", encoding="utf-8")
    return tmp_path


def points(dsn: str) -> list[tuple[str, int]]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT u.email, coalesce(sum(p.points), 0) FROM events.users AS u"
            " LEFT JOIN events.points_transactions AS p ON p.user_id = u.id WHERE u.email LIKE '%pine.example'"
            " GROUP BY 1 ORDER BY 1"
        )
        return [(email, int(total)) for email, total in rows]


def test_a_community_is_tried_out_brought_in_and_known_again(running: Run, directory: Path) -> None:
    environment, dsn = running
    tried = guerdon_here("events", "import", str(directory), "--dry-run", environment=environment)
    assert tried.returncode == 0, tried.stderr
    assert "Would be new" in tried.stderr
    assert points(dsn) == []
    done = guerdon_here("events", "import", str(directory), environment=environment)
    assert done.returncode == 0, done.stderr
    assert points(dsn) == [("ada@pine.example", 40), ("ben@pine.example", 0)]
    assert "set one by mail (rows 2, 3)" in done.stderr
    again = guerdon_here("events", "import", str(directory), environment=environment)
    assert again.returncode == 0, again.stderr
    assert points(dsn) == [("ada@pine.example", 40), ("ben@pine.example", 0)]
    for command in (("ledger", "verify"), ("engagement", "verify"), ("engagement", "verify-boards")):
        assert guerdon_here(*command, environment=environment).returncode == 0


def test_what_is_wrong_is_named_with_file_row_and_column(running: Run, directory: Path) -> None:
    environment, dsn = running
    (directory / "events.csv").write_text(EVENTS.replace("20:00:00", "17:00:00"), encoding="utf-8")
    refused = guerdon_here("events", "import", str(directory), environment=environment | {"COLUMNS": "200"})
    assert refused.returncode == 1
    assert [line.split()[:3] for line in refused.stderr.splitlines() if "events.csv" in line] == [
        ["events.csv", "2", "end_time"]
    ]
    assert "nothing was imported" in refused.stderr
    assert points(dsn) == []


def test_a_directory_without_such_files_is_refused(running: Run, tmp_path: Path) -> None:
    environment, _ = running
    refused = guerdon_here("events", "import", str(tmp_path), environment=environment)
    assert refused.returncode == 1
    assert "users.csv" in refused.stderr
    assert "Traceback" not in refused.stderr
