"""Cursor pagination: a page says where the next one begins, in words that only the server reads."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from guerdon.http.errors import CursorInvalidError

T = TypeVar("T")
Row = TypeVar("Row")

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
CURSOR_MAX = 500

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many entries to answer with at most.")]
"""``limit: Limit = LIMIT_DEFAULT`` in a handler."""
Cursor = Annotated[
    str | None, Query(max_length=CURSOR_MAX, description="``next_cursor`` of the page before; none for the first.")
]
"""``cursor: Cursor = None`` in a handler."""


class Page(BaseModel, Generic[T]):
    """A page of a list."""

    model_config = ConfigDict(extra="forbid")

    items: list[T] = Field(description="The entries of this page, in the order of the list.")
    next_cursor: str | None = Field(None, description="Where the next page begins; null on the last one.")


def encode_cursor(*values: Any) -> str:
    """A cursor from the sort key of a page's last row (datetimes, dates, UUIDs, integers and texts)."""
    parts = [value.isoformat() if isinstance(value, date) else value for value in values]
    raw = json.dumps([str(part) if isinstance(part, UUID) else part for part in parts], separators=(",", ":"))
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """The sort key in a cursor, each part as the type asked for; None for the first page.

    Raises:
        CursorInvalidError: for anything that ``encode_cursor`` did not make from such types.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
        if not isinstance(parts, list) or len(parts) != len(types):
            raise CursorInvalidError(field="cursor", problem="")
        return tuple(_part(value, kind) for value, kind in zip(parts, types, strict=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as exc:
        raise CursorInvalidError(field="cursor", problem="") from exc


def _part(value: Any, kind: type) -> Any:
    if kind is int and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(kind)
    value.encode()
    if kind is str:
        return value
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if kind is date:
        return date.fromisoformat(value)
    raise TypeError(kind)


def page_of(
    rows: Sequence[Row], limit: int, *, show: Callable[[Row], T], key: Callable[[Row], tuple[Any, ...]]
) -> Page[T]:
    """A page from ``limit + 1`` rows that were asked for: the extra one only tells that there is more.

    Args:
        rows: at most ``limit + 1`` rows in the order of the list.
        limit: how many the page holds.
        show: a row as it goes out.
        key: the sort key of a row, as ``decode_cursor`` will read it.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    cursor = encode_cursor(*key(shown[-1])) if more and shown else None
    return Page(items=[show(row) for row in shown], next_cursor=cursor)
