"""Proofs of identity over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.schemas import Text
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.schemas import (
    Duplicate,
    Reason,
    VerificationLook,
    VerificationOut,
    VerificationQueued,
)
from guerdon.kernel.identity.people.service import verifications

router = APIRouter()

Reviewer = Annotated[Principal, Depends(requires("identity:verify"))]
Short = Annotated[Text, Form(max_length=100)]
SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
BINARY: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/verifications")
def list_own(who: SignedIn, session: SessionDep) -> list[VerificationOut]:
    """Your proofs of identity, the latest first."""
    return [VerificationOut.model_validate(each) for each in verifications.of(session, who.user_id)]


@router.post("/verifications", status_code=201, responses=problem_responses(409, 413))
def submit(
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    document: Annotated[UploadFile, File(description="JPEG, PNG, WebP or PDF of at most 8 MB.")],
    id_type: Short = "",
    id_country: Short = "",
    id_number: Short = "",
) -> VerificationOut:
    """Send in a proof of identity. Its number and document are encrypted, and seen by reviewers only."""
    content = document.file.read(verifications.DOCUMENT_BYTES_MAX + 1)
    proof = verifications.Proof(id_type, id_country, id_number, content)
    return VerificationOut.model_validate(verifications.submit(session, clock, encryption.ring(), who.user_id, proof))


@router.delete("/verifications/{verification_id}", status_code=204, responses=problem_responses(409))
def withdraw(verification_id: UUID, who: SignedIn, session: SessionDep, clock: ClockDep) -> None:
    """Take back a proof that waits; its document is deleted."""
    verifications.withdraw(session, clock, who.user_id, verification_id)


@router.get("/verification-queue")
def list_queue(_who: Reviewer, session: SessionDep) -> list[VerificationQueued]:
    """What waits for a reviewer, the oldest first; at most 100."""
    return [
        VerificationQueued(
            id=row[0].id,
            user_id=row[0].user_id,
            name=row.name,
            id_type=row[0].id_type,
            id_country=row[0].id_country,
            created_at=row[0].created_at,
            duplicates=row.duplicates,
        )
        for row in verifications.queue(session)
    ]


@router.get("/verification-queue/{verification_id}")
def look(verification_id: UUID, who: Reviewer, session: SessionDep) -> VerificationLook:
    """A proof with its number; the look is on record."""
    seen = verifications.look(session, encryption.ring(), who.user_id, verification_id)
    sent = seen.verification
    return VerificationLook(
        id=sent.id,
        user_id=sent.user_id,
        name=seen.name,
        date_of_birth=seen.profile.date_of_birth,
        id_type=sent.id_type,
        id_country=sent.id_country,
        id_number=seen.number,
        status=sent.status,
        document_type=seen.media_type,
        duplicates=[Duplicate.model_validate(each) for each in seen.duplicates],
    )


@router.get("/verification-queue/{verification_id}/document", response_class=Response, responses=BINARY)
def get_document(verification_id: UUID, who: Reviewer, session: SessionDep) -> Response:
    """The document of a proof; the look is on record."""
    return document_response(session, who, verification_id)


def document_response(session: SessionDep, who: Principal, verification_id: UUID) -> Response:
    """A document, so that a browser neither runs nor keeps it."""
    media_type, content = verifications.document(session, encryption.ring(), who.user_id, verification_id)
    headers = dict(SAFE)
    if not media_type.startswith("image/"):
        headers["Content-Disposition"] = 'attachment; filename="document.pdf"'
    return Response(content, media_type=media_type, headers=headers)


@router.post("/verification-queue/{verification_id}/approve", responses=problem_responses(409))
def approve(verification_id: UUID, who: Reviewer, session: SessionDep, clock: ClockDep) -> VerificationOut:
    """Agree that the paper is the person's."""
    return VerificationOut.model_validate(
        verifications.approve(session, clock, encryption.ring(), who.user_id, verification_id)
    )


@router.post("/verification-queue/{verification_id}/reject", responses=problem_responses(409))
def reject(verification_id: UUID, body: Reason, who: Reviewer, session: SessionDep, clock: ClockDep) -> VerificationOut:
    """Disagree, and say why."""
    return VerificationOut.model_validate(
        verifications.reject(session, clock, who.user_id, verification_id, reason=body.reason)
    )
