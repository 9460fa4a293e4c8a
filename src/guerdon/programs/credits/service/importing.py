"""Contributions from a CSV: every error is named by row and column, and nothing or all of what is right comes in."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import simplejson
from pydantic import ValidationError
from sqlalchemy import Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.encodings import ENCODINGS
from guerdon.core.errors import FieldError, FieldErrors, GuerdonError
from guerdon.db.statement import Statement
from guerdon.http.validation import field_errors
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import User
from guerdon.programs.credits.errors import ImportEncodingUnsureError, ImportFileError, PaymentKnownError
from guerdon.programs.credits.models import Contribution, ContributionType
from guerdon.programs.credits.schemas import CONTRIBUTION_IN
from guerdon.programs.credits.service.csv_format import FIELDS, INPUT_COLUMNS
from guerdon.programs.credits.service.import_file import SURPLUS, opened, read_rows
from guerdon.programs.credits.service.submitting import draft, kept_once
from guerdon.programs.credits.service.valuing import Valuer
from guerdon.web.i18n import msgid

CHUNK = 500
"""Rows that are kept by one statement, and after which progress is told."""
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
    """What became of an import: how it was read, how many rows it had, how many came in, what was wrong."""

    encoding: str = "utf-8"
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


class NotOfTypeError(FieldError):
    """A cell is filled in a column that contributions of the row's type do not have; it would be lost."""

    code = "not-of-type"
    message = "A contribution of the type '{type}' has nothing in this column."
    remedy = "Leave the cell empty, or correct the type."


def import_csv(
    session: Session,
    clock: Clock,
    content: bytes,
    *,
    actor_id: UUID | None,
    encoding: str | None = None,
    all_or_nothing: bool = True,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Submit the contributions of a CSV, each in its member's name, pending.

    Args:
        content: a header and rows, with commas, semicolons or tabs; columns in any order, those of an export allowed.
        encoding: one of ``ENCODINGS``; without it UTF-8, or UTF-16 with its mark.
        all_or_nothing: take nothing in if anything is wrong; otherwise every row that is right.
        dry_run: check everything, take nothing in.
        progress: told rows done and rows in all.

    Returns:
        The report. With faults and ``all_or_nothing``, ``imported`` is 0.

    Raises:
        ImportFileError: it is no such CSV, or has too many rows.
    """
    file = opened(content, encoding)
    if not file.sure:
        raise ImportEncodingUnsureError(
            field="encoding", problem="", encoding=ENCODINGS[file.encoding], encodings=", ".join(ENCODINGS)
        )
    rows = list(read_rows(file))
    report = Report(file.encoding, rows=len(rows))
    intake = _Intake(session, clock, [row for _, row in rows])
    outer = session.begin_nested()
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        faults = intake.take_in(chunk)
        report.imported += len(chunk) - len(faults)
        report.faults.extend(fault for number in sorted(faults) for fault in _faults(number, faults[number]))
        progress(start + len(chunk), len(rows))
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


Row = Mapping[str, str]


class _Intake:
    """Takes rows in by the hundred: what all of them need is read once, what is right is kept by one statement."""

    def __init__(self, session: Session, clock: Clock, rows: Sequence[Row]) -> None:
        self._session = session
        self._clock = clock
        self._now = clock.now()
        self._taken = 0
        self._valuer = Valuer(session, self._now)
        self._members = _members(session, rows)
        self._exported = _exported(session, rows)
        self._seen: set[Hashable] = set()

    def take_in(self, chunk: Sequence[tuple[int, Row]]) -> dict[int, GuerdonError]:
        """Keep the rows that are right. Returns what is wrong with each of the others, by its number."""
        faults: dict[int, GuerdonError] = {}
        drafts: dict[int, Contribution] = {}
        for number, row in chunk:
            try:
                drafts[number] = self._draft(row)
            except GuerdonError as exc:
                faults[number] = exc
        for number in _known(self._session, drafts):
            faults[number] = AlreadyThereError(field="", problem="")
            del drafts[number]
        try:
            self._keep(drafts.values())
        except PaymentKnownError:
            # One of them says nothing about the others: each by itself.
            for number, contribution in drafts.items():
                try:
                    self._keep([contribution])
                except PaymentKnownError as exc:
                    faults[number] = exc
        return faults

    def _keep(self, drafts: Iterable[Contribution]) -> None:
        with kept_once(), self._session.begin_nested():
            self._session.add_all(drafts)

    def _draft(self, row: Row) -> Contribution:
        if SURPLUS in row:
            raise ImportFileError(field="", problem=msgid("the row has more cells than the header"))
        kind, email = row.get("type", ""), row.get("member_email", "")
        if kind not in {each.value for each in ContributionType}:
            raise UnknownTypeError(field="type", type=kind, types=TYPES)
        member = self._members.get(email.lower())
        names = FIELDS[ContributionType(kind)]
        others = [name for name in INPUT_COLUMNS if name not in ("type", "member_email", *names) and row.get(name)]
        faulty: list[FieldError] = [NotOfTypeError(field=name, type=kind) for name in others]
        if member is None:
            faulty.insert(0, UnknownMemberError(field="member_email", email=email))
        try:
            given = CONTRIBUTION_IN.validate_python(
                {"type": kind} | {name: row[name] for name in names if row.get(name)}
            )
        except ValidationError as exc:
            raise FieldErrors([*faulty, *field_errors(exc.errors()).errors]) from exc
        if member is None or faulty:
            raise FieldErrors(faulty)
        user_id, zone = member
        # The queue goes by the moment of submission: rows stand in it as in the file.
        created_at = self._now + timedelta(microseconds=self._taken)
        contribution = draft(self._valuer, self._clock, user_id, given, zone=zone, created_at=created_at)
        same = (user_id, kind, frozenset(contribution.value_json.items()))
        if same in self._seen or row.get("id", "").lower() in self._exported:
            raise AlreadyThereError(field="", problem="")
        self._seen.add(same)
        self._taken += 1
        return contribution


def _members(session: Session, rows: Iterable[Row]) -> dict[str, tuple[UUID, str]]:
    """Id and time zone of the members that rows name, by address in small letters."""
    named = {row.get("member_email", "").lower() for row in rows}
    address = func.lower(User.email)
    found = session.execute(
        select(address, User.id, User.time_zone).where(
            address == any_(literal(list(named), ARRAY(Text()))), User.deleted_at.is_(None)
        )
    )
    return {email: (user_id, zone) for email, user_id, zone in found}


_EXPORTED = Statement(
    "SELECT id::text FROM credits.contributions WHERE id::text = ANY(:ids)"
    " UNION SELECT id::text FROM credits.contributions_archive WHERE id::text = ANY(:ids)"
)


def _exported(session: Session, rows: Iterable[Row]) -> set[str]:
    """Which of the ids that an export wrote are those of contributions that are there, whatever became of them."""
    ids = {row["id"].lower() for row in rows if row.get("id")}
    return {found for (found,) in _EXPORTED.rows(session, ids=list(ids))} if ids else set()


# Grouped, not joined: of members who have submitted thousands of things a join compares each with each.
_KNOWN = Statement(
    "SELECT unnest(array_agg(number) FILTER (WHERE number IS NOT NULL)) FROM ("
    " SELECT g.number, g.user_id, g.type, g.document FROM unnest(CAST(:numbers AS integer[]), CAST(:users AS uuid[]),"
    " CAST(:types AS text[]), CAST(:documents AS jsonb[])) AS g(number, user_id, type, document)"
    " UNION ALL SELECT NULL, c.user_id, c.type::text, c.value_json - 'photos' FROM credits.contributions AS c"
    " WHERE c.user_id = ANY(CAST(:users AS uuid[])) AND c.status <> 'rejected') AS submitted"
    " GROUP BY user_id, type, document HAVING bool_or(number IS NULL)"
)


def _known(session: Session, drafts: Mapping[int, Contribution]) -> list[int]:
    """The numbers of those drafts that their member has submitted before, word for word."""
    if not drafts:
        return []
    found = _KNOWN.rows(
        session,
        numbers=list(drafts),
        users=[each.user_id for each in drafts.values()],
        types=[each.type.value for each in drafts.values()],
        documents=[simplejson.dumps(each.value_json, use_decimal=True) for each in drafts.values()],
    )
    return [number for (number,) in found]


def _faults(row: int, exc: GuerdonError) -> list[Fault]:
    errors = exc.errors if isinstance(exc, FieldErrors) else [exc]
    return [Fault(row, (each.field or "").rpartition(".")[2], each.message, each.params) for each in errors]
