"""Consents, copies and closing over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.identity.people.jobs import MAKE_EXPORT
from guerdon.kernel.identity.people.schemas import ConsentIn, ConsentOut, ErasureOut, ExportOut, WaitingErasure
from guerdon.kernel.identity.people.service import consents, erasures, exports
from guerdon.web.viewer import viewer_of
from guerdon.worker.queue import enqueue

router = APIRouter()

Eraser = Annotated[Principal, Depends(requires("identity:erase"))]
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/consents")
def list_consents(request: Request, who: SignedIn, session: SessionDep) -> list[ConsentOut]:
    """What you can agree to, and your last answers."""
    given = consents.latest(session, who.user_id)
    translate = viewer_of(request).translator.gettext
    found = []
    for question in consents.QUESTIONS:
        last = given.get(question.purpose)
        current = last is not None and last.version == question.version
        found.append(
            ConsentOut(
                purpose=question.purpose,
                version=question.version,
                text=translate(question.text),
                granted=bool(current and last and last.granted),
                answered_at=last.recorded_at if last else None,
                source=last.source if last else None,
            )
        )
    return found


@router.post("/consents", status_code=204)
def answer_consent(body: ConsentIn, who: SignedIn, session: SessionDep, clock: ClockDep) -> None:
    """Agree to something, or take that back."""
    consents.answer(
        session, clock, who.user_id, purpose=body.purpose, version=body.version, granted=body.granted, source="api"
    )


@router.get("/exports")
def list_exports(who: SignedIn, session: SessionDep) -> list[ExportOut]:
    """Your copies, the latest first."""
    return [ExportOut.model_validate(each) for each in exports.of(session, who.user_id)]


@router.post("/exports", status_code=202, responses=problem_responses(409))
def request_export(who: SignedIn, session: SessionDep, clock: ClockDep) -> ExportOut:
    """Ask for a copy of everything about you; it is made in the background."""
    wanted = exports.request(session, clock, who.user_id)
    enqueue(session, MAKE_EXPORT, export_id=wanted.id)
    return ExportOut.model_validate(wanted)


@router.post("/exports/{export_id}/fetch", response_class=Response, responses={**ZIP, **problem_responses(409)})
def fetch_export(export_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> Response:
    """Fetch a copy, once: a ZIP archive of JSON files and uploads."""
    return archive_response(exports.fetch(session, clock, who.user_id, export_id))


def archive_response(archive: bytes) -> Response:
    """An archive to save."""
    headers = {"Content-Disposition": 'attachment; filename="my-data.zip"', "Cache-Control": "no-store"}
    return Response(archive, media_type="application/zip", headers=headers)


@router.get("/erasure")
def get_erasure(who: SignedIn, session: SessionDep) -> ErasureOut | None:
    """Your wish to be forgotten, while it waits; null when there is none."""
    wanted = erasures.waiting(session, who.user_id)
    return ErasureOut.model_validate(wanted) if wanted else None


@router.post("/erasure", status_code=201, responses=problem_responses(409))
def request_erasure(who: SignedIn, session: SessionDep, clock: ClockDep) -> ErasureOut:
    """Ask to be forgotten in 30 days."""
    return ErasureOut.model_validate(erasures.request(session, clock, who.user_id))


@router.delete("/erasure", responses=problem_responses(409))
def cancel_erasure(who: SignedIn, session: SessionDep, clock: ClockDep) -> ErasureOut:
    """Take that back."""
    return ErasureOut.model_validate(erasures.cancel(session, clock, who.user_id))


@router.get("/erasures")
def list_erasures(_who: Eraser, session: SessionDep) -> list[WaitingErasure]:
    """Accounts that wait to be erased, the next one first; at most 200."""
    return [
        WaitingErasure(
            user_id=row[0].user_id,
            name=row.name,
            status=row[0].status,
            requested_at=row[0].requested_at,
            due_at=row[0].due_at,
            settled_at=row[0].settled_at,
        )
        for row in erasures.all_waiting(session)
    ]
