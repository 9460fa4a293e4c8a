"""Writing the ledger out: every entry of every owner, streamed in constant memory."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.money import to_text
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Entry
from guerdon.kernel.ledger.service.reading import ENTRY_COLUMNS, entries_of

CHUNK_ROWS = 2000


class ExportFormat(StrEnum):
    """How entries are written: one JSON object a line, or CSV with a header."""

    JSONL = "jsonl"
    CSV = "csv"


def export_entries(
    session: Session,
    form: ExportFormat,
    *,
    owner_id: UUID | None = None,
    unit: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[str]:
    """Entries as text, in chunks of many lines, by owner and then in the order of posting.

    Args:
        owner_id, unit: only those.
        since, until: bounds on when they were recorded, the second excluded.
    """
    conditions = ["true"]
    params: dict[str, Any] = {}
    for condition, name, value in (
        ("owner_id = :owner", "owner", owner_id),
        ("unit_id = :unit", "unit", catalogue(session).unit_id(unit) if unit else None),
        ("recorded_at >= :since", "since", since),
        ("recorded_at < :until", "until", until),
    ):
        if value is not None:
            conditions.append(condition)
            params[name] = value
    rows = session.execute(
        text(
            f"SELECT {ENTRY_COLUMNS} FROM ledger.entries WHERE {' AND '.join(conditions)}"  # noqa: S608 - fixed texts
            " ORDER BY owner_id, transfer_id, pocket"
        ),
        params,
        execution_options={"yield_per": CHUNK_ROWS},
    )
    if form is ExportFormat.CSV:
        yield _csv_lines([list(COLUMNS)])
    for chunk in rows.partitions():
        records = [record(entry) for entry in entries_of(session, chunk)]
        if form is ExportFormat.CSV:
            yield _csv_lines([[_cell(entry[name]) for name in COLUMNS] for entry in records])
        else:
            yield "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in records)


COLUMNS = (
    "owner_id",
    "transfer_id",
    "unit",
    "pocket",
    "amount",
    "balance_before",
    "balance_after",
    "counter_account",
    "kind",
    "reference_type",
    "reference_id",
    "actor_id",
    "happened_at",
    "recorded_at",
    "reverses_id",
    "peer_owner_id",
    "hold_id",
    "detail",
)


def record(entry: Entry) -> dict[str, Any]:
    """An entry as JSON has it: amounts as decimal strings, moments in ISO 8601."""
    plain = asdict(entry)
    scale = plain.pop("scale")
    reference = plain.pop("reference")
    for name in ("amount", "balance_before", "balance_after"):
        plain[name] = to_text(plain.pop(f"{name}_minor"), scale)
    plain["reference_type"] = reference["type"] if reference else None
    plain["reference_id"] = str(reference["id"]) if reference else None
    plain["pocket"] = entry.pocket.value
    for name in ("happened_at", "recorded_at"):
        plain[name] = plain[name].isoformat()
    for name in ("owner_id", "transfer_id", "actor_id", "reverses_id", "peer_owner_id", "hold_id"):
        plain[name] = str(plain[name]) if plain[name] is not None else None
    return {name: plain[name] for name in COLUMNS}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _csv_lines(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
