"""Contributions as CSV, streamed."""

import csv
import io
from collections.abc import Iterator

from sqlalchemy.orm import Session

from guerdon.core.csv_text import cell, lines
from guerdon.programs.credits.schemas import Filters, Listed
from guerdon.programs.credits.service.csv_format import FIELDS, INPUT_COLUMNS, OUTPUT_COLUMNS
from guerdon.programs.credits.service.reading import counted, listed

CHUNK_ROWS = 1000


def export_csv(session: Session, filters: Filters) -> Iterator[str]:
    """The contributions that a filter finds, oldest first, as text in chunks of many lines."""
    yield lines([OUTPUT_COLUMNS])
    after = None
    while True:
        rows = listed(session, filters, oldest_first=True, after=after, limit=CHUNK_ROWS)
        if not rows:
            return
        yield lines(_row(each) for each in rows)
        last = rows[-1].contribution
        after = (last.created_at, last.id)
        session.expunge_all()


def count(session: Session, filters: Filters) -> int:
    """How many rows an export will have."""
    return counted(session, filters)


def rows_of(chunk: str) -> int:
    """How many rows a chunk of an export holds; a cell may hold line breaks."""
    return sum(1 for _ in csv.reader(io.StringIO(chunk, newline="")))


def template_csv() -> str:
    """An empty import file: its header."""
    return lines([INPUT_COLUMNS])


def _row(each: Listed) -> list[str]:
    contribution = each.contribution
    values = {
        "id": contribution.id,
        "type": contribution.type.value,
        "member_email": each.user_email,
        "member_name": each.user_name,
        "status": contribution.status.value,
        "credits": contribution.calculated_credits,
        "submitted_at": contribution.created_at.isoformat(),
        "approved_at": contribution.approved_at.isoformat() if contribution.approved_at else None,
        "approved_by": each.reviewer_name if contribution.approved_by else None,
        "rejection_reason": contribution.rejection_reason,
    }
    values |= {name: contribution.value_json.get(name) for name in FIELDS[contribution.type]}
    return [cell(values.get(name)) for name in OUTPUT_COLUMNS]
