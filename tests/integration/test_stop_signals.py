"""Somebody wants ``guerdon up`` to stop at a bad moment: while it loads, asks the database, or starts a child."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from guerdon.cli import processes, start, up
from guerdon.cli.processes import Part, StopRequested, StopSignals
from guerdon.db.database import sqlalchemy_url
from support.processes import eventually

ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"


def stop() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("raw", [True, False])
def test_a_statement_under_way_is_cancelled(owner_dsn: str, raw: bool) -> None:
    engine = create_engine(sqlalchemy_url(owner_dsn))

    def asleep() -> bool:
        with engine.connect() as connection:
            return bool(connection.scalar(text(ASLEEP)))

    def stop_the_sleeper() -> None:
        eventually(asleep, 20)
        stop()

    def sleep_in_a_migration() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE half_a_migration ()"))
            if raw:
                connection.connection.cursor().execute("SELECT pg_sleep(60)")
            else:
                connection.execute(text("SELECT pg_sleep(60)"))

    thread = threading.Thread(target=stop_the_sleeper)
    with StopSignals():
        thread.start()
        with pytest.raises(StopRequested):
            sleep_in_a_migration()
        thread.join()
    eventually(lambda: not asleep(), 20)
    assert not asleep()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('half_a_migration')")) is None
    engine.dispose()


def test_a_child_that_has_just_been_started_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start_and_stop(_command: Any, **options: Any) -> "subprocess.Popen[bytes]":
        started.append(real(["sleep", "60"], **options))
        stop()
        return started[-1]

    monkeypatch.setattr(processes.subprocess, "Popen", start_and_stop)
    with StopSignals() as signals, pytest.raises(StopRequested), ExitStack() as stack:
        up._start_parts([Part("worker"), Part("web")], signals, stack)
    assert [each.poll() for each in started] == [-signal.SIGTERM]


class Interrupting:
    """Finds the command's module, and is interrupted over it."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "guerdon.cli.main":
            stop()


@pytest.fixture
def collector() -> Iterator[None]:
    yield
    gc.enable()


@pytest.fixture
def from_a_terminal() -> Iterator[None]:
    """Ctrl-C as a terminal's program takes it; what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("collector", "from_a_terminal")
def test_while_it_loads_it_ends_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "guerdon.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting, *sys.meta_path])
    with pytest.raises(SystemExit) as end:
        start.start()
    assert end.value.code == 130
