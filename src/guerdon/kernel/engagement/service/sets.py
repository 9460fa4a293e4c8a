"""Membership in a set of any size as one array parameter: a list of ten thousand parameters takes longer to read than
the rows that it finds."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import InstrumentedAttribute


def among(column: InstrumentedAttribute[Any], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether a column of UUIDs holds one of some."""
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))
