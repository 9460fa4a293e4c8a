"""Logs: structured, for people or for machines, and without what rows and requests hold about persons."""

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TextIO

import psycopg
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from guerdon.core.errors import GuerdonError
from guerdon.core.settings import Settings


def configure_logs(settings: Settings, *, part: str) -> None:
    """Send all logs of this process, those of libraries too, to standard error in one form.

    Args:
        settings: level and format.
        part: ``web`` or ``worker``; stands in every line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Part(part),
        _describe_exception,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = _Lines(sys.stderr)
    full = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_take_fields, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    plain = settings.log_format == "json" or not sys.stderr.isatty()
    handler.setFormatter(_Quick(full, part, json_lines=settings.log_format == "json") if plain else full)
    # Of a line nobody is told in which file, thread or process it was made, so that need not be found out for each.
    logging._srcfile = None  # https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # that it starts and stops is said by who starts it
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _Lines(logging.StreamHandler[TextIO]):
    """Writes the lines of requests that are answered together at once, and every other line when it comes.

    Telling the system to write takes longer than all else that is done for a line, and lets another thread have the
    interpreter. So the lines of requests wait until the event loop has done what it has in hand.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._held: list[str] = []
        self._holding: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, after those that wait, or let it wait with them."""
        loop = _running_loop() if isinstance(record.args, dict) else None
        if loop is None:
            self.flush()
            super().emit(record)
            return
        try:
            self._held.append(self.format(record) + self.terminator)
        except Exception:
            self.handleError(record)
        if self._holding is not loop:
            self._holding = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            held, self._held, self._holding = self._held, [], None
            if held:
                self.stream.write("".join(held))
        super().flush()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Quick(logging.Formatter):
    """Writes lines whose fields come as one mapping, such as those of requests, as ``full`` would, but faster.

    Args:
        full: for every other line.
        part: stands in every line.
        json_lines: lines for machines instead of people.
    """

    def __init__(self, full: logging.Formatter, part: str, *, json_lines: bool) -> None:
        super().__init__()
        self._full = full
        self._part = part
        self._json_lines = json_lines

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = record.args
        if not isinstance(fields, dict) or record.exc_info:
            return self._full.format(record)
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        event, level, logger = record.msg, record.levelname.lower(), record.name
        if self._json_lines:
            line = {**fields, "event": event, "level": level, "logger": logger, "timestamp": moment, "part": self._part}
            return json.dumps(line)
        shown = " ".join(f"{name}={fields[name]}" for name in sorted(fields))
        return f"{moment} [{level:9}] {event:30} [{logger}] {shown} part={self._part}"


def _take_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Lay out fields that came as one mapping."""
    record = event.get("_record")
    if record is not None and isinstance(record.args, dict):
        event.update(record.args)
    return event


class _Part:
    def __init__(self, part: str) -> None:
        self._part = part

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["part"] = self._part
        return event


def _describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by a description that can be shown to anyone."""
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info if isinstance(exc_info, BaseException) else exc_info[1] if isinstance(exc_info, tuple) else None
    if error is not None:
        event["exception"] = describe_exception(error)
    return event


def describe_exception(error: BaseException) -> str:
    """Types, places and codes of an exception and its causes.

    Messages are left out unless they are known to be free of data: PostgreSQL's name the values of the row at fault,
    and those of parsers quote what a person typed.
    """
    return "\n".join(
        f"{type(each).__module__}.{type(each).__qualname__}{_safe_detail(each)}\n"
        + "".join(
            f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in traceback.extract_tb(each.__traceback__)
        ).rstrip("\n")
        for each in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _safe_detail(error: BaseException) -> str:
    if isinstance(error, GuerdonError):
        return f" ({error.code})"
    if isinstance(error, psycopg.Error):
        diag = error.diag
        parts = [f"SQLSTATE {diag.sqlstate}", diag.schema_name, diag.table_name, diag.constraint_name]
        return f" ({', '.join(part for part in parts if part)})"
    if isinstance(error, OSError) and error.strerror:
        return f" ({error.strerror})"
    return ""
