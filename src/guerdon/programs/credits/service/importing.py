"""Contributions from a CSV: every error is named by row and column, and nothing or all of what is right comes in."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Text, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import FieldError, FieldErrors, GuerdonError
from guerdon.http.validation import field_errors
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.programs.credits.errors import (
    ImportColumnMissingError,
    ImportColumnUnknownError,
    ImportFileError,
    ImportRowUnreadableError,
    ImportTooLongError,
)
from guerdon.programs.credits.models import Contribution, ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import CONTRIBUTION_IN, HoursIn, ItemIn, MoneyIn, document_of
from guerdon.programs.credits.service.csv_format import FIELDS, INPUT_COLUMNS, OUTPUT_COLUMNS, uncell
from guerdon.programs.credits.service.submitting import submit
from guerdon.web.i18n import msgid

ROWS_MAX = 10_000
FILE_BYTES_MAX = 8 * 1024 * 1024
TYPES = ", ".join(kind.value for kind in ContributionType)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell.

    Attributes:
        row: as a spreadsheet counts: the header is row 1.
        column: name of the column; empty if the row as a whole is at fault.
        problem: a message id.
        params: what fills its placeholders.
    """

    row: int
    column: str
    problem: str
    params: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What became of an import: how many rows it had, how many came in, what was wrong."""

    rows: int = 0
    imported: int = 0
    faults: list[Fault] = field(default_factory=list)


class UnknownMemberError(FieldError):
    """No living account has that address."""

    code = "unknown-member"
    message = "No member has the address '{email}'."
    remedy = "Correct the address, or let the member sign up first."


class AlreadyThereError(FieldError):
    """The same member has the same contribution already."""

    code = "already-there"
    message = "This member has exactly this contribution already."
    remedy = "Leave the row out; if it really was given twice, say so in the notes."


class UnknownTypeError(FieldError):
    """Not a type of contribution."""

    code = "unknown-type"
    message = "'{type}' is not a type of contribution; the types are {types}."
    remedy = "Correct the type."


def import_csv(
    session: Session,
    clock: Clock,
    content: bytes,
    *,
    actor_id: UUID | None,
    all_or_nothing: bool = True,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Submit the contributions of a CSV, each in its member's name, pending.

    Args:
        content: UTF-8, comma or semicolon, with a header; columns in any order, those of an export allowed.
        all_or_nothing: take nothing in if anything is wrong; otherwise every row that is right.
        dry_run: check everything, take nothing in.
        progress: told rows done and rows in all.

    Returns:
        The report. With faults and ``all_or_nothing``, ``imported`` is 0.

    Raises:
        ImportFileError: it is no such CSV, or has too many rows.
    """
    rows = list(_rows(content))
    report = Report(rows=len(rows))
    outer = session.begin_nested()
    for done, (number, row) in enumerate(rows, start=1):
        try:
            with session.begin_nested():
                _take_in(session, clock, row)
            report.imported += 1
        except GuerdonError as exc:
            report.faults.extend(_faults(number, exc))
        progress(done, len(rows))
    if dry_run or (report.faults and all_or_nothing):
        outer.rollback()
        report.imported = report.imported if dry_run and not (report.faults and all_or_nothing) else 0
        return report
    outer.commit()
    announce(
        session,
        Act(
            "credits.contributions_imported",
            "contribution",
            actor_id=actor_id,
            new={"rows": report.rows, "imported": report.imported, "faults": len(report.faults)},
        ),
    )
    return report


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that is not blank with its number; blank ones count too, so that a spreadsheet shows the same number."""
    if len(content) > FILE_BYTES_MAX:
        raise too_long()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ImportFileError(field="file", problem=msgid("it is not UTF-8")) from exc
    if "\0" in text:
        raise ImportFileError(field="file", problem=msgid("it is not a text"))
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    number = 0
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        names = [name.strip() for name in next(reader, ())]
        number = 1
        _check_header(names)
        for number, row in enumerate(reader, start=2):
            if number > ROWS_MAX + 1:
                raise too_long()
            cells = dict(zip(names, map(uncell, row), strict=False))
            if any(cell.strip() for cell in row[len(names) :]):
                cells[""] = "too many cells"
            if any(cells.values()):
                yield number, cells
    except csv.Error as exc:
        raise ImportRowUnreadableError(field="file", problem="", row=number + 1) from exc


def too_long() -> ImportTooLongError:
    """The refusal of a file that is too long or too large."""
    return ImportTooLongError(field="file", rows_max=ROWS_MAX, size_max_mb=FILE_BYTES_MAX // (1024 * 1024))


def _check_header(names: list[str]) -> None:
    if not names:
        raise ImportFileError(field="file", problem=msgid("it is empty"))
    missing = [name for name in ("type", "member_email") if name not in names]
    if missing:
        raise ImportColumnMissingError(field="file", column=missing[0])
    unknown = [name for name in names if name not in OUTPUT_COLUMNS and name not in INPUT_COLUMNS]
    if unknown:
        raise ImportColumnUnknownError(field="file", column=unknown[0][:100])
    if len(set(names)) < len(names):
        raise ImportFileError(field="file", problem=msgid("a column stands there twice"))


def _take_in(session: Session, clock: Clock, row: dict[str, str]) -> None:
    if "" in row:
        raise ImportFileError(field="", problem=msgid("the row has more cells than the header"))
    kind = row.get("type", "")
    if kind not in {each.value for each in ContributionType}:
        raise UnknownTypeError(field="type", type=kind, types=TYPES)
    member = session.execute(
        select(User.id, User.time_zone).where(
            func.lower(User.email) == row.get("member_email", "").lower(), User.deleted_at.is_(None)
        )
    ).one_or_none()
    names = FIELDS[ContributionType(kind)]
    unknown = [] if member else [UnknownMemberError(field="member_email", email=row.get("member_email", ""))]
    try:
        given = CONTRIBUTION_IN.validate_python({"type": kind} | {name: row[name] for name in names if row.get(name)})
    except ValidationError as exc:
        raise FieldErrors([*unknown, *field_errors(exc.errors()).errors]) from exc
    if member is None:
        raise FieldErrors([*unknown])
    _check_new(session, member.id, given)
    submit(session, clock, member.id, given, zone=member.time_zone)


def _check_new(session: Session, user_id: UUID, given: ItemIn | MoneyIn | HoursIn) -> None:
    same = session.scalars(
        select(Contribution.id)
        .where(
            Contribution.user_id == user_id,
            Contribution.type == ContributionType(given.type),
            Contribution.status != ContributionStatus.REJECTED,
            Contribution.value_json.op("-", return_type=JSONB())(literal("photos", Text())) == document_of(given),
        )
        .limit(1)
    ).first()
    if same is not None:
        raise AlreadyThereError(field="", problem="")


def _faults(row: int, exc: GuerdonError) -> list[Fault]:
    errors = exc.errors if isinstance(exc, FieldErrors) else [exc]
    return [Fault(row, (each.field or "").rpartition(".")[2], each.message, each.params) for each in errors]
