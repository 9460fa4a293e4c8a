"""``guerdon web`` and ``guerdon worker``: one part alone, for ``guerdon up`` and for other supervisors."""

import contextlib
import socket
import sys
from typing import Annotated

import typer
import uvicorn

from guerdon import boot
from guerdon.cli.lifeline import Lifeline
from guerdon.cli.logs import configure_logs
from guerdon.core.clock import SystemClock
from guerdon.core.settings import load_settings
from guerdon.db.location import check_answers, locate, open_database
from guerdon.worker.runner import run_worker

GRACEFUL_STOP_S = 5
"""How long requests in flight may take to finish after the web server was told to stop."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the interpreter while another one waits for it, a tenth of Python's own.

A request's thread waits for it after each statement, and the event loop after each thing that it sends.
"""

LifelineFd = Annotated[int | None, typer.Option("--lifeline-fd", hidden=True)]
ListenFd = Annotated[int | None, typer.Option("--listen-fd", hidden=True)]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, lifeline: Lifeline) -> None:
        super().__init__(config)
        self._lifeline = lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._lifeline.ready()


def web(lifeline_fd: LifelineFd = None, listen_fd: ListenFd = None) -> None:
    """Run the web server alone; the database must be up and migrated."""
    settings = load_settings()
    configure_logs(settings, part="web")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    lifeline = Lifeline(lifeline_fd)
    location = locate(settings)
    check_answers(location.app_dsn)
    database = open_database(settings, location, application_name="guerdon web")
    try:
        config = uvicorn.Config(
            boot.create_app(settings, database, SystemClock()),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            # The one of uvicorn's two parsers that refuses a head of more than 16 KiB instead of collecting it.
            http="h11",
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_STOP_S,
        )
        sockets = None if listen_fd is None else [socket.socket(fileno=listen_fd)]
        with contextlib.suppress(KeyboardInterrupt):
            _Server(config, lifeline).run(sockets)
    finally:
        database.dispose()


def worker(
    lifeline_fd: LifelineFd = None,
    until_idle: Annotated[bool, typer.Option(help="Stop when no job is due, instead of waiting for more.")] = False,
) -> None:
    """Run the worker alone; the database must be up and migrated."""
    settings = load_settings()
    configure_logs(settings, part="worker")
    lifeline = Lifeline(lifeline_fd)
    location = locate(settings)
    check_answers(location.app_dsn)
    boot.prepare(settings)
    database = open_database(settings, location, application_name="guerdon worker")
    try:
        run_worker(database, boot.tasks().values(), SystemClock(), until_idle=until_idle, on_ready=lifeline.ready)
    finally:
        database.dispose()
