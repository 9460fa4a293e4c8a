"""Backups of the database: whole, from one moment, made while Guerdon runs, by the programs that PostgreSQL has for it.

A backup is a file in pg_dump's custom format, so pg_restore reads it too. It has its final name once it is complete and
on the disk; an attempt that broke off is called ``….part``.
"""

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from guerdon.core.settings import Settings
from guerdon.db.errors import (
    BackupFailedError,
    BackupRoomError,
    BackupUnreadableError,
    DatabaseNotEmptyError,
    RestoreFailedError,
    ScratchDatabaseError,
)
from guerdon.db.roles import close_to_others
from guerdon.db.service_user import installed_binaries

LOCK_TIMEOUT = "60s"
"""How long a table may be locked by somebody else, such as a migration, before a backup gives up."""
PART = ".part"
ROOM_BYTES_MIN = 64 * 2**20
ROOM_FACTOR = 2
"""Free must be so many times the size of the last backup: what else the machine writes should not suffer."""
POLL_S = 0.2
NICENESS = 10

_NAME = re.compile(r"guerdon-(\d{8}T\d{6}Z)\.dump")
_STAMP = "%Y%m%dT%H%M%SZ"
_VERSIONS = "alembic_version"

Progress = Callable[[int], None]
"""Is told how far something has come."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A complete backup.

    Attributes:
        made_at: the moment that it shows, by its name.
    """

    file: Path
    made_at: datetime
    size_bytes: int


def directory_of(settings: Settings) -> Path | None:
    """Where backups are put unless one says otherwise; None where the operator's own server has to be told where."""
    if settings.backup_dir is not None:
        return settings.backup_dir.expanduser()
    return settings.data_dir.expanduser() / "backups" if settings.database_url is None else None


def backups_in(directory: Path) -> list[Backup]:
    """The complete backups in a directory, newest first; none if there is no such directory."""
    found = []
    for file in directory.glob("guerdon-*.dump") if directory.is_dir() else ():
        if (name := _NAME.fullmatch(file.name)) is not None:
            made_at = datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC)
            found.append(Backup(file, made_at, file.stat().st_size))
    return sorted(found, key=lambda each: each.made_at, reverse=True)


def make(owner_dsn: str, directory: Path, now: datetime, progress: Progress | None = None) -> Backup:
    """Write a backup into a directory, which is made if there is none, readable for ourselves alone.

    Args:
        owner_dsn: libpq URI of the role that owns the database.
        now: for its name.
        progress: is told how many bytes are written.

    Raises:
        BackupRoomError: the disk has too little room; nothing was begun.
        BackupFailedError: it could not be written whole; nothing is left of it.
    """
    file = directory / f"guerdon-{now.astimezone(UTC).strftime(_STAMP)}.dump"
    part = file.with_name(file.name + PART)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_broken(directory)
        _check_room(directory)
        with _claimed(part):
            _dump(owner_dsn, part, progress)
            part.rename(file)
            _sync(directory)
    except OSError as exc:
        raise BackupFailedError(problem=os.strerror(exc.errno or 0), directory=directory) from exc
    return Backup(file, now, file.stat().st_size)


def thin_out(directory: Path, before: datetime) -> list[Path]:
    """Remove the backups made before a moment, but never the newest; what lies there beside them stays.

    Returns:
        What was removed.
    """
    old = [each.file for each in backups_in(directory)[1:] if each.made_at < before]
    for file in old:
        file.unlink(missing_ok=True)
    return old


def revisions_in(file: Path) -> set[str]:
    """The migrations that the database of a backup had.

    Raises:
        BackupUnreadableError: it is none, or of something else.
    """
    listed = _read(file, "--data-only", f"--table={_VERSIONS}", "--file=-").splitlines()
    rows = [line for line in listed if re.fullmatch(r"\w+", line)]
    if not rows:
        raise BackupUnreadableError(file=file, problem="it holds no database of Guerdon")
    return set(rows)


def restore(owner_dsn: str, file: Path, progress: Progress | None = None) -> None:
    """Put the content of a backup into an empty database, all or nothing.

    Args:
        owner_dsn: libpq URI of the role that will own everything.
        progress: is told how many parts of the backup are done, out of ``count_parts``.

    Raises:
        BackupUnreadableError: it is no backup.
        DatabaseNotEmptyError: something is there already.
        RestoreFailedError: PostgreSQL refused; nothing was changed.
    """
    count_parts(file)
    _check_empty(owner_dsn)
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--verbose"]
    with _running("pg_restore", owner_dsn, [*options, str(file)]) as process:
        said: list[str] = []
        done = 0
        for line in _lines(process):
            if re.match(r"pg_restore: (creating|processing|executing)", line):
                done += 1
                if progress is not None:
                    progress(done)
            else:
                said.append(line)
    if process.returncode != 0:
        raise RestoreFailedError(problem=_complaint(said), file=file)


def count_parts(file: Path) -> int:
    """Of how many parts a backup consists.

    Raises:
        BackupUnreadableError: it is no backup.
    """
    return sum(1 for line in _read(file, "--list").splitlines() if line and not line.startswith(";"))


@contextmanager
def scratch_database(admin_dsn: str, owner_dsn: str, name: str) -> Iterator[str]:
    """The owner's address of an empty database beside the real one, which is gone afterwards.

    Args:
        admin_dsn: libpq URI of a role that may create databases for the owner.

    Raises:
        ScratchDatabaseError: it may not, or somebody else is at work in a database of that name.
    """
    with psycopg.connect(owner_dsn) as connection:
        owner = sql.Identifier(connection.info.user)
    database = sql.Identifier(name)
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        try:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(database, owner))
        except psycopg.Error as exc:
            raise ScratchDatabaseError(name=name, problem=str(exc).strip()) from exc
        try:
            close_to_others(connection, name)
            yield urlsplit(owner_dsn)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def _dump(owner_dsn: str, part: Path, progress: Progress | None) -> None:
    options = ["--format=custom", f"--lock-wait-timeout={LOCK_TIMEOUT}", f"--file={part}"]
    with _running("pg_dump", owner_dsn, options) as process:
        with suppress(psutil.Error):  # requests come first
            psutil.Process(process.pid).nice(NICENESS)
        while process.poll() is None:
            time.sleep(POLL_S)
            if progress is not None:
                progress(part.stat().st_size)
        said = list(_lines(process))
    if process.returncode != 0:
        raise BackupFailedError(problem=_complaint(said), directory=part.parent)
    _sync(part)
    count_parts(part)


def _check_room(directory: Path) -> None:
    last = backups_in(directory)[:1]
    needed = max([ROOM_BYTES_MIN, *(each.size_bytes * ROOM_FACTOR for each in last)])
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise BackupRoomError(directory=directory, free_mib=free // 2**20, needed_mib=needed // 2**20)


@contextmanager
def _claimed(part: Path) -> Iterator[None]:
    """A new file, locked for as long as somebody is at work on it, and gone afterwards if it has no other name."""
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)


def _remove_broken(directory: Path) -> None:
    """Remove what was left by those who were killed: nobody holds its lock."""
    for file in directory.glob(f"guerdon-*.dump{PART}"):
        with file.open("rb") as left, suppress(BlockingIOError):
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)


def _check_empty(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        ).fetchone()
    if row is None or row[0] > 0:
        raise DatabaseNotEmptyError


def _read(file: Path, *options: str) -> str:
    """What pg_restore says of a backup without any database."""
    if not file.is_file():
        raise BackupUnreadableError(file=file, problem="there is no such file")
    result = subprocess.run(  # noqa: S603 - our own program
        [str(installed_binaries() / "pg_restore"), *options, str(file)],
        check=False,
        capture_output=True,
        text=True,
        env=_environment({}),
    )
    if result.returncode != 0:
        raise BackupUnreadableError(file=file, problem=_complaint(result.stderr.splitlines()))
    return result.stdout


@contextmanager
def _running(program: str, dsn: str, options: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """One of PostgreSQL's programs on a database; ended with the block, however that ends."""
    told = conninfo_to_dict(dsn)
    password = told.pop("password", None)
    # Arguments can be read by everybody on the machine, the environment only by ourselves.
    secret = {} if password is None else {"PGPASSWORD": str(password)}
    where = make_conninfo(**told)  # type: ignore[arg-type]
    process = subprocess.Popen(  # noqa: S603
        [str(installed_binaries() / program), "--no-password", f"--dbname={where}", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(secret),
        umask=0o077,
    )
    try:
        yield process
    except BaseException:
        process.terminate()
        raise
    finally:
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _environment(secret: dict[str, str]) -> dict[str, str]:
    """Ours, because an address may lean on variables that libpq reads in this process too, with messages in English."""
    return {**os.environ, "LC_ALL": "C", **secret}


def _lines(process: "subprocess.Popen[str]") -> Iterable[str]:
    return () if process.stderr is None else (line.rstrip() for line in process.stderr)


def _complaint(said: Sequence[str]) -> str:
    """The first thing that a program complains of, without its name, and never the values of a row."""
    errors = [line for line in said if "error:" in line] or list(said)
    return errors[0].rpartition("error: ")[2] if errors else "it said nothing"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
