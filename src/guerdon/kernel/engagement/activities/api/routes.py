"""``/api/v1/activities``: facts from outside, one by one and by thousands, and what they brought."""

from collections.abc import Iterator
from itertools import islice
from typing import IO, Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from guerdon.core.errors import GuerdonError
from guerdon.http.access import Asker, Principal, requires, requires_in_group
from guerdon.http.context import current_request
from guerdon.http.lanes import GroupedRoute
from guerdon.http.openapi import problem_responses
from guerdon.http.problems import translator
from guerdon.http.streaming import stream
from guerdon.http.transaction import SessionDep
from guerdon.kernel.engagement.activities.api.cloudevents import CloudEvent, read_event
from guerdon.kernel.engagement.activities.api.lines import LINES_MAX, read_lines, spool
from guerdon.kernel.engagement.activities.api.posting import Answer, Poster, Waiting
from guerdon.kernel.engagement.activities.api.reporting import RECORD
from guerdon.kernel.engagement.activities.api.shapes import ActivityKindOut, ActivityOut
from guerdon.kernel.engagement.activities.errors import BatchTypeError
from guerdon.kernel.engagement.activities.models import ActivityKindRow

router = APIRouter(prefix="/api/v1/activities", tags=["activities"])

CHUNK = 1000
"""Lines of a batch that are posted together: what a broken connection can leave undone and a repeat finishes."""
BODY_LIMITS = {"/api/v1/activities/batch": 32 * 1_048_576}
BATCH_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
NDJSON = "application/x-ndjson"

InGroup = Annotated[Asker, Depends(requires_in_group(RECORD))]
Recorder = Annotated[Principal, Depends(requires(RECORD))]
DryRun = Annotated[bool, Query(description="Apply every rule and tell what would follow, without any effect.")]

EXAMPLE = {
    "specversion": "1.0",
    "id": "till-4/2026-03-02/17",
    "source": "https://shop.example.org/tills/4",
    "type": "events.attendance",
    "subject": "0198c0de-0000-7000-8000-000000000001",
    "time": "2026-03-02T09:00:00Z",
    "data": {"hours": 3},
}
_EVENT_SCHEMA = CloudEvent.model_json_schema()
_ONE_EVENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A CloudEvent 1.0. In binary mode the attributes come as `ce-` headers and the body is `data`.",
        "content": {
            media_type: {"schema": _EVENT_SCHEMA, "example": EXAMPLE}
            for media_type in ("application/cloudevents+json", "application/json")
        },
    }
}
_MANY_EVENTS: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"CloudEvents, one on a line, at most {LINES_MAX}.",
        "content": {
            NDJSON: {"schema": {"type": "string"}, "example": '{"specversion": "1.0", …}\n{"specversion": …}\n'}
        },
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    201: {"model": ActivityOut, "description": "Recorded, with everything that followed."},
    200: {"model": ActivityOut, "description": "It was recorded before, or this is a dry run."},
    **problem_responses(409),
}
_VERDICTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A verdict for each line, in their order.",
        "content": {
            NDJSON: {
                "schema": {
                    "type": "object",
                    "required": ["line", "status"],
                    "properties": {
                        "line": {"type": "integer"},
                        "status": {"type": "integer", "description": "As if it had been sent alone."},
                        "outcome": {"$ref": "#/components/schemas/ActivityOut"},
                        "problem": {"$ref": "#/components/schemas/Problem"},
                    },
                }
            }
        },
    }
}


def poster_of(request: Request) -> Poster:
    """What the application posts activities with."""
    found = getattr(request.app.state, "activity_poster", None)
    if found is None:
        found = request.app.state.activity_poster = Poster(request.app)
    return cast(Poster, found)


async def record_activity(request: Request, asker: InGroup, dry_run: DryRun = False) -> Response:
    """Record one activity. Sending it twice is safe: by ``id`` and ``source`` it is known again.

    ``type`` is the kind, ``subject`` the member's account id or e-mail address, ``time`` when it happened, ``data`` the
    kind's properties. The answer tells what every rule gave for it, or why it gave nothing, and what else followed.
    """
    event: CloudEvent | GuerdonError
    try:
        event = read_event(await request.body(), request.headers)
    except GuerdonError as refusal:
        event = refusal
    poster = poster_of(request)
    waiting = Waiting(asker, event, poster.words.of(request))
    if dry_run:
        return _response(await run_in_threadpool(poster.dry_run, waiting))
    return _response(await poster.group.submit(waiting))


router.add_api_route(
    "",
    record_activity,
    methods=["POST"],
    status_code=201,
    responses=_ANSWERS,
    openapi_extra=_ONE_EVENT,
    route_class_override=GroupedRoute,
)


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


@router.post("/batch", responses={**_VERDICTS, **problem_responses(413, 415)}, openapi_extra=_MANY_EVENTS)
async def record_batch(request: Request, who: Recorder, dry_run: DryRun = False) -> StreamingResponse:
    """Record many activities: NDJSON in, NDJSON out, a verdict for each line as soon as it stands.

    A line that cannot be recorded does not hold up the others. Lines are posted in chunks, each whole; when the
    connection breaks, send the same again: what stands already answers with ``replayed``. Blank lines count, and get no
    verdict. In a dry run each chunk of 1000 lines is tried by itself.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in BATCH_TYPES:
        raise BatchTypeError
    file = await spool(request.stream())
    pieces = _verdicts(request, file, who, dry_run=dry_run)
    return stream(request, pieces, media_type=NDJSON, filename=None, each_on_its_own=True)


def _verdicts(request: Request, file: IO[bytes], who: Principal, *, dry_run: bool) -> Iterator[str]:
    poster, translate = poster_of(request), translator(request)
    info = current_request()
    lines = read_lines(file)
    while chunk := list(islice(lines, CHUNK)):
        yield poster.post_lines(chunk, who, translate, info.request_id if info else None, dry_run=dry_run)


@router.get("/kinds")
def list_kinds(request: Request, _who: Recorder, session: SessionDep) -> list[ActivityKindOut]:
    """The kinds of activities that may be reported, with the properties that their ``data`` has."""
    translate = translator(request)
    reportable = ActivityKindRow.outside | ActivityKindRow.by_member
    return [
        ActivityKindOut(
            kind=row.name,
            program=row.program,
            title=translate(row.title),
            properties=row.properties,
            outside=row.outside,
            by_member=row.by_member,
        )
        for row in session.scalars(select(ActivityKindRow).where(reportable).order_by(ActivityKindRow.name))
    ]
