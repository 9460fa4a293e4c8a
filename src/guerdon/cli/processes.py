"""The children of ``guerdon up``: started, watched and stopped as one."""

import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from guerdon.cli.errors import PartFailedError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0


class Part:
    """One child: another ``guerdon`` command, in a session of its own so that Ctrl-C reaches the parent alone.

    Args:
        name: the command, ``web`` or ``worker``; also what messages call it.
        arguments: after the command.
        pass_fds: file descriptors that the child inherits.
        environment: variables set over those of this process.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str] = (),
        *,
        pass_fds: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._arguments = list(arguments)
        self._pass_fds = list(pass_fds)
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.socket: socket.socket | None = None

    def start(self) -> None:
        """Start the child, without waiting for it."""
        self.socket, theirs = socket.socketpair()
        with theirs:
            fd = theirs.fileno()
            command = [sys.executable, "-m", "guerdon.cli", self.name, *self._arguments, "--lifeline-fd", str(fd)]
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and command
                command,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                pass_fds=[fd, *self._pass_fds],
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Wait until the child says that it is ready.

        Raises:
            PartFailedError: it ended, or was not ready in time.
        """
        if self.socket is None:
            raise self.failure()
        self.socket.settimeout(READY_TIMEOUT_S)
        try:
            answer = self.socket.recv(1)
        except TimeoutError:
            raise PartFailedError(part=self.name, how=f"not ready after {READY_TIMEOUT_S:.0f} s") from None
        if not answer:
            raise self.failure()

    def failure(self) -> PartFailedError:
        """What to say after the child has ended by itself."""
        if self._process is None:
            return PartFailedError(part=self.name, how="never started")
        try:
            code = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return PartFailedError(part=self.name, how="it no longer answers")
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return PartFailedError(part=self.name, how=how)

    def stop(self) -> None:
        """End the child: orderly, and by force if that takes too long. Does nothing if it is not there."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class StopRequested(KeyboardInterrupt):
    """Somebody wants the process to end: Ctrl-C, SIGTERM, or the terminal closed.

    A kind of KeyboardInterrupt, because that is the one interruption over which psycopg cancels the statement under
    way, and leaves a connection that can be rolled back.
    """


class StopSignals:
    """Turns the first signal to stop into ``StopRequested``, and ignores more of them while things are being stopped.

    Use as a context; inside ``deferred`` sections the exception waits for the section's end.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.requested = False
        self._deferring = False
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def __enter__(self) -> "StopSignals":
        self._before = {each: signal.signal(each, self._handle) for each in self.SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._reader.close()
        self._writer.close()

    def ignore(self) -> None:
        """From now on signals change nothing: everything is being stopped already."""
        self.requested = True

    def _handle(self, _number: int, _frame: object) -> None:
        if self.requested:
            return
        self.requested = True
        with suppress(OSError):
            self._writer.send(b"s")
        if not self._deferring:
            raise StopRequested

    def defer(self) -> "_Deferred":
        """A context in which a signal is only noted: for steps that must not be cut in two."""
        return _Deferred(self)

    def wait(self, parts: Sequence[Part]) -> Part | None:
        """Block until a signal arrives (``None``) or one of the parts ends (that part)."""
        with self.defer_quietly(), selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            for part in parts:
                if part.socket is not None:
                    part.socket.setblocking(False)
                    selector.register(part.socket, selectors.EVENT_READ, part)
            while not self.requested:
                for key, _ in selector.select():
                    if isinstance(key.data, Part):
                        return key.data
        return None

    def defer_quietly(self) -> "_Deferred":
        """Like ``defer``, for a section that looks at ``requested`` itself."""
        return _Deferred(self, raising=False)


class _Deferred:
    def __init__(self, signals: StopSignals, *, raising: bool = True) -> None:
        self._signals = signals
        self._raising = raising

    def __enter__(self) -> None:
        self._signals._deferring = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._signals._deferring = False
        if self._raising and kind is None and self._signals.requested:
            raise StopRequested
