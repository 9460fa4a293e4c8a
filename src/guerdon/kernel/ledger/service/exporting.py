"""Writing the ledger out: every entry of every owner, streamed in constant memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import simplejson
from sqlalchemy import text
from sqlalchemy.orm import Session

from guerdon.core.csv_text import lines
from guerdon.core.money import to_text
from guerdon.kernel.ledger.catalogue import catalogue
from guerdon.kernel.ledger.schemas import Entry
from guerdon.kernel.ledger.service.reading import ENTRY_COLUMNS, entries_of

CHUNK_ROWS = 2000


class ExportFormat(StrEnum):
    """How entries are written: one JSON object a line, or CSV with a header."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of one owner, of one unit, recorded from ``since`` on and before ``until``; all, if not given."""

    owner_id: UUID | None = None
    unit: str | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = Wanted()


def export_entries(
    session: Session,
    form: ExportFormat,
    wanted: Wanted = ALL,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[str]:
    """Entries as text, in chunks of many lines, by owner and then in the order of posting.

    Args:
        wanted: which ones.
        progress: told how many entries each chunk holds.
    """
    where, params = _conditions(session, wanted)
    rows = session.execute(
        text(
            f"SELECT {ENTRY_COLUMNS} FROM ledger.entries WHERE {where}"  # noqa: S608 - fixed texts
            " ORDER BY owner_id, transfer_id, pocket"
        ),
        params,
        execution_options={"yield_per": CHUNK_ROWS},
    )

    def pages() -> Iterator[list[Entry]]:
        for chunk in rows.partitions():
            yield entries_of(session, chunk)
            progress(len(chunk))

    return render_entries(pages(), form)


def render_entries(pages: Iterable[Sequence[Entry]], form: ExportFormat) -> Iterator[str]:
    """Pages of entries as text, one chunk for each."""
    if form is ExportFormat.CSV:
        yield lines([list(COLUMNS)])
    for page in pages:
        records = [record(entry) for entry in page]
        if form is ExportFormat.CSV:
            yield lines([[_cell(entry[name]) for name in COLUMNS] for entry in records])
        else:
            yield "".join(_json(entry) + "\n" for entry in records)


def count_entries(session: Session, wanted: Wanted = ALL) -> int:
    """How many entries ``export_entries`` will give."""
    where, params = _conditions(session, wanted)
    counted: int = session.execute(
        text(f"SELECT count(*) FROM ledger.entries WHERE {where}"),  # noqa: S608 - fixed texts
        params,
    ).scalar_one()
    return counted


def _conditions(session: Session, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    conditions = [
        ("owner_id = :owner", "owner", wanted.owner_id),
        ("unit_id = :unit", "unit", catalogue(session).unit_id(wanted.unit) if wanted.unit else None),
        ("recorded_at >= :since", "since", wanted.since),
        ("recorded_at < :until", "until", wanted.until),
    ]
    given = [each for each in conditions if each[2] is not None]
    return " AND ".join(["true", *(each[0] for each in given)]), {each[1]: each[2] for each in given}


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
    return _json(value) if isinstance(value, dict) else str(value)


def _json(document: dict[str, Any]) -> str:
    # Exactly: a detail may hold fractions, which are read as decimals.
    text: str = simplejson.dumps(document, ensure_ascii=False, use_decimal=True)
    return text
