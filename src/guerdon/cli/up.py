"""``guerdon up``: database, migrations, demo data, web and worker in one process tree."""

import fcntl
import json
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from guerdon import boot
from guerdon.cli.console import err, out, step
from guerdon.cli.errors import AlreadyRunningError
from guerdon.cli.listening import listen
from guerdon.cli.processes import Part, StopRequested, StopSignals
from guerdon.core.clock import SystemClock
from guerdon.core.settings import Settings, load_settings
from guerdon.db.data_dir import make_data_dir
from guerdon.db.location import Location, check_answers, locate, open_database
from guerdon.db.migrate import Migrator
from guerdon.db.roles import ensure_app_role
from guerdon.http.metrics import SHARED_DIR


def up(
    demo: Annotated[bool, typer.Option(help="Load demo data if the database is empty.")] = True,
    port: Annotated[int | None, typer.Option(help="Port of the web server, instead of GUERDON_PORT.")] = None,
) -> None:
    """Start everything: database, web and worker; Ctrl-C stops it again."""
    settings = load_settings(**({} if port is None else {"port": port}))
    with StopSignals() as signals:
        try:
            with ExitStack() as stack:
                try:
                    parts = _start_all(settings, signals, stack, demo=demo)
                    ended = signals.wait(parts)
                finally:
                    signals.ignore()
                if ended is not None:
                    raise ended.failure()
                err.print("Stopping …")
        except StopRequested:
            err.print("Stopped before everything had started.")
        else:
            err.print("Stopped.")


def _start_all(settings: Settings, signals: StopSignals, stack: ExitStack, *, demo: bool) -> list[Part]:
    """Start one thing after another; the stack stops them in the opposite order."""
    make_data_dir(settings.data_dir)
    stack.enter_context(_only_one(settings))
    listeners = stack.enter_context(listen(settings))
    location = locate(settings)
    _start_database(location, signals, stack)
    _migrate(location)
    accounts = _load_demo(settings, location, demo=demo)
    parts = _parts(settings, listeners, stack)
    with step("Starting web server and worker …", "Web server and worker are ready"):
        _start_parts(parts, signals, stack)
    _welcome(settings, accounts)
    return parts


def _parts(settings: Settings, listeners: Sequence[socket.socket], stack: ExitStack) -> list[Part]:
    """The worker, and a web server for each socket; several of them count together."""
    environment = {"GUERDON_PORT": str(settings.port)}
    counting = {SHARED_DIR: stack.enter_context(_counted_in(settings.data_dir / "metrics"))} if listeners[1:] else {}
    fds = [listener.fileno() for listener in listeners]
    return [
        Part("worker", environment=environment),
        *(Part("web", ["--listen-fd", str(fd)], pass_fds=[fd], environment={**environment, **counting}) for fd in fds),
    ]


@contextmanager
def _counted_in(directory: Path) -> Iterator[str]:
    """An empty directory for what the web servers count, as long as they run."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    try:
        yield str(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _start_parts(parts: Sequence[Part], signals: StopSignals, stack: ExitStack) -> None:
    for part in parts:
        stack.callback(part.stop)
        with signals.defer():  # or the child could be there without our knowing it
            part.start()
    for part in parts:
        part.wait_until_ready()


def _start_database(location: Location, signals: StopSignals, stack: ExitStack) -> None:
    if location.server is None:
        with step("Reaching the database …", "The database answers"):
            check_answers(location.owner_dsn)
            if location.app_role is not None:  # with an address of its own, the operator has made the role
                ensure_app_role(location.owner_dsn)
        return
    stack.callback(location.server.stop)
    with step("Starting the database …", "The database runs"), signals.defer():
        location.server.start()


def _migrate(location: Location) -> None:
    with step("Migrating the database …", "The database is up to date"):
        Migrator(location.owner_dsn, boot.modules()).upgrade()


def _load_demo(settings: Settings, location: Location, *, demo: bool) -> list[boot.DemoAccount]:
    database = open_database(settings, location, application_name="guerdon up")
    try:
        if demo:
            with step("Looking after demo data …", "Demo data looked after"):
                boot.load_demo(settings, database, SystemClock())
        return boot.demo_accounts(database)
    finally:
        database.dispose()


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the data directory; the kernel lets go of it for us, however we end."""
    file = settings.data_dir / "up.lock"
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _already_running(settings, lock.read()) from None
        lock.truncate()
        json.dump({"pid": os.getpid(), "url": settings.base_url}, lock)
        lock.flush()
        yield
        lock.truncate(0)


def _already_running(settings: Settings, content: str) -> AlreadyRunningError:
    try:
        holder = json.loads(content)
        return AlreadyRunningError(data_dir=settings.data_dir, pid=holder["pid"], url=holder["url"])
    except (ValueError, KeyError):  # caught in the moment between locking and writing
        return AlreadyRunningError(data_dir=settings.data_dir, pid="starting", url="an address not known yet")


def _welcome(settings: Settings, accounts: list[boot.DemoAccount]) -> None:
    out.print()
    out.print(Text.assemble("Guerdon is ready at ", (settings.base_url, "bold cyan")), soft_wrap=True)
    if accounts:
        table = Table("Sign in as", "E-mail", "Password", box=None, pad_edge=False, header_style="dim")
        for account in accounts:
            table.add_row(account.role, account.email, account.password)
        out.print(table)
    out.print("Press Ctrl-C to stop.")
    out.file.flush()
