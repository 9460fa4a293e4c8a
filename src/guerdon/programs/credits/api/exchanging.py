"""CSV out and in."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import JSONResponse, Response

from guerdon.db.database import Database
from guerdon.http.access import Principal, requires
from guerdon.http.context import current_request
from guerdon.http.openapi import problem_responses
from guerdon.http.problems import MEDIA_TYPE, problem, translator
from guerdon.http.streaming import stream
from guerdon.http.transaction import ClockDep, DatabaseDep, SessionDep
from guerdon.programs.credits.api.bodies import FaultOut, ReportOut
from guerdon.programs.credits.api.shapes import SearchQuery, SinceQuery, UntilQuery
from guerdon.programs.credits.errors import ImportRefusedError
from guerdon.programs.credits.models import ContributionStatus, ContributionType
from guerdon.programs.credits.schemas import Filters
from guerdon.programs.credits.service.exporting import export_csv, template_csv
from guerdon.programs.credits.service.import_file import FILE_BYTES_MAX, Encoding
from guerdon.programs.credits.service.importing import Report, import_csv

router = APIRouter()

Exchanger = Annotated[Principal, Depends(requires("credits:exchange"))]
CSV = "text/csv; charset=utf-8"
CSV_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": "CSV in UTF-8.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("/export", response_class=Response, responses=CSV_RESPONSE)
def export(
    request: Request,
    _who: Exchanger,
    database: DatabaseDep,
    status: Annotated[ContributionStatus | None, Query(description="Where it stands.")] = None,
    type: Annotated[ContributionType | None, Query(description="What was given.")] = None,  # noqa: A002 - its name
    user_id: Annotated[UUID | None, Query(description="Of one member.")] = None,
    since: SinceQuery = None,
    until: UntilQuery = None,
    search: SearchQuery = "",
) -> Response:
    """Contributions as CSV, oldest first, streamed; what it writes, an import can read."""
    filters = Filters(status=status, type=type, user_id=user_id, search=search, since=since, until=until)
    pieces = _chunks(database, filters)
    return stream(request, pieces, media_type=CSV, filename="contributions.csv", each_on_its_own=False)


def _chunks(database: Database, filters: Filters) -> Iterator[str]:
    # The request's own transaction ends before the first byte goes out.
    with database.transaction() as session:
        yield from export_csv(session, filters)


@router.get("/import/template", response_class=Response, responses=CSV_RESPONSE)
def get_template(_who: Exchanger) -> Response:
    """An empty file to fill in: the header of an import."""
    headers = {"Content-Disposition": 'attachment; filename="contributions-template.csv"'}
    return Response(template_csv(), media_type=CSV, headers=headers)


@router.post(
    "/import",
    response_model=ReportOut,
    responses={
        **problem_responses(413),
        422: {"description": "Nothing was imported; with faults in rows, ``report`` names each."},
    },
)
def take_in(
    request: Request,
    who: Exchanger,
    session: SessionDep,
    clock: ClockDep,
    file: Annotated[UploadFile, File(description="CSV with commas, semicolons or tabs, at most 10,000 rows and 8 MB.")],
    encoding: Annotated[
        Encoding | None, Form(description="Needed for what is neither UTF-8 nor UTF-16 with its mark.")
    ] = None,
    all_or_nothing: Annotated[
        bool, Form(description="Take nothing in if anything is wrong; otherwise every row that is right.")
    ] = True,
    dry_run: Annotated[bool, Form(description="Check everything, take nothing in.")] = False,
) -> Response:
    """Submit the contributions of a CSV, each in its member's name. The answer names row and column of each fault.

    A row that is there already is a fault, so sending a file again takes nothing in twice.
    """
    report = import_csv(
        session,
        clock,
        file.file.read(FILE_BYTES_MAX + 1),
        actor_id=who.user_id,
        encoding=encoding,
        all_or_nothing=all_or_nothing,
        dry_run=dry_run,
    )
    translate = translator(request)
    shown = ReportOut(
        encoding=report.encoding,
        rows=report.rows,
        imported=report.imported,
        all_or_nothing=all_or_nothing,
        dry_run=dry_run,
        faults=[
            FaultOut(row=fault.row, column=fault.column, problem=translate(fault.problem).format(**fault.params))
            for fault in report.faults
        ],
    ).model_dump(mode="json")
    if _refused(report, all_or_nothing=all_or_nothing):
        info = current_request()
        refusal = problem(ImportRefusedError(faults=len(report.faults)), translate, info.request_id if info else None)
        return JSONResponse({**refusal, "report": shown}, ImportRefusedError.status, media_type=MEDIA_TYPE)
    return JSONResponse(shown)


def _refused(report: Report, *, all_or_nothing: bool) -> bool:
    return bool(report.faults) and all_or_nothing
