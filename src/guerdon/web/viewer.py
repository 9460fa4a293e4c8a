"""Who a page is being written for: language, zone, time and form token, while one template is rendered.

Macros of another template see no variables of the page, so formatting filters and ``_`` ask here instead.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request

from guerdon.core.clock import SystemClock
from guerdon.web.i18n import Translator, negotiate, translator
from guerdon.web.kept import Kept, kept_for, mark


@dataclass(frozen=True, slots=True)
class Viewer:
    """The reader of one page."""

    translator: Translator
    zone: ZoneInfo
    now: datetime
    csrf_token: Callable[[], str]
    form_mark: Callable[[str], str] = field(default=lambda _value: "")
    kept: Kept | None = None

    @property
    def locale(self) -> str:
        """The language code."""
        return self.translator.locale


_current: ContextVar[Viewer] = ContextVar("viewer")


def current_viewer() -> Viewer:
    """The reader for whom something is rendered right now.

    Raises:
        LookupError: when nothing is being rendered.
    """
    return _current.get()


@contextmanager
def viewing(viewer: Viewer) -> Iterator[None]:
    """Make ``viewer`` the reader for what is rendered inside."""
    token = _current.set(viewer)
    try:
        yield
    finally:
        _current.reset(token)


def viewer_of(request: Request) -> Viewer:
    """The reader behind a request."""
    principal = getattr(request.state, "principal", None)
    settings = getattr(request.app.state, "settings", None)
    clock = getattr(request.app.state, "clock", None) or SystemClock()
    token = getattr(request.state, "csrf_token", "")
    return Viewer(
        translator=translator(negotiate(request), getattr(request.scope.get("endpoint"), "__module__", "")),
        zone=_zone(getattr(principal, "time_zone", None), getattr(settings, "time_zone", None)),
        now=clock.now(),
        csrf_token=token if callable(token) else lambda: str(token),
        form_mark=partial(mark, request),
        kept=kept_for(request),
    )


def _zone(*names: str | None) -> ZoneInfo:
    for name in names:
        try:
            return ZoneInfo(name or "")
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")
