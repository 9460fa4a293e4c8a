"""Photos of donated items: checked by content, re-encoded without location data, kept with the contribution."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from guerdon.programs.credits.errors import (
    ContributionNotFoundError,
    PhotoRefusedError,
    PhotosOfItemsOnlyError,
    TooManyPhotosError,
)
from guerdon.programs.credits.models import Contribution, ContributionType, Photo
from guerdon.programs.credits.schemas import PHOTOS_MAX
from guerdon.programs.credits.service.submitting import own_pending, put_on_record
from guerdon.web.i18n import msgid
from guerdon.web.images import ImageError, recode

PHOTO_BYTES_MAX = 5 * 1024 * 1024


def add(session: Session, user_id: UUID, contribution_id: UUID, uploads: Sequence[bytes]) -> list[Photo]:
    """Add photos to an item that is still pending.

    Args:
        uploads: JPEG, PNG or WebP files of at most 5 MB.

    Raises:
        PhotoRefusedError: one is too large or no picture; none is kept.
        TooManyPhotosError: there would be more than five.
        PhotosOfItemsOnlyError: it is not an item.
        ContributionNotFoundError, TransitionRefusedError: as ``submitting.change``.
    """
    contribution = own_pending(session, user_id, contribution_id, "changed")
    if contribution.type is not ContributionType.ITEM_DONATION:
        raise PhotosOfItemsOnlyError(field="photos", problem="")
    present = of(session, contribution_id)
    if len(present) + len(uploads) > PHOTOS_MAX:
        raise TooManyPhotosError(field="photos", photos_max=PHOTOS_MAX)
    free = [number for number in range(1, PHOTOS_MAX + 1) if number not in {photo.position for photo in present}]
    added = [_photo(contribution_id, position, upload) for position, upload in zip(free, uploads, strict=False)]
    session.add_all(added)
    session.flush()
    _list_in_document(session, contribution)
    put_on_record(session, contribution, "photos_added")
    return added


def remove(session: Session, user_id: UUID, contribution_id: UUID, photo_id: UUID) -> None:
    """Remove a photo of an item that is still pending.

    Raises:
        ContributionNotFoundError: the member has no such contribution, or it no such photo.
        TransitionRefusedError: it has been reviewed.
    """
    contribution = own_pending(session, user_id, contribution_id, "changed")
    gone = session.execute(
        delete(Photo).where(Photo.id == photo_id, Photo.contribution_id == contribution_id).returning(Photo.id)
    ).scalar()
    if gone is None:
        raise ContributionNotFoundError
    _list_in_document(session, contribution)
    put_on_record(session, contribution, "photo_removed")


def of(session: Session, contribution_id: UUID) -> Sequence[Photo]:
    """The photos of a contribution in their order, without their content."""
    return session.scalars(select(Photo).where(Photo.contribution_id == contribution_id).order_by(Photo.position)).all()


def of_many(session: Session, contribution_ids: Sequence[UUID]) -> dict[UUID, list[Photo]]:
    """The photos of some contributions, by contribution, without their content."""
    found: dict[UUID, list[Photo]] = {}
    if not contribution_ids:
        return found
    query = select(Photo).where(Photo.contribution_id.in_(contribution_ids))
    for photo in session.scalars(query.order_by(Photo.contribution_id, Photo.position)):
        found.setdefault(photo.contribution_id, []).append(photo)
    return found


def content(session: Session, photo_id: UUID, *, user_id: UUID, may_review: bool) -> Photo:
    """A photo with its content, for its member and for who reviews.

    Raises:
        ContributionNotFoundError: there is no such photo for this reader.
    """
    query = (
        select(Photo)
        .join(Contribution, Contribution.id == Photo.contribution_id)
        .where(Photo.id == photo_id)
        .options(undefer(Photo.content))
    )
    if not may_review:
        query = query.where(Contribution.user_id == user_id)
    photo = session.scalars(query).one_or_none()
    if photo is None:
        raise ContributionNotFoundError
    return photo


def address(photo: Photo) -> str:
    """Where a photo is served."""
    return f"/credits/photos/{photo.id}"


def _photo(contribution_id: UUID, position: int, upload: bytes) -> Photo:
    if len(upload) > PHOTO_BYTES_MAX:
        raise PhotoRefusedError(field="photos", problem=msgid("it is larger than 5 MB"))
    try:
        picture = recode(upload)
    except ImageError as exc:
        raise PhotoRefusedError(field="photos", problem=str(exc)) from exc
    return Photo(
        contribution_id=contribution_id,
        position=position,
        media_type=picture.media_type,
        width_px=picture.width_px,
        height_px=picture.height_px,
        content=picture.content,
    )


def _list_in_document(session: Session, contribution: Contribution) -> None:
    document = {name: value for name, value in contribution.value_json.items() if name != "photos"}
    present = of(session, contribution.id)
    contribution.value_json = {**document, "photos": [address(photo) for photo in present]} if present else document
    session.flush()
    session.refresh(contribution)
