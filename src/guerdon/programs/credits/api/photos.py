"""Photos of donated items."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Response, UploadFile

from guerdon.http.access import Principal, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import SessionDep, act_as_staff
from guerdon.programs.credits.api.bodies import PhotoOut
from guerdon.programs.credits.api.shapes import show_photo
from guerdon.programs.credits.service import photos

router = APIRouter()

Member = Annotated[Principal, Depends(requires("credits:contribute"))]
CACHED = "private, max-age=86400, immutable"
"""A photo never changes under its id; only its reader's own browser may keep it."""


@router.post("/contributions/{contribution_id}/photos", status_code=201, responses=problem_responses(409, 413))
def add_photos(
    contribution_id: UUID,
    who: Member,
    session: SessionDep,
    uploads: Annotated[
        list[UploadFile],
        File(alias="photos", description="JPEG, PNG or WebP, each of at most 5 MB; at most five for an item."),
    ],
) -> list[PhotoOut]:
    """Add photos to your pending item; they are kept without the place where they were taken. All or none."""
    contents = [upload.file.read(photos.PHOTO_BYTES_MAX + 1) for upload in uploads]
    return [show_photo(photo) for photo in photos.add(session, who.user_id, contribution_id, contents)]


@router.delete("/contributions/{contribution_id}/photos/{photo_id}", status_code=204, responses=problem_responses(409))
def remove_photo(contribution_id: UUID, photo_id: UUID, who: Member, session: SessionDep) -> None:
    """Remove a photo of your pending item."""
    photos.remove(session, who.user_id, contribution_id, photo_id)


@router.get(
    "/photos/{photo_id}",
    response_class=Response,
    responses={200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_photo(photo_id: UUID, who: Member, session: SessionDep) -> Response:
    """A photo: of your own item, or of anybody's if you review."""
    may_review = who.may("credits:review")
    if may_review:
        act_as_staff(session)
    photo = photos.content(session, photo_id, user_id=who.user_id, may_review=may_review)
    return Response(photo.content, media_type=photo.media_type, headers={"Cache-Control": CACHED})
