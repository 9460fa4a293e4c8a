"""How the parts of ``guerdon up`` hold together: a socket pair between the parent and each child.

The child says over it that it is ready. When the parent dies, however suddenly, the kernel closes its end, and the
child stops. This needs no support from the operating system beyond sockets and cannot be missed by a race.
"""

import os
import signal
import socket
import threading
import time
from contextlib import suppress

STOP_TIMEOUT_S = 10.0
"""After the parent is gone: the time for an orderly end before a sudden one."""


class Lifeline:
    """The child's end. Without a file descriptor, as when an operator starts the part alone, it does nothing."""

    def __init__(self, fd: int | None) -> None:
        self._socket = None if fd is None else socket.socket(fileno=fd)
        if self._socket is not None:
            threading.Thread(target=self._watch, args=(self._socket,), name="lifeline", daemon=True).start()

    def ready(self) -> None:
        """Tell the parent that this part does its work now."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send(b"r")

    @staticmethod
    def _watch(parent: socket.socket) -> None:
        with suppress(OSError):
            while parent.recv(1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_TIMEOUT_S)
        os._exit(1)
