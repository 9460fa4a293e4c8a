"""What a person tells of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import NotFoundError
from guerdon.core.ids import new_id
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.people.errors import (
    BioTooLongError,
    BirthDateFixedError,
    ChannelUnknownError,
    PictureRefusedError,
)
from guerdon.kernel.identity.people.fields import clean_birth_date, is_minor, today_in
from guerdon.kernel.identity.people.models import CHANNELS, Avatar, Guardianship, Profile
from guerdon.kernel.identity.service.accounts import get_account
from guerdon.kernel.identity.service.checks import Checks
from guerdon.kernel.identity.service.fields import clean_locale, clean_name, clean_time_zone
from guerdon.web.i18n import msgid
from guerdon.web.images import ImageError, recode

BIO_MAX = 2000
AVATAR_BYTES_MAX = 5 * 1024 * 1024
AVATAR_SIDE_PX = 512


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profile as its owner wants it."""

    full_name: str
    locale: str
    timezone: str
    date_of_birth: date | str | None = None
    bio: str | None = None
    is_profile_public: bool = True
    allow_contact_by_sponsors: bool = True
    notification_preferences: Mapping[str, bool] | None = None


def get(session: Session, user_id: UUID, *, lock: bool = False) -> Profile:
    """A profile.

    Raises:
        NotFoundError: the account is closed, or the asker may not see it.
    """
    query = select(Profile).where(Profile.user_id == user_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    profile = session.scalars(query).one_or_none()
    if profile is None:
        raise NotFoundError(what="profile")
    return profile


def notification_preferences(profile: Profile) -> dict[str, bool]:
    """By which channels somebody wants to hear of things.

    Everybody asks here, nobody the column: once a table of preferences by kind and channel exists, this is where the
    document becomes its summary.
    """
    stored = profile.notification_preferences
    return {channel: bool(stored.get(channel, True)) for channel in CHANNELS}


def public(session: Session, user_id: UUID) -> Any:
    """What every member may see of another: ``user_id, name, bio, avatar_url, member_since``.

    Raises:
        NotFoundError: there is no such account, or its profile is private; which of the two is not told.
    """
    found = session.execute(text("SELECT * FROM identity.public_profile(:user)"), {"user": user_id}).one_or_none()
    if found is None:
        raise NotFoundError(what="profile")
    return found


def update(session: Session, clock: Clock, user_id: UUID, change: ProfileChange) -> Profile:
    """Change one's own profile.

    Raises:
        FieldErrors: every field at fault; nothing is changed.
    """
    profile = get(session, user_id, lock=True)
    checks = Checks()
    name = checks.run(lambda: clean_name(change.full_name, field="full_name"), "")
    locale = checks.run(lambda: clean_locale(change.locale), "")
    zone = checks.run(lambda: clean_time_zone(change.timezone, field="timezone"), "UTC")
    born = checks.run(lambda: _birth_date(session, clock, profile, change.date_of_birth, zone), None)
    bio = checks.run(lambda: _clean_bio(change.bio), None)
    wanted = change.notification_preferences
    preferences = checks.run(lambda: _clean_preferences(profile, wanted), dict[str, bool]())
    checks.settle()
    becomes_minor = is_minor(born, today_in(clock, zone)) and profile.date_of_birth is None
    profile.full_name, profile.locale, profile.timezone, profile.bio = name, locale, zone, bio
    profile.date_of_birth = born
    # A minor's profile is private until they say otherwise, which they cannot have said before their age was known.
    profile.is_profile_public = change.is_profile_public and not becomes_minor
    profile.allow_contact_by_sponsors = change.allow_contact_by_sponsors and not is_minor(born, today_in(clock, zone))
    profile.notification_preferences = preferences
    _save(session, clock, profile)
    return profile


def _save(session: Session, clock: Clock, profile: Profile) -> None:
    profile.updated_at = max(clock.now(), profile.updated_at)
    session.flush()
    session.expire(get_account(session, profile.user_id))  # a trigger carried the name over


def _birth_date(session: Session, clock: Clock, profile: Profile, value: date | str | None, zone: str) -> date | None:
    if value is None or value == "":
        if profile.date_of_birth is not None:
            raise BirthDateFixedError(field="date_of_birth", problem="")
        return None
    today = today_in(clock, zone)
    born = clean_birth_date(value, today)
    before = profile.date_of_birth
    if born == before:
        return born
    crosses = before is not None and is_minor(before, today) != is_minor(born, today)
    if crosses or profile.id_verified_at is not None or (is_minor(born, today) and _guards(session, profile.user_id)):
        raise BirthDateFixedError(field="date_of_birth", problem="")
    return born


def _guards(session: Session, user_id: UUID) -> bool:
    live = Guardianship.status.in_(("requested", "consented"))
    return session.scalar(select(func.count()).where(Guardianship.guardian_id == user_id, live)) != 0


def _clean_bio(value: str | None) -> str | None:
    bio = (value or "").strip()
    if len(bio) > BIO_MAX:
        raise BioTooLongError(field="bio", problem="", characters_max=BIO_MAX)
    return bio or None


def _clean_preferences(profile: Profile, wanted: Mapping[str, bool] | None) -> dict[str, bool]:
    unknown = set(wanted or {}) - set(CHANNELS)
    if unknown:
        raise ChannelUnknownError(field="notification_preferences", problem="")
    return {**notification_preferences(profile), **(wanted or {})}


def see_birth_date(session: Session, user_id: UUID, *, actor_id: UUID) -> Profile:
    """Somebody's profile for staff who look at the birth date; the look is put on record.

    Raises:
        NotFoundError: the account is closed.
    """
    profile = get(session, user_id)
    announce(session, Act("identity.birth_date_seen", "user", user_id, actor_id=actor_id))
    return profile


def correct_birth_date(
    session: Session, clock: Clock, user_id: UUID, born: date | str, *, actor_id: UUID, reason: str
) -> Profile:
    """Correct somebody's birth date, as staff; a guardianship that no longer fits is found by the nightly check.

    Raises:
        BirthDateInvalidError: nobody alive was born then.
    """
    profile = get(session, user_id, lock=True)
    day = clean_birth_date(born, today_in(clock, profile.timezone))
    before, profile.date_of_birth = profile.date_of_birth, day
    _save(session, clock, profile)
    announce(
        session,
        Act(
            "identity.birth_date_corrected",
            "user",
            user_id,
            actor_id=actor_id,
            old={"date_of_birth": before},
            new={"date_of_birth": day},
            reason=reason,
        ),
    )
    return profile


def set_avatar(session: Session, clock: Clock, user_id: UUID, upload: bytes) -> Avatar:
    """Give an account a picture, in place of the one that it has.

    Args:
        upload: a JPEG, PNG or WebP file of at most 5 MB.

    Raises:
        PictureRefusedError: it is something else.
    """
    if len(upload) > AVATAR_BYTES_MAX:
        raise PictureRefusedError(field="avatar", problem=msgid("it is larger than 5 MB"))
    try:
        picture = recode(upload, side_px_max=AVATAR_SIDE_PX)
    except ImageError as exc:
        raise PictureRefusedError(field="avatar", problem=str(exc)) from exc
    profile = get(session, user_id, lock=True)
    session.execute(delete(Avatar).where(Avatar.user_id == user_id))
    avatar = Avatar(
        id=new_id(), user_id=user_id, media_type=picture.media_type, content=picture.content, created_at=clock.now()
    )
    session.add(avatar)
    profile.avatar_url = f"/avatars/{avatar.id}"
    _save(session, clock, profile)
    return avatar


def remove_avatar(session: Session, clock: Clock, user_id: UUID) -> None:
    """Take the picture away; doing it twice is no error."""
    profile = get(session, user_id, lock=True)
    session.execute(delete(Avatar).where(Avatar.user_id == user_id))
    profile.avatar_url = None
    _save(session, clock, profile)


def avatar_content(session: Session, avatar_id: UUID) -> tuple[str, bytes]:
    """Media type and content of a picture, for who may see it.

    Raises:
        NotFoundError: there is none, or not for this reader.
    """
    found = session.execute(text("SELECT * FROM identity.visible_avatar(:id)"), {"id": avatar_id}).one_or_none()
    if found is None:
        raise NotFoundError(what="picture")
    return found.media_type, bytes(found.content)


def minor(profile: Profile, clock: Clock) -> bool:
    """Whether somebody is known to be below 18 now."""
    return is_minor(profile.date_of_birth, today_in(clock, profile.timezone))
