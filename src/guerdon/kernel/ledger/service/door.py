"""The way to the door: postings become what ``ledger.post`` and ``ledger.post_one`` take, verdicts values or errors."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import simplejson
from psycopg import Error as PsycopgError
from psycopg.types.json import Jsonb
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from guerdon.core.ids import idempotency_uuid
from guerdon.core.money import AMOUNT_MINOR_MAX
from guerdon.db.statement import Row, Statement
from guerdon.kernel.ledger.catalogue import Catalogue, catalogue, refresh
from guerdon.kernel.ledger.errors import (
    AmountNotPositiveError,
    AmountTooLargeError,
    KeyMissingError,
    NoOwnerAccountError,
    UnitMismatchError,
    UnknownAccountError,
    UnknownKindError,
    UnknownReferenceTypeError,
    UnknownUnitError,
    refusal,
)
from guerdon.kernel.ledger.schemas import KEY_LENGTH_MAX, Account, Posted, Posting, SystemAccount

_COLUMNS = (
    ("owner_id", "uuid"),
    ("unit_id", "smallint"),
    ("debit", "smallint"),
    ("credit", "smallint"),
    ("amount", "bigint"),
    ("kind_id", "smallint"),
    ("idempotency_key", "uuid"),
    ("reference_type_id", "smallint"),
    ("reference_id", "uuid"),
    ("happened_at", "timestamptz"),
    ("actor_id", "uuid"),
    ("detail", "jsonb"),
    ("reverses_id", "uuid"),
    ("peer_owner_id", "uuid"),
    ("hold_id", "uuid"),
    ("due_at", "timestamptz"),
)
"""The attributes of the composite type ledger.posting, in its order."""

_APART, _NOTHING = "\x1f", "\x1e"
"""Between the values of a column that is sent as one text, and for NULL; none of the values can hold them."""
_MANY = 32
"""From so many items on columns are sent as texts: the driver builds arrays value by value, in Python."""


def _apart(name: str, kind: str) -> str:
    return f"CAST(string_to_array(:{name}, E'\\x1f', E'\\x1e') AS {kind}[])"


def _statement(array: Callable[[str, str], str], door: str = "ledger.post") -> Statement:
    return Statement(
        f"SELECT item, verdict, transfer_id, debit_after, credit_after, problem FROM {door}(ARRAY(SELECT ROW("  # noqa: S608
        + ", ".join(f"i.{name}" for name, _ in _COLUMNS)
        + ")::ledger.posting FROM unnest("
        + ", ".join(array(name, kind) for name, kind in _COLUMNS)
        + ") WITH ORDINALITY AS i("
        + ", ".join(name for name, _ in _COLUMNS)
        + ", ord) ORDER BY i.ord), :at"
        + (", :verdicts) ORDER BY item" if door == "ledger.post" else ") ORDER BY item")
    )


_POST_ONE = Statement(
    # OFFSET 0 keeps the planner from asking once for each column.
    "SELECT 1, (o.posted).verdict, (o.posted).transfer_id, (o.posted).debit_after,"  # noqa: S608
    " (o.posted).credit_after, (o.posted).problem FROM (SELECT ledger.post_one(ROW("
    + ", ".join(f"CAST(:{name} AS {kind})" for name, kind in _COLUMNS)
    + ")::ledger.posting, :at, :verdicts) AS posted OFFSET 0) AS o"
)
_POST = _statement(lambda name, kind: f"CAST(:{name} AS {kind}[])")
_POST_MANY = _statement(_apart)
_POST_WHOLE = _statement(_apart, "ledger.post_whole")


def send(session: Session, rows: Sequence[Row], at: datetime, *, verdicts: bool) -> list[Posted]:
    """Post encoded rows.

    Args:
        rows: one tuple for each item, in the order of ``_COLUMNS``.
        at: the application's time.
        verdicts: an outcome for each item instead of all or nothing.

    Raises:
        LedgerError: the first refusal, unless ``verdicts``.
    """
    if not rows:
        return []
    columns = dict(zip((name for name, _ in _COLUMNS), zip(*rows, strict=True), strict=True))
    if len(rows) == 1:
        with refusals():
            given = {name: values[0] for name, values in columns.items()}
            posted = [_posted(_POST_ONE.row(session, **given, at=at, verdicts=verdicts))]
    elif len(rows) < _MANY:
        with refusals():
            given = {name: list(values) for name, values in columns.items()}
            posted = [_posted(row) for row in _POST.rows(session, **given, at=at, verdicts=verdicts)]
    else:
        with refusals():
            packed = {name: _packed(values) for name, values in columns.items()}
            posted = [_posted(row) for row in _POST_MANY.rows(session, **packed, at=at, verdicts=verdicts)]
    if not session.info.get(_UNWATCHED):
        for watcher in list(_watchers.values()):
            watcher(session, rows, posted, at)
    return posted


def send_columns(session: Session, columns: Mapping[str, str], at: datetime) -> list[Posted]:
    """Post a batch that is columns already, all or nothing but with a verdict for each item, and tell no watcher: for
    whoever posts thousands and counts them itself.

    Args:
        columns: each attribute of ``ledger.posting`` as one text, put together by ``column``; those left out are NULL.
        at: the application's time.

    Returns:
        What became of each item, or if any is refused, what would have: then nothing has moved.

    Raises:
        LedgerError: there are too many items.
    """
    given = {name: columns.get(name, "") for name, _ in _COLUMNS}
    with refusals():
        return [_posted(row) for row in _POST_WHOLE.rows(session, **given, at=at)]


def _posted(row: Row) -> Posted:
    return Posted(*row) if row[5] else Posted(*row[:5])


def column(values: Sequence[str | None]) -> str:
    """A column as ``send_columns`` takes it; without any value it is empty, and unnest fills it up with NULL."""
    if values.count(None) == len(values):
        return ""
    return _APART.join([_NOTHING if value is None else value for value in values])


def _packed(values: Sequence[Any]) -> str:
    first = next((value for value in values if value is not None), None)
    if first is None:
        return ""
    if isinstance(first, UUID):
        return column([None if value is None else f"{value.int:032x}" for value in values])
    if isinstance(first, datetime):
        return column([None if value is None else value.isoformat() for value in values])
    if isinstance(first, Jsonb):
        return column([None if value is None else simplejson.dumps(value.obj, use_decimal=True) for value in values])
    return column([None if value is None else str(value) for value in values])


Watcher = Callable[[Session, Sequence[Row], Sequence[Posted], datetime], None]
"""Told of what was posted: the rows in the order of ``_COLUMNS``, and what became of each."""
_watchers: dict[str, Watcher] = {}
_UNWATCHED = "ledger_unwatched"


def watch(name: str, watcher: Watcher) -> None:
    """Have everything told that goes through the door, in its transaction; registering a name again replaces it."""
    _watchers[name] = watcher


@contextmanager
def unwatched(session: Session) -> Iterator[None]:
    """Post without telling watchers: for a watcher that posts itself and knows already."""
    former = session.info.get(_UNWATCHED, False)
    session.info[_UNWATCHED] = True
    try:
        yield
    finally:
        session.info[_UNWATCHED] = former


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the ledger's functions raise (SQLSTATE GL001) into typed errors."""
    try:
        yield
    except DBAPIError as exc:
        error = exc.orig
        if isinstance(error, PsycopgError) and error.sqlstate == "GL001":
            problem = json.loads(error.diag.message_detail or "{}")
            raise refusal(error.diag.message_primary or "", **problem) from exc
        raise


def encode(session: Session, posting: Posting) -> Row:
    """The row of one posting.

    Raises:
        LedgerError: what can be seen without looking at a balance: units that differ, amounts out of range, unknown
            codes.
    """
    try:
        return _row(catalogue(session), posting)
    except (UnknownAccountError, UnknownKindError, UnknownReferenceTypeError, UnknownUnitError):
        # The code may have been registered since this process read the catalogue.
        if not refresh(session):
            raise
        return _row(catalogue(session), posting)


def _row(codes: Catalogue, posting: Posting) -> Row:
    debit, credit = posting.debit, posting.credit
    if debit.unit != credit.unit:
        raise UnitMismatchError(debit=debit.unit, credit=credit.unit)
    unit_id = codes.unit_id(debit.unit)
    if posting.amount_minor <= 0:
        raise AmountNotPositiveError(field="amount")
    if posting.amount_minor > AMOUNT_MINOR_MAX:
        raise AmountTooLargeError(field="amount")
    if not 0 < len(posting.key) <= KEY_LENGTH_MAX:
        raise KeyMissingError(field="idempotency_key")
    owner_id, peer_owner_id = _owners(debit, credit)
    return (
        owner_id,
        unit_id,
        _number(codes, debit),
        _number(codes, credit),
        posting.amount_minor,
        codes.kind_id(posting.kind),
        idempotency_uuid(posting.key),
        codes.reference_id(posting.reference.type) if posting.reference else None,
        posting.reference.id if posting.reference else None,
        posting.happened_at,
        posting.actor_id,
        Jsonb(posting.detail) if posting.detail is not None else None,
        posting.reverses_id,
        peer_owner_id,
        posting.hold_id,
        posting.due_at,
    )


def owner_of(posting: Posting) -> UUID:
    """Whose transfer a posting makes, and so whose key it uses.

    Raises:
        NoOwnerAccountError: nobody's.
    """
    return _owners(posting.debit, posting.credit)[0]


def _owners(debit: Account | SystemAccount, credit: Account | SystemAccount) -> tuple[UUID, UUID | None]:
    """Whose transfer it is, and the second owner if there are two."""
    if isinstance(debit, Account) and isinstance(credit, Account):
        return debit.owner_id, credit.owner_id if credit.owner_id != debit.owner_id else None
    if isinstance(debit, Account):
        return debit.owner_id, None
    if isinstance(credit, Account):
        return credit.owner_id, None
    raise NoOwnerAccountError()


def _number(codes: Catalogue, account: Account | SystemAccount) -> int:
    if isinstance(account, Account):
        return codes.account_id(account.pocket.value)
    return codes.system_account_id(account.code)
