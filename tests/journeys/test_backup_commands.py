"""``guerdon db backup`` and what belongs to it, as an operator types them."""

import os
from pathlib import Path

import psycopg
import pytest

from guerdon.db.embedded import EmbeddedServer
from support.databases import DatabaseFactory, on_database
from support.operators import Run
from support.processes import guerdon, guerdon_environment, guerdon_here

MAIL = "ada@example.org"


def enter(dsn: str) -> None:
    """A member, whom a backup has to bring back."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO identity.users (id, email, name, created_at) VALUES (uuidv7(), %s, 'Ada', now())", (MAIL,)
        )


def mails(dsn: str) -> list[str]:
    with psycopg.connect(dsn) as connection:
        return [mail for (mail,) in connection.execute("SELECT email FROM identity.users WHERE email IS NOT NULL")]


def databases(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT count(*) FROM pg_database").fetchone()
    assert row is not None
    return int(row[0])


def test_a_backup_is_made_listed_checked_and_restored(running: Run, short_dir: Path) -> None:
    environment, dsn = running
    environment = environment | {"COLUMNS": "60"}
    assert "There is no backup yet" in guerdon_here("db", "backups", environment=environment).stdout
    enter(dsn)
    before = databases(dsn)

    done = guerdon_here("db", "backup", environment=environment)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    file = Path(line.split("  ")[0])
    assert file.parent == short_dir / "backups"
    assert "secrets" in done.stderr
    listed = guerdon_here("db", "backups", environment=environment)
    assert str(file) in listed.stdout

    checked = guerdon_here("db", "check-backup", environment=environment)
    assert checked.returncode == 0, checked.stderr
    assert f"{file} can be restored: 0 transfers" in checked.stdout
    assert databases(dsn) == before

    refused = guerdon_here("db", "restore", str(file), environment=environment)
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    assert mails(dsn) == [MAIL]

    assert guerdon_here("db", "rollback", "--to", "base", environment=environment).returncode == 0
    restored = guerdon_here("db", "restore", str(file), environment=environment)
    assert restored.returncode == 0, restored.stderr
    assert "guerdon ledger verify" in restored.stdout
    assert mails(dsn) == [MAIL]
    assert guerdon_here("ledger", "verify", environment=environment).returncode == 0


def test_a_backup_of_a_newer_guerdon_is_refused(running: Run, tmp_path: Path) -> None:
    environment, dsn = running
    with psycopg.connect(dsn) as connection:
        schema = connection.execute("SELECT relnamespace::regnamespace FROM pg_class WHERE relname = 'alembic_version'")
        (name,) = schema.fetchone() or ("",)
        connection.execute(f"INSERT INTO {name}.alembic_version VALUES ('9999_tomorrow')")  # type: ignore[arg-type]
    made = guerdon_here("db", "backup", "--to", str(tmp_path / "kept"), environment=environment)
    assert made.returncode == 0, made.stderr
    (file,) = (tmp_path / "kept").iterdir()
    for command in ("restore", "check-backup"):
        refused = guerdon_here("db", command, str(file), environment=environment)
        assert refused.returncode == 1
        assert "9999_tomorrow" in refused.stderr
        assert "newer Guerdon" in refused.stderr
    assert databases(dsn) == 4


@pytest.mark.parametrize("command", ["restore", "check-backup"])
def test_what_is_no_backup_is_named(running: Run, tmp_path: Path, command: str) -> None:
    environment, dsn = running
    (tmp_path / "x.dump").write_bytes(os.urandom(5000))
    for name, problem in (("x.dump", "valid"), ("nothing", "no such file")):
        refused = guerdon_here("db", command, str(tmp_path / name), environment=environment)
        assert refused.returncode == 1
        assert name in refused.stderr
        assert problem in refused.stderr
        assert "Traceback" not in refused.stderr
    if command == "check-backup":
        assert "There is no backup in" in guerdon_here("db", command, environment=environment).stderr
    assert databases(dsn) == 4


def test_on_a_server_of_ones_own(database_factory: DatabaseFactory, tmp_path: Path) -> None:
    """As its superuser, who may do everything that the guide asks of the owner."""
    server = database_factory.server
    first, second = database_factory.create(), database_factory.create()
    own = on_database(server.superuser_dsn, first)
    environment = guerdon_environment(tmp_path / "data", database_url=own)
    assert guerdon_here("db", "migrate", environment=environment).returncode == 0
    enter(own)
    nowhere = guerdon_here("db", "backup", environment=environment)
    assert nowhere.returncode == 1
    assert "GUERDON_BACKUP_DIR" in nowhere.stderr
    environment |= {"GUERDON_BACKUP_DIR": str(tmp_path / "kept")}
    assert guerdon_here("db", "backup", environment=environment).returncode == 0
    checked = guerdon_here("db", "check-backup", environment=environment)
    assert checked.returncode == 0, checked.stderr
    other = environment | {"GUERDON_DATABASE_URL": on_database(server.superuser_dsn, second)}
    (file,) = (tmp_path / "kept").iterdir()
    restored = guerdon_here("db", "restore", str(file), environment=other)
    assert restored.returncode == 0, restored.stderr
    assert mails(on_database(server.superuser_dsn, second)) == [MAIL]
    for name in (first, second):
        database_factory.drop(name)


def test_the_database_is_started_for_a_backup_and_stopped_again(short_dir: Path) -> None:
    environment = guerdon_environment(short_dir)
    guerdon("db", "migrate", environment=environment)
    made = guerdon("db", "backup", environment=environment)
    assert made.returncode == 0, made.stderr
    assert "Traceback" not in made.stderr
    assert not EmbeddedServer(short_dir).running
    assert len(list((short_dir / "backups").iterdir())) == 1
