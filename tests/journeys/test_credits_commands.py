"""``guerdon credits`` as an operator types it, on an embedded database of its own."""

import csv
import io
from pathlib import Path

import psycopg
import pytest

from guerdon.db.embedded import EmbeddedServer
from support.operators import Run
from support.processes import guerdon, guerdon_environment, guerdon_here

HEAD = "type,member_email,description,estimated_value\n"
GOOD = "item_donation,awa@example.org,{},50.00\n"
BAD = "item_donation,awa@example.org,Boat,fifty\n"


@pytest.fixture
def running(running: Run) -> Run:
    """With one member in the database."""
    with psycopg.connect(running[1]) as connection:
        connection.execute("INSERT INTO identity.users (name, email) VALUES ('Awa', 'awa@example.org')")
    return running


def count(dsn: str, table: str = "contributions") -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM credits.{table}".encode()).fetchone()
        assert row is not None
        return int(row[0])


def file_of(directory: Path, *lines: str) -> str:
    file = directory / "in.csv"
    file.write_text(HEAD + "".join(lines), encoding="utf-8")
    return str(file)


def test_import_and_export(running: Run, tmp_path: Path) -> None:
    environment, dsn = running
    bad = file_of(tmp_path, GOOD.format("Tent"), BAD)
    refused = guerdon_here("credits", "import", bad, environment=environment)
    assert refused.returncode == 1, refused.stderr
    assert "estimated_value" in refused.stderr
    assert "3" in refused.stderr
    assert count(dsn) == 0

    tried = guerdon_here("credits", "import", bad, "--partial", "--dry-run", environment=environment)
    assert tried.returncode == 1
    assert "1 would be imported" in tried.stderr
    assert count(dsn) == 0

    part = guerdon_here("credits", "import", bad, "--partial", environment=environment)
    assert part.returncode == 1
    assert count(dsn) == 1

    good = guerdon_here("credits", "import", file_of(tmp_path, GOOD.format("Boat")), environment=environment)
    assert good.returncode == 0, good.stderr
    assert count(dsn) == 2

    shown = guerdon_here("credits", "export", environment=environment)
    assert shown.returncode == 0, shown.stderr
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [row["description"] for row in rows] == ["Tent", "Boat"]

    for program in ("credits", "ledger"):
        nowhere = guerdon_here(program, "export", "--out", str(tmp_path / "no" / "out"), environment=environment)
        assert nowhere.returncode == 2
        assert "--out" in nowhere.stderr
        assert "Traceback" not in nowhere.stderr

    out = tmp_path / "out.csv"
    written = guerdon_here("credits", "export", "--out", str(out), "--search", "boat", environment=environment)
    assert (written.returncode, written.stdout) == (0, ""), written.stderr
    assert [row["description"] for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))] == ["Boat"]


def test_a_file_that_is_none(running: Run, tmp_path: Path) -> None:
    environment, dsn = running
    (tmp_path / "in.csv").write_bytes(b"type,member_email,description\nitem_donation,awa@example.org,V\xe9lo\n")
    done = guerdon_here("credits", "import", str(tmp_path / "in.csv"), environment=environment)
    assert done.returncode == 1
    assert "it looks like Windows-1252" in done.stderr
    assert "windows-1252, macintosh" in done.stderr
    assert "Traceback" not in done.stderr
    assert guerdon_here("credits", "import", str(tmp_path / "none.csv"), environment=environment).returncode == 2
    assert count(dsn) == 0


def test_archive(running: Run) -> None:
    environment, dsn = running
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO credits.contributions (user_id, type, value_json, status, rejection_reason, created_at)"
            " SELECT u.id, 'item_donation', '{\"description\": \"Tent\", \"estimated_value\": 5}', 'rejected', 'no',"
            " now() - make_interval(days => d) FROM identity.users u, generate_series(100, 600, 100) AS d"
        )
    soon = guerdon_here("credits", "archive", "--before", "2999-01-01", environment=environment)
    assert soon.returncode == 1
    assert "365 days" in soon.stderr
    assert (count(dsn), count(dsn, "contributions_archive")) == (6, 0)
    for expected in ("3 contributions", "0 contributions"):
        done = guerdon_here("credits", "archive", environment=environment)
        assert done.returncode == 0, done.stderr
        assert expected in done.stderr
        assert (count(dsn), count(dsn, "contributions_archive")) == (3, 3)


def test_the_database_is_started_for_a_command_and_stopped_again(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    assert guerdon_here("db", "migrate", environment=environment).returncode == 0
    done = guerdon("credits", "export", environment=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("id,type,")
    assert not EmbeddedServer(short_dir).running
