"""Profiles, pictures and addresses over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Response, UploadFile

from guerdon.core.clock import Clock
from guerdon.http.access import Principal, SignedIn, requires
from guerdon.http.openapi import problem_responses
from guerdon.http.transaction import ClockDep, SessionDep
from guerdon.kernel.identity.people.models import Profile
from guerdon.kernel.identity.people.schemas import (
    AddressIn,
    AddressOut,
    BirthDateIn,
    ProfileIn,
    ProfileOut,
    PublicProfile,
)
from guerdon.kernel.identity.people.service import addresses, profiles

router = APIRouter()

Guard = Annotated[Principal, Depends(requires("identity:guard"))]
PICTURE_CACHED = {"Cache-Control": "private, max-age=86400, immutable", "Content-Security-Policy": "default-src 'none'"}


def show_profile(profile: Profile, clock: Clock) -> ProfileOut:
    """A profile as its owner sees it."""
    return ProfileOut(
        user_id=profile.user_id,
        full_name=profile.full_name,
        date_of_birth=profile.date_of_birth,
        is_minor=profiles.minor(profile, clock),
        locale=profile.locale,
        timezone=profile.timezone,
        avatar_url=profile.avatar_url,
        bio=profile.bio,
        guardian_user_id=profile.guardian_user_id,
        relationship_type=profile.relationship_type,
        identity_verified_at=profile.id_verified_at,
        is_profile_public=profile.is_profile_public,
        allow_contact_by_sponsors=profile.allow_contact_by_sponsors,
        notification_preferences=profiles.notification_preferences(profile),
    )


@router.get("/profile")
def get_profile(who: SignedIn, session: SessionDep, clock: ClockDep) -> ProfileOut:
    """Your own profile."""
    return show_profile(profiles.get(session, who.user_id), clock)


@router.put("/profile")
def put_profile(body: ProfileIn, who: SignedIn, session: SessionDep, clock: ClockDep) -> ProfileOut:
    """Change your own profile. A birth date that makes you an adult or a minor is for staff to correct."""
    change = profiles.ProfileChange(**body.model_dump())
    return show_profile(profiles.update(session, clock, who.user_id, change), clock)


@router.put("/profile/avatar", responses=problem_responses(413))
def put_avatar(
    who: SignedIn,
    session: SessionDep,
    clock: ClockDep,
    avatar: Annotated[UploadFile, File(description="JPEG, PNG or WebP of at most 5 MB; encoded anew.")],
) -> ProfileOut:
    """Give yourself a picture, in place of the one that is there."""
    profiles.set_avatar(session, clock, who.user_id, avatar.file.read(profiles.AVATAR_BYTES_MAX + 1))
    return show_profile(profiles.get(session, who.user_id), clock)


@router.delete("/profile/avatar", status_code=204)
def delete_avatar(who: SignedIn, session: SessionDep, clock: ClockDep) -> None:
    """Take your picture away."""
    profiles.remove_avatar(session, clock, who.user_id)


@router.get("/members/{user_id}/profile")
def get_public_profile(user_id: UUID, _who: SignedIn, session: SessionDep) -> PublicProfile:
    """What you may see of another member whose profile is public."""
    return PublicProfile.model_validate(profiles.public(session, user_id))


@router.put("/members/{user_id}/birth-date")
def correct_birth_date(
    user_id: UUID, body: BirthDateIn, who: Guard, session: SessionDep, clock: ClockDep
) -> ProfileOut:
    """Correct somebody's birth date."""
    profile = profiles.correct_birth_date(
        session, clock, user_id, body.date_of_birth, actor_id=who.user_id, reason=body.reason
    )
    return show_profile(profile, clock)


@router.get("/addresses")
def list_addresses(who: SignedIn, session: SessionDep) -> list[AddressOut]:
    """Your addresses, the default first."""
    return [AddressOut.model_validate(each) for each in addresses.of(session, who.user_id)]


def given(body: AddressIn) -> addresses.AddressGiven:
    """The service's form of a body."""
    return addresses.AddressGiven(**body.model_dump())


@router.post("/addresses", status_code=201, responses=problem_responses(409))
def add_address(body: AddressIn, who: SignedIn, session: SessionDep, clock: ClockDep) -> AddressOut:
    """Keep an address; the first one is the default."""
    return AddressOut.model_validate(addresses.add(session, clock, who.user_id, given(body)))


@router.put("/addresses/{address_id}")
def change_address(address_id: UUID, body: AddressIn, who: SignedIn, session: SessionDep) -> AddressOut:
    """Change an address."""
    return AddressOut.model_validate(addresses.change(session, who.user_id, address_id, given(body)))


@router.delete("/addresses/{address_id}", status_code=204)
def remove_address(address_id: UUID, who: SignedIn, session: SessionDep) -> None:
    """Delete an address."""
    addresses.remove(session, who.user_id, address_id)


def picture_response(session: SessionDep, avatar_id: UUID) -> Response:
    """A picture for who may see it; it never changes under its id."""
    media_type, content = profiles.avatar_content(session, avatar_id)
    return Response(content, media_type=media_type, headers=PICTURE_CACHED)
