"""The port of ``guerdon up``: taken before anything is started, inherited by web servers, never free in between."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from guerdon.cli.errors import PortUnavailableError
from guerdon.core.settings import Settings

LISTEN_BACKLOG = 512


@contextmanager
def listen(settings: Settings) -> Iterator[list[socket.socket]]:
    """A listening socket for each process of the web server, all on one port.

    With one socket for all, the process that wakes first would take every connection that waits. With one for each, the
    system spreads connections over them.

    Raises:
        PortUnavailableError: the port is taken, or the address is not this machine's.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(each) for each in _sockets(settings)]


def _sockets(settings: Settings) -> list[socket.socket]:
    made: list[socket.socket] = []
    try:
        family, *_, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        alone = socket.create_server(address[:2], family=family, backlog=LISTEN_BACKLOG)
        if settings.web_processes == 1:
            return [alone]
        # Sockets that share a port would share it with another Guerdon too; the one before shows that there is none.
        alone.close()
        for _ in range(settings.web_processes):
            made.append(socket.create_server(address[:2], family=family, backlog=LISTEN_BACKLOG, reuse_port=True))
    except OSError as exc:
        for each in made:
            each.close()
        raise PortUnavailableError(host=settings.host, port=settings.port, problem=_reason(exc)) from exc
    return made


def _reason(error: OSError) -> str:
    # asyncio and socket add the address to what the system says; it stands in the sentence already.
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)
