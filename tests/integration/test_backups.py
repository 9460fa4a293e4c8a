"""Backups: everything comes back from them, and what is no backup, or not whole, never gets into a database."""

import fcntl
import os
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from psycopg import sql

from guerdon import boot
from guerdon.core.clock import FixedClock, SystemClock
from guerdon.core.settings import Settings
from guerdon.db import backup
from guerdon.db.database import Database
from guerdon.db.errors import (
    BackupFailedError,
    BackupRoomError,
    BackupUnreadableError,
    DatabaseNotEmptyError,
    RestoreFailedError,
)
from guerdon.kernel.admin import backups
from guerdon.kernel.ledger.service import verify
from support.databases import DatabaseFactory, on_database

NIGHT = datetime(2026, 3, 2, 2, 17, tzinfo=UTC)
OWN_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def digests(dsn: str) -> dict[str, tuple[int, str]]:
    """Of each table, how many rows it has, and a digest of all of them in their own order."""
    found = {}
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            f" WHERE c.relkind = 'r' AND {OWN_SCHEMAS}"
        ).fetchall()
        for table in tables:
            query = sql.SQL(
                "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
            )
            row = connection.execute(query.format(sql.Identifier(*table))).fetchone()
            assert row is not None
            found[".".join(table)] = (int(row[0]), str(row[1]))
    return found


def made(dsn: str) -> list[tuple[str, ...]]:
    """What a database is made of: columns, constraints, indexes, functions, triggers, policies and privileges."""
    # What an owner may do without being told is written down only where it was said once.
    acl = "ARRAY(SELECT x::text FROM unnest(coalesce({}, acldefault('{}', {}))) AS x ORDER BY 1)"
    columns = f"""
        SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            {acl.format("c.relacl", "r", "c.relowner")}
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {OWN_SCHEMAS} AND a.attnum > 0 AND NOT a.attisdropped"""
    constraints = f"""
        SELECT n.nspname, conrelid::regclass::text, conname, pg_get_constraintdef(o.oid)
        FROM pg_constraint AS o JOIN pg_namespace AS n ON n.oid = o.connamespace WHERE {OWN_SCHEMAS}"""
    indexes = f"""
        SELECT pg_get_indexdef(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE {OWN_SCHEMAS} AND c.relkind = 'i'"""
    functions = f"""
        SELECT pg_get_functiondef(p.oid), {acl.format("p.proacl", "f", "p.proowner")}
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE {OWN_SCHEMAS} AND p.prokind = 'f'"""
    triggers = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
    policies = "SELECT schemaname, tablename, policyname, qual, with_check FROM pg_policies"
    queries = (columns, constraints, indexes, functions, triggers, policies)
    with psycopg.connect(dsn) as connection:
        rows = [row for query in queries for row in connection.execute(query).fetchall()]
    # PostgreSQL writes a list of texts in one way, and in another one once it has read that.
    return sorted(
        tuple(re.sub(r"::(text|character varying)(\[\])?|[()]", "", str(each)) for each in row) for row in rows
    )


def is_empty(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            f"SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {OWN_SCHEMAS}"
        ).fetchone()
    return row == (0,)


@pytest.fixture
def second_dsn(database_factory: DatabaseFactory) -> Iterator[str]:
    """The owner's address of another empty database."""
    name = database_factory.create()
    yield on_database(database_factory.server.owner_dsn, name)
    database_factory.drop(name)


@pytest.fixture
def dump(owner_dsn: str, tmp_path: Path) -> Path:
    """A backup of a database without members."""
    return backup.make(owner_dsn, tmp_path / "made", NIGHT).file


def test_all_that_was_there_comes_back(
    database: Database,
    owner_dsn: str,
    second_dsn: str,
    database_factory: DatabaseFactory,
    tmp_path: Path,
    recorded: None,
) -> None:
    boot.load_demo(Settings(data_dir=tmp_path, secret_key="s" * 40), database, SystemClock())
    made_backup = backup.make(owner_dsn, tmp_path / "backups", NIGHT)
    parts: list[int] = []
    backup.restore(second_dsn, made_backup.file, parts.append)
    assert digests(second_dsn) == digests(owner_dsn)
    assert digests(owner_dsn)["ledger.transfers"][0] > 100
    assert made(second_dsn) == made(owner_dsn)
    assert parts == list(range(1, len(parts) + 1))
    assert len(parts) >= backup.count_parts(made_backup.file) * 0.9
    name = urlsplit(second_dsn).path.removeprefix("/")
    restored = Database(on_database(database_factory.server.app_dsn, name))
    with restored.transaction() as session:
        assert verify(session) == []
    restored.dispose()


def test_it_is_made_while_others_work_and_shows_one_moment(owner_dsn: str, second_dsn: str, tmp_path: Path) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.halves AS SELECT generate_series(1, 200) AS id, 0 AS value")
    begun, stop = threading.Event(), threading.Event()

    def work() -> None:
        with psycopg.connect(owner_dsn) as connection:
            while not stop.is_set():
                connection.execute("UPDATE public.halves SET value = value + 1 WHERE id <= 100")
                connection.execute("UPDATE public.halves SET value = value + 1 WHERE id > 100")
                connection.commit()
                begun.set()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert begun.wait(20)
        file = backup.make(owner_dsn, tmp_path, NIGHT).file
    finally:
        stop.set()
        worker.join()
    backup.restore(second_dsn, file)
    with psycopg.connect(second_dsn) as connection:
        row = connection.execute("SELECT min(value), max(value), count(*) FROM public.halves").fetchone()
    assert row is not None
    assert row[0] == row[1] > 0
    assert row[2] == 200


def test_nobody_else_may_read_it_nor_the_password_that_makes_it(owner_dsn: str, tmp_path: Path) -> None:
    directory = tmp_path / "new" / "backups"
    password = str(urlsplit(owner_dsn).password)
    seen: list[str] = []
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("LOCK TABLE identity.users IN ACCESS EXCLUSIVE MODE")  # pg_dump waits for it
        making = threading.Thread(target=backup.make, args=(owner_dsn, directory, NIGHT))
        making.start()
        until = time.monotonic() + 20
        while not seen and time.monotonic() < until:
            seen = [
                " ".join(each.cmdline())
                for each in psutil.Process().children()
                if each.status() != psutil.STATUS_ZOMBIE and each.name() == "pg_dump"
            ]
            time.sleep(0.01)
        assert not list(directory.glob("*.dump"))  # it bears its name when it is whole
    making.join()
    assert len(seen) == 1
    assert password not in seen[0]
    (file,) = directory.iterdir()
    assert file.name == "guerdon-20260302T021700Z.dump"
    assert file.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_what_fails_leaves_nothing(owner_dsn: str, tmp_path: Path) -> None:
    wrong = urlsplit(owner_dsn)
    wrong = wrong._replace(netloc=wrong.netloc.replace(f":{wrong.password}@", ":wrong@"))
    with pytest.raises(BackupFailedError, match="password authentication failed"):
        backup.make(wrong.geturl(), tmp_path, NIGHT)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(BackupFailedError, match=r"Not a directory|File exists"):
        backup.make(owner_dsn, tmp_path / "file", NIGHT)


def test_a_disk_that_it_might_fill_is_left_alone(owner_dsn: str, tmp_path: Path) -> None:
    large = tmp_path / "guerdon-20260301T021700Z.dump"
    large.touch()
    os.truncate(large, 2 * 2**40)  # of which the disk holds nothing
    with pytest.raises(BackupRoomError) as refused:
        backup.make(owner_dsn, tmp_path, NIGHT)
    assert refused.value.params["needed_mib"] == 4 * 2**20
    assert [file.name for file in tmp_path.iterdir()] == [large.name]


def test_what_was_broken_off_goes_with_the_next_one(owner_dsn: str, tmp_path: Path) -> None:
    left, at_work = tmp_path / "guerdon-20260301T021700Z.dump.part", tmp_path / "guerdon-20260302T021000Z.dump.part"
    left.touch()
    with at_work.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        backup.make(owner_dsn, tmp_path, NIGHT)
    assert sorted(file.name for file in tmp_path.iterdir()) == [at_work.name, "guerdon-20260302T021700Z.dump"]


def test_only_into_an_empty_database(owner_dsn: str, dump: Path) -> None:
    before = digests(owner_dsn)
    with pytest.raises(DatabaseNotEmptyError):
        backup.restore(owner_dsn, dump)
    assert digests(owner_dsn) == before


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.99])
def test_what_is_cut_off_does_not_get_in(empty_owner_dsn: str, dump: Path, keep: float) -> None:
    content = dump.read_bytes()
    dump.write_bytes(content[: int(keep if keep > 1 else len(content) * keep)])
    with pytest.raises((BackupUnreadableError, RestoreFailedError)):
        backup.restore(empty_owner_dsn, dump)
    assert is_empty(empty_owner_dsn)


def test_other_files_are_no_backups(empty_owner_dsn: str, second_dsn: str, tmp_path: Path) -> None:
    text = tmp_path / "notes.dump"
    text.write_text("CREATE TABLE x ();\n" * 100, encoding="utf-8")
    with pytest.raises(BackupUnreadableError, match=r"valid (tar )?archive"):
        backup.restore(empty_owner_dsn, text)
    with pytest.raises(BackupUnreadableError, match="no such file"):
        backup.restore(empty_owner_dsn, tmp_path)
    with psycopg.connect(second_dsn) as connection:
        connection.execute("CREATE TABLE public.alembic_version (note text)")
        connection.execute("INSERT INTO public.alembic_version VALUES ('a stranger''s')")
    with pytest.raises(BackupUnreadableError, match="no database of Guerdon"):
        backup.revisions_in(backup.make(second_dsn, tmp_path, NIGHT).file)
    assert is_empty(empty_owner_dsn)


def test_what_it_says_of_itself(dump: Path) -> None:
    (listed,) = backup.backups_in(dump.parent)
    assert (listed.file, listed.made_at, listed.size_bytes) == (dump, NIGHT, dump.stat().st_size)
    assert {each.partition("_")[0] for each in backup.revisions_in(dump)} >= {"credits", "events"}


def test_old_ones_go_but_never_the_newest_nor_what_is_not_ours(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        (tmp_path / f"guerdon-2026030{day}T021700Z.dump").touch()
    for other in ("guerdon-20260301T021700Z.dump.part", "guerdon-before-upgrade.dump", "other.dump"):
        (tmp_path / other).touch()
    removed = backup.thin_out(tmp_path, datetime(2026, 3, 2, 2, 17, tzinfo=UTC))
    assert [file.name for file in removed] == ["guerdon-20260301T021700Z.dump"]
    assert len(backup.thin_out(tmp_path, datetime(2027, 1, 1, tzinfo=UTC))) == 1
    assert [each.file.name for each in backup.backups_in(tmp_path)] == ["guerdon-20260303T021700Z.dump"]
    assert len(list(tmp_path.iterdir())) == 4


@pytest.fixture
def nightly(owner_dsn: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings by which the worker makes backups of the test's database."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=owner_dsn,
        backup_dir=tmp_path / "nightly",
        backup_keep_days=3,  # type: ignore[arg-type]
    )
    before = list(backups._settings)
    backups.install(settings)
    yield settings
    backups._settings[:] = before


def test_one_each_night_for_as_many_days_as_wanted(database: Database, nightly: Settings, tmp_path: Path) -> None:
    clock = FixedClock(NIGHT)
    for _ in range(6):
        with database.transaction() as session:
            boot.tasks()["admin.backup"].run(session, clock)
        clock.move(timedelta(days=1))
    kept = [each.made_at for each in backup.backups_in(tmp_path / "nightly")]
    assert kept == [NIGHT + timedelta(days=days) for days in (5, 4, 3, 2)]
    registry = CollectorRegistry()
    registry.register(backups.BackupCollector(nightly))
    shown = dict(line.split() for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    assert float(shown["guerdon_backup_timestamp_seconds"]) == kept[0].timestamp()
    assert float(shown["guerdon_backup_bytes"]) == backup.backups_in(tmp_path / "nightly")[0].size_bytes


@pytest.mark.parametrize("unwanted", [{"backup_keep_days": 0}, {"backup_dir": None}])
def test_none_where_none_is_wanted(
    database: Database, nightly: Settings, tmp_path: Path, unwanted: dict[str, object]
) -> None:
    backups.install(nightly.model_copy(update=unwanted))
    with database.transaction() as session:
        boot.tasks()["admin.backup"].run(session, FixedClock(NIGHT))
    assert not (tmp_path / "nightly").exists()
    assert not (tmp_path / "backups").exists()


def test_room_is_made_before_it_is_looked_for(owner_dsn: str, tmp_path: Path) -> None:
    left, large = tmp_path / "guerdon-20260301T021700Z.dump.part", tmp_path / "guerdon-20260301T021600Z.dump"
    left.touch()
    large.touch()
    os.truncate(large, 2 * 2**40)
    with pytest.raises(BackupRoomError):
        backup.make(owner_dsn, tmp_path, NIGHT)
    assert not left.exists()
