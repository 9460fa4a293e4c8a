"""Members' credits for staff, CSV in and out, currency rates and the archive."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from babel.numbers import format_decimal
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.encodings import ENCODINGS
from guerdon.core.errors import FieldError
from guerdon.http.access import Principal, requires
from guerdon.http.once import SentOnce
from guerdon.http.pagination import Cursor, decode_cursor, encode_cursor
from guerdon.http.streaming import stream
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep, attempt
from guerdon.kernel.identity.service.accounts import get_account, names_of
from guerdon.kernel.ledger.service import statement
from guerdon.programs.credits.errors import RateInvalidError
from guerdon.programs.credits.pages.asked import AskedFor, decimal_of
from guerdon.programs.credits.pages.member import breakdown_chart, statement_lines
from guerdon.programs.credits.pages.shown import AS_IS, page
from guerdon.programs.credits.schemas import Filters
from guerdon.programs.credits.service import archiving, currencies, reading
from guerdon.programs.credits.service.csv_format import INPUT_COLUMNS
from guerdon.programs.credits.service.exporting import export_csv, template_csv
from guerdon.programs.credits.service.import_file import FILE_BYTES_MAX, ImportFile, opened, too_long
from guerdon.programs.credits.service.importing import Fault, Report, import_csv
from guerdon.web.flash import flash, redirect
from guerdon.web.forms import FormState
from guerdon.web.i18n import Translator, msgid
from guerdon.web.sent import Sent, SentForm
from guerdon.web.viewer import current_viewer, viewer_of

router = APIRouter(prefix="/staff/credits")

Reviewer = Annotated[Principal, Depends(requires("credits:review"))]
Exchanger = Annotated[Principal, Depends(requires("credits:exchange"))]
Configurer = Annotated[Principal, Depends(requires("credits:configure"))]

STATEMENT_ROWS = 20
CONTRIBUTIONS = 10
CARRIED_BYTES_MAX = 600_000
"""A checked file up to this size goes along in the page, so that importing it takes one press."""
LINES_SHOWN = 4
"""How many rows of a file stand on the page, to be looked at."""
DELIMITERS = {",": msgid("commas"), ";": msgid("semicolons"), "\t": msgid("tabs")}
FAULTS_SHOWN = 200
"""How many faults of a report stand on the page."""


@router.get("/members/{user_id}")
def show_member(
    request: Request, user_id: UUID, _who: Reviewer, session: SessionDep, clock: ClockDep, cursor: Cursor = None
) -> Response:
    """A member's credits: standing, contributions and statement."""
    member = get_account(session, user_id)
    standing = reading.summary(session, user_id, clock.now())
    before = decode_cursor(cursor, UUID)
    entries = statement(
        session,
        user_id,
        clock.now(),
        unit="CREDIT",
        before=before[0] if before else None,
        limit=STATEMENT_ROWS + 1,
    )
    recent = reading.listed(session, Filters(user_id=user_id), after=None, limit=CONTRIBUTIONS)
    context = {
        "member": member,
        "standing": standing,
        "chart": breakdown_chart(request, standing),
        "recent": [row.contribution for row in recent],
        "lines": statement_lines(session, entries[:STATEMENT_ROWS]),
        "next_cursor": encode_cursor(entries[STATEMENT_ROWS - 1].transfer_id)
        if len(entries) > STATEMENT_ROWS
        else None,
        "cursor": cursor,
        "place": reading.place_of(session, user_id),
    }
    return page(request, "staff/member.html", context)


@router.get("/exchange")
def show_exchange(request: Request, _who: Exchanger, session: SessionDep) -> Response:
    """Contributions as CSV, in and out."""
    return _exchange(request, session, FormState({"switch": "all"}))


def _exchange(
    request: Request,
    session: Session,
    state: FormState,
    *,
    file: ImportFile | None = None,
    report: Report | None = None,
    faults: list[tuple[Fault, str]] | None = None,
    dry_run: bool = False,
    carried: str = "",
    status: int = 200,
) -> Response:
    context = {
        "state": state,
        "file": file,
        "first_lines": file.first_lines(LINES_SHOWN + 1) if file else [],
        "delimiter": DELIMITERS[file.delimiter] if file else "",
        "encodings": ENCODINGS,
        "report": report,
        "faults": faults or [],
        "dry_run": dry_run,
        "carried": carried,
        "columns_in": INPUT_COLUMNS,
        "export_form": FormState(),
        "waiting": reading.count_pending(session),
    }
    return page(request, "staff/exchange.html", context, status)


@router.get("/template.csv")
def download_template(_who: Exchanger) -> Response:
    """An empty file to fill in."""
    return Response(
        template_csv(), media_type="text/csv; charset=utf-8", headers=_as_file("contributions-template.csv")
    )


@router.get("/export.csv")
def export(request: Request, _who: Exchanger, database: DatabaseDep, asked: AskedFor) -> Response:
    """The contributions that the filters find, streamed."""
    filters = asked.filters()

    def rows() -> Iterator[str]:
        with database.transaction() as session:
            yield from export_csv(session, filters)

    csv_type = "text/csv; charset=utf-8"
    return stream(request, rows(), media_type=csv_type, filename="contributions.csv", each_on_its_own=False)


def _as_file(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}


@router.post("/exchange")
def import_file(
    request: Request, who: Exchanger, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Check a file, or take it in."""
    translator = viewer_of(request).translator
    file, content = None, b""
    try:
        content = _content(sent)
        file = opened(content, _encoding(sent))
        dry_run = sent.get("act") != "import" or not file.sure  # what was guessed is looked at first
        with attempt(session):
            report = import_csv(
                session,
                clock,
                content,
                actor_id=who.user_id,
                encoding=file.encoding,
                all_or_nothing=sent.get("switch") != "right",
                dry_run=dry_run,
            )
    except FieldError as exc:
        state = FormState.refused(sent, exc, translator)
        return _exchange(request, session, state, file=file, carried=_carried(content), status=exc.status)
    if not dry_run and not report.faults:
        text = translator.ngettext(
            "{number} contribution imported; it waits for review.",
            "{number} contributions imported; they wait for review.",
            report.imported,
        )
        flash(request, AS_IS, text=text)
        return redirect(request, "/staff/credits")
    carried = _carried(content) if dry_run else ""
    # What is too large to be carried along is chosen again, and need not be guessed again.
    chosen = sent.get("encoding", "") if carried else file.encoding
    faults = [(fault, _in_words(fault, translator)) for fault in report.faults[:FAULTS_SHOWN]]
    return _exchange(
        request,
        session,
        FormState({**sent, "encoding": chosen}),
        file=file,
        report=report,
        faults=faults,
        dry_run=dry_run,
        carried=carried,
        status=200 if dry_run or report.imported else 422,
    )


def _encoding(sent: Sent) -> str | None:
    """The encoding that was chosen; None is to be recognised."""
    chosen = sent.get("other") or sent.get("encoding")
    return chosen if chosen in ENCODINGS else None


def _carried(content: bytes) -> str:
    return base64.b64encode(content).decode() if len(content) <= CARRIED_BYTES_MAX else ""


def _content(sent: Sent) -> bytes:
    uploads = sent.files("file")
    if uploads:
        content = uploads[0].file.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise too_long()
        return content
    try:
        content = base64.b64decode(sent.get("carried", ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise FileMissingError(field="file", problem="")
    return content


class FileMissingError(FieldError):
    """No file was chosen."""

    code = "file-missing"
    message = "No file was chosen."
    remedy = "Choose a CSV file first."


def _in_words(fault: Fault, translator: Translator) -> str:
    return translator.gettext(fault.problem, **fault.params)


@router.get("/rates")
def show_rates(request: Request, _who: Configurer, session: SessionDep, clock: ClockDep) -> Response:
    """What currencies are worth."""
    return _rates(request, session, clock, FormState())


def _rates(request: Request, session: Session, clock: Clock, state: FormState, status: int = 200) -> Response:
    past = currencies.history(session)
    context = {
        "rates": currencies.current_rates(session, clock.now()),
        "past": past,
        "names": names_of(session, {rate.created_by for rate in past if rate.created_by}),
        "state": state,
        "since_ever": currencies.SINCE_EVER,
        "rate_text": rate_text,
        "waiting": reading.count_pending(session),
    }
    return page(request, "staff/rates.html", context, status)


@router.post("/rates")
def set_rate(
    request: Request, who: Configurer, _once: SentOnce, session: SessionDep, clock: ClockDep, sent: SentForm
) -> Response:
    """Set one, from now on."""
    currency = sent.get("currency", "").upper()[:3]
    try:
        with attempt(session):
            rate = decimal_of(sent, "rate", viewer_of(request).locale) or Decimal(0)
            if not rate:
                raise RateInvalidError(field="rate", problem="")
            currencies.set_rate(session, currency, rate, valid_from=clock.now(), actor_id=who.user_id)
    except FieldError as exc:
        return _rates(request, session, clock, FormState.refused(sent, exc, viewer_of(request).translator), exc.status)
    flash(request, msgid("The rate of {currency} is set, from now on."), currency=currency)
    return redirect(request, "/staff/credits/rates")


def rate_text(rate: Decimal) -> str:
    """A rate with all of its decimals, and no more."""
    return format_decimal(
        rate.normalize(), "#,##0.############", locale=current_viewer().locale, decimal_quantization=False
    )


@router.get("/archive")
def show_archive(request: Request, _who: Configurer, session: SessionDep, clock: ClockDep) -> Response:
    """How many rejected contributions are old enough to go."""
    before: datetime = clock.now() - archiving.KEEP
    context = {
        "before": before,
        "number": archiving.count_archivable(session, before),
        "waiting": reading.count_pending(session),
    }
    return page(request, "staff/archive.html", context)


@router.post("/archive")
def archive(request: Request, who: Configurer, _once: SentOnce, session: SessionDep, clock: ClockDep) -> Response:
    """Move them."""
    moved = archiving.archive_by(session, clock, clock.now() - archiving.KEEP, actor_id=who.user_id)
    text = viewer_of(request).translator.ngettext(
        "{number} contribution moved to the archive.", "{number} contributions moved to the archive.", moved
    )
    flash(request, AS_IS, text=text)
    return redirect(request, "/staff/credits/archive")
